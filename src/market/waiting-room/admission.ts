/**
 * Admission tokens (a compact HMAC): proof that the waiting room let a buyer in, and to what.
 *
 * 1. They are deterministic: the same admission gives the same token on every gateway and after a restart.
 * 2. Signatures are compared in constant time. Expiry is judged by the SKU's actor, not here.
 * 3. A token says who was let in where, and not to what: what a sale sells, and how much of it one buyer gets, the SKU's
 *    actor knows. So it is as long for a sale of fifty SKUs as for one. Tokens of earlier versions list the SKUs.
 * 4. A buyer's newest token is remembered, within bounds, where it was signed or found to be good: a signature costs as
 *    much as all that is checked of a hold besides.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../../gateway/derive-key.ts';
import { RecentMap } from '../../gateway/recent-map.ts';
import { perGateway } from '../../gateway/route.ts';

/** Longer than any token that is issued: a longer one is refused before any work is done. */
const tokenLengthMax = 8_192;

export interface AdmissionClaims {
  readonly saleId: string;
  readonly ticketId: string;
  readonly ticketNumber: number;
  readonly buyerId: string;
  readonly expiresAtMs: number;
}

/** Of so many buyers, at the least, the newest is remembered. */
const rememberedMin = 25_000;
/** None that is issued now is longer; earlier versions made longer ones. */
const rememberedCharsMax = 400;

interface Remembered {
  readonly token: string;
  readonly claims: AdmissionClaims;
}

/** The claims as they travel. */
type Payload = [saleId: string, ticketId: string, ticketNumber: number, buyerId: string, expiresAtMs: number];
type EarlierPayload = [
  saleId: string,
  ticketId: string,
  ticketNumber: number,
  buyerId: string,
  items: unknown[],
  expiresAtMs: number,
];

export class Admissions {
  readonly #key: Buffer;
  readonly #rememberedByBuyer = new RecentMap<string, Remembered>(rememberedMin);

  constructor(tokenSecret: string) {
    this.#key = deriveKey(tokenSecret, 'admission token v1');
  }

  sign(claims: AdmissionClaims): string {
    const known = this.#rememberedByBuyer.get(claims.buyerId);
    if (known !== undefined && isSame(known.claims, claims)) return known.token;
    const { saleId, ticketId, ticketNumber, buyerId, expiresAtMs } = claims;
    const fields: Payload = [saleId, ticketId, ticketNumber, buyerId, expiresAtMs];
    const payload = Buffer.from(JSON.stringify(fields)).toString('base64url');
    const token = `${payload}.${this.#signature(payload).toString('base64url')}`;
    this.#remember(token, claims);
    return token;
  }

  /** The same as `verify`, for the buyer who sent it. */
  claimsOf(token: string, buyerId: string): AdmissionClaims | null {
    const known = this.#rememberedByBuyer.get(buyerId);
    if (known?.token === token) return known.claims;
    const claims = this.verify(token);
    if (claims?.buyerId === buyerId) this.#remember(token, claims);
    return claims;
  }

  /** null when the token was not signed with this secret. */
  verify(token: string): AdmissionClaims | null {
    const dot = token.indexOf('.');
    if (dot <= 0 || token.length > tokenLengthMax) return null;
    const payload = token.slice(0, dot);
    const expected = this.#signature(payload);
    const given = Buffer.from(token.slice(dot + 1), 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    // The signature is good, so the payload is what `sign` made.
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Payload | EarlierPayload;
    const [saleId, ticketId, ticketNumber, buyerId] = claims;
    const expiresAtMs = claims.length === 5 ? claims[4] : claims[5];
    return { saleId, ticketId, ticketNumber, buyerId, expiresAtMs };
  }

  #remember(token: string, claims: AdmissionClaims): void {
    if (token.length <= rememberedCharsMax) this.#rememberedByBuyer.set(claims.buyerId, { token, claims });
  }

  #signature(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}

function isSame(a: AdmissionClaims, b: AdmissionClaims): boolean {
  const isSameTicket = a.saleId === b.saleId && a.ticketId === b.ticketId;
  return isSameTicket && a.ticketNumber === b.ticketNumber && a.expiresAtMs === b.expiresAtMs;
}

export const admissionsOf = perGateway(({ tokenSecret }) => new Admissions(tokenSecret));
