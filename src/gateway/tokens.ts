/**
 * Access tokens (JWT, HS256), signed with a key derived from the gateway's secret.
 *
 * A verified token is remembered until it expires, so the hot path costs one map look-up; the memory is bounded and
 * never outlives `exp`.
 */
import type { webcrypto } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { DoorbusterError } from '../protocol/errors.ts';
import { deriveKey } from './derive-key.ts';
import { type Identity, perGateway, type Role, roles } from './route.ts';

const issuer = 'doorbuster';
const rememberedMax = 50_000;
/** Longer than any token that is issued: a longer one is refused before any work is done. */
const tokenLengthMax = 4_096;

const accessSeconds = 900;
/** A guest has no password to sign in with again. */
const guestAccessSeconds = 24 * 3600;

interface Remembered {
  readonly identity: Identity;
  readonly expiresAtMs: number;
}

export class AccessTokens {
  readonly #key: Promise<webcrypto.CryptoKey>;
  readonly #now: () => number;
  readonly #rememberedByToken = new LRUCache<string, Remembered>({ max: rememberedMax });

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

  async issueAccess({ accountId, role }: Identity): Promise<{ accessToken: string; expiresIn: number }> {
    const expiresIn = role === 'guest' ? guestAccessSeconds : accessSeconds;
    const issuedAtS = Math.floor(this.#now() / 1000);
    const expiresAtS = issuedAtS + expiresIn;
    const accessToken = await new SignJWT({ role })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(accountId)
      .setIssuedAt(issuedAtS)
      .setExpirationTime(expiresAtS)
      .sign(await this.#key);
    this.#remember(accessToken, { accountId, role }, expiresAtS);
    return { accessToken, expiresIn };
  }

  /** At once when the token is known. Refuses with `invalid_token` or `token_expired`. */
  verifyAccessToken(token: string): Identity | Promise<Identity> {
    const remembered = this.#rememberedByToken.get(token);
    if (remembered) {
      if (remembered.expiresAtMs > this.#now()) return remembered.identity;
      this.#rememberedByToken.delete(token);
      throw expired();
    }
    if (token.length > tokenLengthMax)
      throw new DoorbusterError('invalid_token', 'The access token is too long');
    return this.#verify(token);
  }

  async #verify(token: string): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        issuer,
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#now()),
      });
      const { role } = payload;
      if (!isRole(role)) throw new errors.JWTInvalid('unknown role');
      const identity: Identity = { accountId: payload.sub!, role };
      this.#remember(token, identity, payload.exp!);
      return identity;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired();
      throw new DoorbusterError('invalid_token', 'The access token is not one of ours or was changed');
    }
  }

  #remember(token: string, identity: Identity, expiresAtS: number): void {
    this.#rememberedByToken.set(token, { identity, expiresAtMs: expiresAtS * 1000 });
  }
}

function isRole(role: unknown): role is Role {
  return roles.some((known) => known === role);
}

function expired(): DoorbusterError {
  return new DoorbusterError('token_expired', 'The access token has expired');
}

export const tokensOf = perGateway(({ tokenSecret, now }) => new AccessTokens(tokenSecret, now));
