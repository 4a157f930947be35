/**
 * Access tokens (JWT, HS256) and admission tokens (a compact HMAC), each with its own key derived from one secret.
 *
 * 1. A verified access token is remembered until it expires, so the hot path costs one map lookup; the memory is
 *    bounded and never outlives `exp`.
 * 2. Admission tokens are deterministic: the same admission gives the same token on every gateway and after a restart.
 * 3. Signatures are compared in constant time.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Identity, Role } from './route.ts';
import type { AdmissionClaims } from './views.ts';

const issuer = 'doorbuster';
const cachedTokensMax = 50_000;
/** Longer than any token of ours: what is longer is refused before any work is done. */
const tokenLengthMax = 4_096;
const roles: readonly string[] = ['guest', 'buyer', 'seller', 'operator', 'admin'] satisfies Role[];

export const accessSecondsByRole: Readonly<Record<Role, number>> = {
  guest: 24 * 3600,
  buyer: 900,
  seller: 900,
  operator: 900,
  admin: 900,
};

export interface Tokens {
  issueAccess(identity: Identity): Promise<{ accessToken: string; expiresIn: number }>;
  /** At once when the token is known. Refuses with `invalid_token` or `token_expired`. */
  verifyAccessToken(token: string): Identity | Promise<Identity>;
  signAdmission(claims: AdmissionClaims): string;
  /** null when the token was not signed by us. Expiry is the caller's to judge. */
  verifyAdmission(token: string): AdmissionClaims | null;
}

interface Known {
  readonly identity: Identity;
  readonly expiresAtMs: number;
}

const deriveKey = (secret: string, purpose: string) =>
  Buffer.from(hkdfSync('sha256', secret, 'doorbuster', purpose, 32));

export function createTokens(tokenSecret: string, now: () => number): Tokens {
  const accessKey = crypto.subtle.importKey(
    'raw',
    deriveKey(tokenSecret, 'access token v1'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  );
  const admissionKey = deriveKey(tokenSecret, 'admission token v1');
  const knownByToken = new LRUCache<string, Known>({ max: cachedTokensMax });

  async function verify(token: string): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, await accessKey, {
        issuer,
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(now()),
      });
      const role = payload.role;
      if (typeof role !== 'string' || !roles.includes(role)) throw new errors.JWTInvalid('unknown role');
      const identity: Identity = { accountId: payload.sub!, role: role as Role };
      knownByToken.set(token, { identity, expiresAtMs: payload.exp! * 1000 });
      return identity;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired();
      throw new DoorbusterError('invalid_token', 'The access token is not one of ours or was changed');
    }
  }

  return {
    async issueAccess(identity) {
      const expiresIn = accessSecondsByRole[identity.role];
      const issuedAtS = Math.floor(now() / 1000);
      const accessToken = await new SignJWT({ role: identity.role })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuer(issuer)
        .setSubject(identity.accountId)
        .setIssuedAt(issuedAtS)
        .setExpirationTime(issuedAtS + expiresIn)
        .sign(await accessKey);
      knownByToken.set(accessToken, {
        identity: { accountId: identity.accountId, role: identity.role },
        expiresAtMs: (issuedAtS + expiresIn) * 1000,
      });
      return { accessToken, expiresIn };
    },

    verifyAccessToken(token) {
      const known = knownByToken.get(token);
      if (known) {
        if (known.expiresAtMs > now()) return known.identity;
        knownByToken.delete(token);
        throw expired();
      }
      if (token.length > tokenLengthMax)
        throw new DoorbusterError('invalid_token', 'The access token is too long');
      return verify(token);
    },

    signAdmission(claims) {
      const payload = Buffer.from(
        JSON.stringify([
          claims.saleId,
          claims.ticketId,
          claims.ticketNumber,
          claims.buyerId,
          claims.items.map(({ sku, limit }) => [sku, limit]),
          claims.expiresAtMs,
        ]),
      ).toString('base64url');
      return `${payload}.${createHmac('sha256', admissionKey).update(payload).digest('base64url')}`;
    },

    verifyAdmission(token) {
      const dot = token.indexOf('.');
      if (dot <= 0 || token.length > tokenLengthMax * 2) return null;
      const payload = token.slice(0, dot);
      const expected = createHmac('sha256', admissionKey).update(payload).digest();
      const given = Buffer.from(token.slice(dot + 1), 'base64url');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const [saleId, ticketId, ticketNumber, buyerId, items, expiresAtMs] = JSON.parse(
        Buffer.from(payload, 'base64url').toString(),
      ) as [string, string, number, string, [string, number][], number];
      return {
        saleId,
        ticketId,
        ticketNumber,
        buyerId,
        items: items.map(([sku, limit]) => ({ sku, limit })),
        expiresAtMs,
      };
    },
  };
}

function expired(): DoorbusterError {
  return new DoorbusterError('token_expired', 'The access token has expired');
}

interface TokenSource {
  readonly tokenSecret: string;
  readonly now: () => number;
}
const tokensBySource = new WeakMap<TokenSource, Tokens>();

/** The tokens of one gateway: made once for its services. */
export function tokensOf(services: TokenSource): Tokens {
  let tokens = tokensBySource.get(services);
  if (!tokens) {
    tokens = createTokens(services.tokenSecret, services.now);
    tokensBySource.set(services, tokens);
  }
  return tokens;
}
