/**
 * Access tokens (JWT, HS256), signed with a key derived from the gateway's secret.
 *
 * 1. A verified token is remembered until it expires, so the hot path costs one map look-up; the memory is bounded and
 *    never outlives `exp`.
 * 2. A token belongs to a session. When the session is revoked its remembered tokens are forgotten, and a token that
 *    is verified is compared with the revoked sessions, so a revocation costs the hot path nothing.
 */
import type { webcrypto } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { DoorbusterError } from '../protocol/errors.ts';
import { prefixes } from '../protocol/ids.ts';
import { deriveKey } from './derive-key.ts';
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
  readonly #key: Promise<webcrypto.CryptoKey>;
  readonly #now: () => number;
  readonly #rememberedByToken = new RecentMap<string, Identity>(rememberedMin);
  readonly #revocations = new Revocations();

  constructor(tokenSecret: string, now: () => number) {
    this.#key = crypto.subtle.importKey(
      'raw',
      new Uint8Array(deriveKey(tokenSecret, 'access token v1')),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    );
    this.#now = now;
  }

  async issueAccess(
    { accountId, roles }: Pick<Identity, 'accountId' | 'roles'>,
    sessionId = guestSessionId(accountId),
  ): Promise<{ accessToken: string; expiresIn: number }> {
    const expiresIn = roles.includes('guest') ? guestAccessSeconds : accessSeconds;
    const issuedAtS = Math.floor(this.#now() / 1000);
    const expiresAtS = issuedAtS + expiresIn;
    const isImplied = sessionId === guestSessionId(accountId);
    const accessToken = await new SignJWT(isImplied ? { roles } : { roles, sid: sessionId })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(accountId)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(expiresAtS)
      .sign(await this.#key);
    this.#remember(accessToken, { accountId, roles, sessionId, expiresAtMs: expiresAtS * 1000 });
    return { accessToken, expiresIn };
  }

  /** At once when the token is known. Refuses with `invalid_token` or `token_expired`. */
  verify(token: string): Identity | Promise<Identity> {
    const remembered = this.#rememberedByToken.get(token);
    if (remembered) {
      if (remembered.expiresAtMs > this.#now()) return remembered;
      this.#rememberedByToken.delete(token);
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
    for (const [token, { sessionId }] of this.#rememberedByToken)
      if (ended.has(sessionId)) this.#rememberedByToken.delete(token);
  }

  isRevoked(sessionId: string): boolean {
    return this.#revocations.has(sessionId);
  }

  async #verify(token: string): Promise<Identity> {
    const payload = await this.#payloadOf(token);
    const identity = identityFrom(payload);
    if (identity === null) throw invalid();
    if (this.isRevoked(identity.sessionId))
      throw new DoorbusterError('invalid_token', 'The session of this access token has ended');
    this.#remember(token, identity);
    return identity;
  }

  async #payloadOf(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        issuer,
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#now()),
      });
      return payload;
    } catch (error) {
      throw error instanceof errors.JWTExpired ? expired() : invalid();
    }
  }

  #remember(token: string, identity: Identity): void {
    if (!this.isRevoked(identity.sessionId)) this.#rememberedByToken.set(token, identity);
  }
}

/** Null for roles that are unknown. Tokens of earlier versions have one `role`, and no `sid` whoever they are for. */
function identityFrom({ sub, exp, sid, roles: claimed, role }: JWTPayload): Identity | null {
  const known: unknown = claimed ?? [role];
  if (!Array.isArray(known) || known.length === 0 || !known.every(isRole)) return null;
  const accountId = sub!;
  const sessionId = typeof sid === 'string' ? sid : guestSessionId(accountId);
  return { accountId, roles: known, sessionId, expiresAtMs: exp! * 1000 };
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
