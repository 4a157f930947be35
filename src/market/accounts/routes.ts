/** Signing in and out. Guests are stateless: their id and role live in their token alone. */
import Type from 'typebox';
import { addressKey, createLimiter, type Limiter } from '../../gateway/limiter.ts';
import type { GatewayServices, Reply, RequestContext, Route } from '../../gateway/route.ts';
import { Closed, Id } from '../../gateway/schemas.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { newId } from '../../protocol/ids.ts';
import { Account } from './me-routes.ts';
import type { SignedIn } from './store.ts';

const Email = Type.String({ pattern: '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$', maxLength: 254 });
const AccessToken = Type.String();
const ExpiresIn = Type.Integer({ description: 'Seconds' });

const SignIn = Closed(
  { account: Account, accessToken: AccessToken, refreshToken: Type.String(), expiresIn: ExpiresIn },
  { title: 'SignIn' },
);

/** Tries per e-mail and address: a burst, then one every ten seconds. A success clears the count. */
const signInLimit = { name: 'sign-in', perSecond: 0.1, burst: 10, keysMax: 100_000 };
const limiterByServices = new WeakMap<GatewayServices, Limiter>();

function signInLimiter(services: GatewayServices): Limiter {
  let limiter = limiterByServices.get(services);
  if (!limiter) {
    limiter = createLimiter(signInLimit, services.now);
    limiterByServices.set(services, limiter);
  }
  return limiter;
}

async function signedIn({ services }: RequestContext, status: number, who: SignedIn): Promise<Reply> {
  const access = await tokensOf(services).issueAccess(who.account);
  return { status, body: { account: who.account, ...access, refreshToken: who.refreshToken } };
}

const guest: Route = {
  method: 'POST',
  path: '/v1/auth/guest',
  operationId: 'createGuest',
  summary: 'Start as a guest: nothing but a token',
  tag: 'Accounts',
  auth: 'none',
  responses: {
    201: {
      description: 'A new guest',
      schema: Closed(
        { accountId: Id('account'), accessToken: AccessToken, expiresIn: ExpiresIn },
        { title: 'Guest' },
      ),
    },
  },
  async handle({ services }) {
    const accountId = newId('account');
    const access = await tokensOf(services).issueAccess({ accountId, role: 'guest' });
    return { status: 201, body: { accountId, ...access } };
  },
};

const register: Route = {
  method: 'POST',
  path: '/v1/auth/register',
  operationId: 'register',
  summary: 'Open an account',
  tag: 'Accounts',
  auth: 'none',
  body: Closed({
    email: Email,
    password: Type.String({ minLength: 8, maxLength: 128 }),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    role: Type.Enum(['buyer', 'seller'] as const),
  }),
  responses: { 201: { description: 'The account, signed in', schema: SignIn } },
  refusals: ['email_taken'],
  async handle(context) {
    return signedIn(context, 201, await context.services.market.accounts.register(context.body));
  },
};

const login: Route = {
  method: 'POST',
  path: '/v1/auth/login',
  operationId: 'login',
  summary: 'Sign in',
  tag: 'Accounts',
  auth: 'none',
  body: Closed({ email: Type.String({ maxLength: 254 }), password: Type.String({ maxLength: 128 }) }),
  responses: { 200: { description: 'Signed in', schema: SignIn } },
  refusals: ['invalid_credentials', 'rate_limited'],
  async handle(context) {
    const { services, body, remoteAddress } = context;
    const key = `${body.email.toLowerCase()} ${addressKey(remoteAddress)}`;
    signInLimiter(services).take(key);
    const who = await services.market.accounts.login(body);
    signInLimiter(services).forgive(key);
    return signedIn(context, 200, who);
  },
};

const RefreshToken = Type.String({ minLength: 1, maxLength: 200 });

const refresh: Route = {
  method: 'POST',
  path: '/v1/auth/refresh',
  operationId: 'refresh',
  summary: 'Exchange a refresh token for a new pair; an old one ends the whole session',
  tag: 'Accounts',
  auth: 'none',
  body: Closed({ refreshToken: RefreshToken }),
  responses: { 200: { description: 'The next pair', schema: SignIn } },
  refusals: ['invalid_token'],
  async handle(context) {
    return signedIn(context, 200, await context.services.market.accounts.refresh(context.body.refreshToken));
  },
};

const logout: Route = {
  method: 'POST',
  path: '/v1/auth/logout',
  operationId: 'logout',
  summary: 'Sign out: the session of that refresh token, or all. Access tokens live on until they expire',
  tag: 'Accounts',
  auth: 'any',
  body: Closed({ refreshToken: Type.Optional(RefreshToken) }),
  responses: { 204: { description: 'Signed out' } },
  async handle({ services, identity, body }) {
    await services.market.accounts.logout(identity!.accountId, body.refreshToken ?? null);
    return { status: 204 };
  },
};

export const authRoutes: readonly Route[] = [guest, register, login, refresh, logout];
