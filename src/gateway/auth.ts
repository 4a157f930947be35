/**
 * Who asks, and may they: the bearer token to an identity, then the route's roles. Whoever sends a token must send a
 * good one, also where none is needed, so that a broken client learns of it.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import type { Identity, Route } from './route.ts';
import type { Tokens } from './tokens.ts';

/** At once when the token is known. Refuses with `unauthenticated`, `invalid_token` or `token_expired`. */
export function identify(
  tokens: Tokens,
  auth: Route['auth'],
  authorization: string,
): Identity | null | Promise<Identity> {
  if (authorization === '') {
    if (auth === 'none') return null;
    throw new DoorbusterError('unauthenticated', 'Send an Authorization header with a bearer token');
  }
  // Scheme names are case-insensitive (RFC 9110, 11.1).
  if (authorization.slice(0, 7).toLowerCase() !== 'bearer ') {
    throw new DoorbusterError('unauthenticated', 'The Authorization header must be of the Bearer scheme');
  }
  return tokens.verifyAccessToken(authorization.slice(7).trim());
}

export function authorise(auth: Route['auth'], identity: Identity | null): void {
  if (auth === 'none' || auth === 'any') return;
  if (identity === null || !auth.includes(identity.role))
    throw new DoorbusterError('forbidden', `Only for accounts of these roles: ${auth.join(', ')}`);
}
