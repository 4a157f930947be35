/** Signing in and out. Guests are stateless: their id and role live in their token alone. */

import { newId } from '../../gateway/handling.ts';
import { addressKey, Limiter } from '../../gateway/limiter.ts';
import { perGateway, type Route, reply, route, type Services } from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { Credentials, Guest, NewAccount, Refresh, SignIn, SignOut } from './schemas.ts';
import { accountsOf, type SignedIn } from './store.ts';

/** Tries per e-mail and address: a burst, then one every ten seconds. A success clears the count. */
const signInLimit = { name: 'sign-in', perSecond: 0.1, burst: 10, keysMax: 100_000 };
const signInLimiterOf = perGateway(({ now }) => new Limiter(signInLimit, now));

async function signInJson(services: Services, { account, refreshToken }: SignedIn): Promise<SignIn> {
  const access = await tokensOf(services).issueAccess(account);
  return { account, ...access, refreshToken };
}

const createGuest = route({
  method: 'POST',
  path: '/v1/auth/guest',
  operationId: 'createGuest',
  summary: 'Start as a guest: nothing but a token',
  tag: 'Accounts',
  who: 'anybody',
  replies: { 201: { description: 'A new guest', schema: Guest } },
  async handle({ services }) {
    const accountId = newId('account');
    const access = await tokensOf(services).issueAccess({ accountId, role: 'guest' });
    return reply(201, { accountId, ...access });
  },
});

const register = route({
  method: 'POST',
  path: '/v1/auth/register',
  operationId: 'register',
  summary: 'Open an account',
  tag: 'Accounts',
  who: 'anybody',
  body: NewAccount,
  replies: { 201: { description: 'The account, signed in', schema: SignIn } },
  refusals: ['email_taken'],
  async handle({ services, body }) {
    return reply(201, await signInJson(services, await accountsOf(services).register(body)));
  },
});

const login = route({
  method: 'POST',
  path: '/v1/auth/login',
  operationId: 'login',
  summary: 'Sign in',
  tag: 'Accounts',
  who: 'anybody',
  body: Credentials,
  replies: { 200: { description: 'Signed in', schema: SignIn } },
  refusals: ['invalid_credentials', 'rate_limited'],
  async handle({ services, body, remoteAddress }) {
    const limiter = signInLimiterOf(services);
    const key = `${body.email.toLowerCase()} ${addressKey(remoteAddress)}`;
    limiter.take(key);
    const signedIn = await accountsOf(services).login(body);
    limiter.forgive(key);
    return reply(200, await signInJson(services, signedIn));
  },
});

const refresh = route({
  method: 'POST',
  path: '/v1/auth/refresh',
  operationId: 'refresh',
  summary: 'Exchange a refresh token for a new pair; an old one ends the whole session',
  tag: 'Accounts',
  who: 'anybody',
  body: Refresh,
  replies: { 200: { description: 'The next pair', schema: SignIn } },
  refusals: ['invalid_token'],
  async handle({ services, body }) {
    return reply(200, await signInJson(services, await accountsOf(services).refresh(body.refreshToken)));
  },
});

const logout = route({
  method: 'POST',
  path: '/v1/auth/logout',
  operationId: 'logout',
  summary: 'Sign out: the session of that refresh token, or all. Access tokens live on until they expire',
  tag: 'Accounts',
  who: 'signed-in',
  body: SignOut,
  replies: { 204: { description: 'Signed out' } },
  async handle({ services, identity, body }) {
    await accountsOf(services).logout(identity.accountId, body.refreshToken ?? null);
    return reply(204);
  },
});

export const authRoutes: readonly Route[] = [createGuest, register, login, refresh, logout];
