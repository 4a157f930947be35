/** Signing in and out. Guests are stateless: their id and role live in their token alone. */

import { invalid } from '../../gateway/handling.ts';
import {
  type AnyRequest,
  type Identity,
  type Route,
  reply,
  route,
  type Services,
} from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { moveGuestCart } from './guest-cart.ts';
import { isGuest } from './guest-store.ts';
import { tryPassword } from './password-tries.ts';
import { Credentials, Guest, NewAccount, Refresh, SignIn, SignOut } from './schemas.ts';
import { seenFrom, userAgentHeader } from './session-routes.ts';
import { accountsOf, type SignedIn } from './store.ts';

function signInJson(services: Services, { account, sessionId, refreshToken }: SignedIn): SignIn {
  const access = tokensOf(services).issueAccess(account, sessionId);
  return { account, ...access, refreshToken };
}

const createGuest = route({
  method: 'POST',
  path: '/v1/auth/guest',
  operationId: 'createGuest',
  summary: 'Start as a guest: nothing but a token',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  mints: 'account',
  replies: { 201: { description: 'A new guest', schema: Guest } },
  refusals: ['rate_limited'],
  async handle({ services, client, mintedId: accountId }) {
    services.limits.guests.take(client);
    const access = tokensOf(services).issueAccess({ accountId, roles: ['guest'] });
    const refreshToken = accountsOf(services).guestsRefreshToken(accountId);
    return reply(201, { accountId, ...access, refreshToken });
  },
});

const register = route({
  method: 'POST',
  path: '/v1/auth/register',
  operationId: 'register',
  summary: "Open an account; with a guest's token the guest becomes it and keeps everything",
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: NewAccount,
  headers: userAgentHeader,
  replies: { 201: { description: 'The account, signed in', schema: SignIn } },
  refusals: ['email_taken', 'wrong_state', 'account_suspended', 'rate_limited'],
  async handle(request) {
    const { services, client, identity, body } = request;
    services.limits.guests.take(client);
    const guest = identity !== null && isGuest(identity) ? identity : null;
    return reply(
      201,
      signInJson(services, await accountsOf(services).register(body, guest, seenFrom(request))),
    );
  },
});

const login = route({
  method: 'POST',
  path: '/v1/auth/login',
  operationId: 'login',
  summary: 'Sign in',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: Credentials,
  headers: userAgentHeader,
  replies: { 200: { description: 'Signed in', schema: SignIn } },
  refusals: ['invalid_credentials', 'account_suspended', 'rate_limited'],
  async handle(request) {
    const { services, body, client } = request;
    const guest = body.guestToken === undefined ? null : guestFrom(services, body.guestToken, client);
    const signedIn = await tryPassword(services, body.email, client, () =>
      accountsOf(services).login(body, seenFrom(request)),
    );
    if (guest !== null) await moveGuestCart(services, guest.accountId, signedIn.account.accountId);
    return reply(200, signInJson(services, signedIn));
  },
});

/** The guest whose token this is; any other is refused, or what the guest has would be lost without a word. */
function guestFrom(services: Services, guestToken: string, client: AnyRequest['client']): Identity {
  const identity = verified(services, guestToken);
  if (identity !== null && isGuest(identity)) return identity;
  services.limits.refused.take(client);
  return invalid('/guestToken', 'must be a valid token of a guest');
}

/** Refresh tokens that are refused count with the other tokens that an address tries: `rate_limited` beyond. */
function countingRefused<Result>(
  { limits }: Services,
  client: AnyRequest['client'],
  used: Promise<Result>,
): Promise<Result> {
  return used.catch((error) => {
    if (error instanceof DoorbusterError && error.code === 'invalid_token') limits.refused.take(client);
    throw error;
  });
}

function verified(services: Services, token: string): Identity | null {
  try {
    return tokensOf(services).verify(token);
  } catch (error) {
    if (error instanceof DoorbusterError) return null;
    throw error;
  }
}

const refresh = route({
  method: 'POST',
  path: '/v1/auth/refresh',
  operationId: 'refresh',
  summary:
    'Exchange a refresh token for a new pair; the one before is good for ten seconds more, any other ends the session',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: Refresh,
  headers: userAgentHeader,
  replies: { 200: { description: 'The next pair', schema: SignIn } },
  refusals: ['invalid_token', 'rate_limited'],
  async handle(request) {
    const { services, client, body } = request;
    const renewed = accountsOf(services).refresh(body.refreshToken, seenFrom(request));
    return reply(200, signInJson(services, await countingRefused(services, client, renewed)));
  },
});

const logout = route({
  method: 'POST',
  path: '/v1/auth/logout',
  operationId: 'logout',
  summary:
    'Sign out: the session of that refresh token, or everywhere. Access tokens and sockets end within 5 s',
  tag: 'Accounts',
  who: 'anybody',
  body: SignOut,
  replies: { 204: { description: 'Signed out' } },
  refusals: ['unauthenticated', 'invalid_token', 'rate_limited'],
  async handle({ services, client, identity, body }) {
    await countingRefused(services, client, accountsOf(services).logout(identity, body));
    return reply(204);
  },
});

export const authRoutes: readonly Route[] = [createGuest, register, login, refresh, logout];
