/**
 * Admission tokens (a compact HMAC): proof that the waiting room let a buyer in, and to what.
 *
 * 1. They are deterministic: the same admission gives the same token on every gateway and after a restart.
 * 2. Signatures are compared in constant time. Expiry is judged by the SKU's actor, not here.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../../gateway/derive-key.ts';
import { perGateway } from '../../gateway/route.ts';

/** Longer than any token that is issued: a longer one is refused before any work is done. */
const tokenLengthMax = 8_192;

export interface AdmissionClaims {
  readonly saleId: string;
  readonly ticketId: string;
  readonly ticketNumber: number;
  readonly buyerId: string;
  readonly items: readonly { readonly sku: string; readonly limit: number }[];
  readonly expiresAtMs: number;
}

/** The claims as they travel. */
type Payload = [
  saleId: string,
  ticketId: string,
  ticketNumber: number,
  buyerId: string,
  items: [sku: string, limit: number][],
  expiresAtMs: number,
];

export class Admissions {
  readonly #key: Buffer;

  constructor(tokenSecret: string) {
    this.#key = deriveKey(tokenSecret, 'admission token v1');
  }

  sign({ saleId, ticketId, ticketNumber, buyerId, items, expiresAtMs }: AdmissionClaims): string {
    const limits = items.map(({ sku, limit }): [string, number] => [sku, limit]);
    const claims: Payload = [saleId, ticketId, ticketNumber, buyerId, limits, expiresAtMs];
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${payload}.${this.#signature(payload).toString('base64url')}`;
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
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Payload;
    const [saleId, ticketId, ticketNumber, buyerId, items, expiresAtMs] = claims;
    const limits = items.map(([sku, limit]) => ({ sku, limit }));
    return { saleId, ticketId, ticketNumber, buyerId, items: limits, expiresAtMs };
  }

  #signature(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest();
  }
}

export const admissionsOf = perGateway(({ tokenSecret }) => new Admissions(tokenSecret));
