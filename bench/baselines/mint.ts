/**
 * Tokens made in bulk with the secret that the server was given at its start: a million buyers need not be registered one
 * by one. The formats are those of `src/gateway/tokens.ts` and `src/market/waiting-room/admission.ts`.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { deriveKey } from '../../src/gateway/derive-key.ts';
import { Admissions } from '../../src/market/waiting-room/admission.ts';

export interface Buyer {
  readonly accountId: string;
  readonly token: string;
}

export interface AdmittedBuyer extends Buyer {
  readonly admission: string;
}

const validSeconds = 24 * 3_600;
const head = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

/** Guests with access tokens. */
export function mintGuests(secret: string, count: number): Buyer[] {
  const key = deriveKey(secret, 'access token v1');
  const iat = Math.floor(Date.now() / 1_000);
  return Array.from({ length: count }, () => {
    const accountId = `acc_${randomUUID()}`;
    const claims = { roles: ['guest'], iss: 'doorbuster', sub: accountId, iat, exp: iat + validSeconds };
    const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return { accountId, token: `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}` };
  });
}

/** Admissions to a sale, as its waiting room would have given them out one after the other. */
export function mintAdmissions(secret: string, saleId: string, buyers: readonly Buyer[]): AdmittedBuyer[] {
  const admissions = new Admissions(secret);
  const expiresAtMs = Date.now() + 3_600_000;
  return buyers.map((buyer, n) => {
    const { accountId: buyerId } = buyer;
    const claims = { saleId, ticketId: `tkt_${randomUUID()}`, ticketNumber: n + 1, buyerId, expiresAtMs };
    return { ...buyer, admission: admissions.sign(claims) };
  });
}
