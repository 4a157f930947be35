/**
 * Access tokens (JWT, HS256), signed with a key derived from the gateway's secret.
 *
 * 1. A verified token is remembered until it expires, so the hot path costs one map look-up; the memory is bounded and
 *    never outlives `exp`.
 * 2. A token belongs to a session. When the session is revoked its remembered tokens are forgotten, and a token that
 *    is verified is compared with the revoked sessions, so a revocation costs the hot path nothing.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { prefixes } from '../protocol/ids.ts';
import { deriveKey } from './derive-key.ts';
import { type Claims, readClaims, signClaims } from './jwt.ts';
import { RecentMap } from './recent-map.ts';
import { type Revocation, Revocations } from './revocations.ts';
import { type Identity, perGateway, type Role, roles } from './route.ts';

const issuer = 'doorbuster';
/** So many at the least, of those that were used last. */
const rememberedMin = 50_000;
/** Longer than any token that is issued: a longer one is refused before any work is done. */
const tokenLengthMax = 4_096;

export const accessSeconds = 900;
/** A guest has no password to sign in with again. */
export const guestAccessSeconds = 24 * 3600;

/** A guest has one session, named after the account: nothing need be stored to know it. */
export function guestSessionId(accountId: string): string {
  return `${prefixes.session}_${accountId.slice(-36)}`;
}

export class AccessTokens {
  readonly #key: Buffer;
  readonly #now: () => number;
  /** By the whole Authorization header, because that is what the next request brings. */
  readonly #rememberedByHeader = new RecentMap<string, Identity>(rememberedMin);
  readonly #revocations = new Revocations();

  constructor(tokenSecret: string, now: () => number) {
    this.#key = deriveKey(tokenSecret, 'access token v1');
    this.#now = now;
  }

  issueAccess(
    { accountId, roles }: Pick<Identity, 'accountId' | 'roles'>,
    sessionId = guestSessionId(accountId),
  ): { accessToken: string; expiresIn: number } {
    const expiresIn = roles.includes('guest') ? guestAccessSeconds : accessSeconds;
    const iat = Math.floor(this.#now() / 1000);
    const exp = iat + expiresIn;
    const isImplied = sessionId === guestSessionId(accountId);
    const claims = { roles, ...(isImplied ? {} : { sid: sessionId }), iss: issuer, sub: accountId, iat, exp };
    const accessToken = signClaims(claims, this.#key);
    this.#remember(accessToken, { accountId, roles, sessionId, expiresAtMs: exp * 1000 });
    return { accessToken, expiresIn };
  }

  /** Whose Authorization header it is, when its token is known to be good. */
  recall(authorization: string): Identity | undefined {
    const remembered = this.#rememberedByHeader.get(authorization);
    return remembered !== undefined && remembered.expiresAtMs > this.#now() ? remembered : undefined;
  }

  /** Refuses with `invalid_token` or `token_expired`. */
  verify(token: string): Identity {
    const header = headerOf(token);
    const remembered = this.#rememberedByHeader.get(header);
    if (remembered) {
      if (remembered.expiresAtMs > this.#now()) return remembered;
      this.#rememberedByHeader.delete(header);
      throw expired();
    }
    if (token.length > tokenLengthMax)
      throw new DoorbusterError('invalid_token', 'The access token is too long');
    return this.#verify(token);
  }

  /** From now on no token of these sessions is good. */
  revoke(revocations: readonly Revocation[]): void {
    const ended = this.#revocations.add(revocations, this.#now());
    if (ended.size === 0) return;
    for (const [header, { sessionId }] of this.#rememberedByHeader)
      if (ended.has(sessionId)) this.#rememberedByHeader.delete(header);
  }

  isRevoked(sessionId: string): boolean {
    return this.#revocations.has(sessionId);
  }

  #verify(token: string): Identity {
    const claims = readClaims(token, this.#key, issuer, this.#now());
    if (claims === 'expired') throw expired();
    const identity = claims && identityFrom(claims);
    if (identity === null) throw invalid();
    if (this.isRevoked(identity.sessionId))
      throw new DoorbusterError('invalid_token', 'The session of this access token has ended');
    this.#remember(token, identity);
    return identity;
  }

  #remember(token: string, identity: Identity): void {
    if (!this.isRevoked(identity.sessionId)) this.#rememberedByHeader.set(headerOf(token), identity);
  }
}

/** As nearly everybody writes it. */
function headerOf(token: string): string {
  return `Bearer ${token}`;
}

/** Null for roles that are unknown. Tokens of earlier versions have one `role`, and no `sid` whoever they are for. */
function identityFrom({ sub: accountId, exp, sid, roles: claimed, role }: Claims): Identity | null {
  const known: unknown = claimed ?? [role];
  if (!Array.isArray(known) || known.length === 0 || !known.every(isRole)) return null;
  const sessionId = typeof sid === 'string' ? sid : guestSessionId(accountId);
  return { accountId, roles: known, sessionId, expiresAtMs: exp * 1000 };
}

function isRole(role: unknown): role is Role {
  return roles.some((known) => known === role);
}

function invalid(): DoorbusterError {
  return new DoorbusterError('invalid_token', 'The access token is not one of ours or was changed');
}

function expired(): DoorbusterError {
  return new DoorbusterError('token_expired', 'The access token has expired');
}

export const tokensOf = perGateway(({ tokenSecret, now }) => new AccessTokens(tokenSecret, now));
