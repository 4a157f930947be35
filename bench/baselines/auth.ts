/**
 * The check that every gateway of a comparison makes: who asks (a JWT), and whether the waiting room let them in (a MAC).
 * A token that was checked is remembered, as ours are, so both baselines pay one look-up a token.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../../src/gateway/derive-key.ts';

interface Admission {
  readonly saleId: string;
  readonly buyerId: string;
  readonly expiresAtMs: number;
}

interface Access {
  readonly accountId: string;
  readonly expiresAtMs: number;
}

/** More than the buyers of a run. */
const rememberedMax = 50_000;

export class Auth {
  readonly #accessKey: Buffer;
  readonly #admissionKey: Buffer;
  readonly #accesses = new Map<string, Access>();
  readonly #admissions = new Map<string, Admission>();

  constructor(secret: string) {
    this.#accessKey = deriveKey(secret, 'access token v1');
    this.#admissionKey = deriveKey(secret, 'admission token v1');
  }

  /** The buyer's account; null: not let in to this sale. */
  buyer(authorization: string, admission: string, saleId: string): string | null {
    const access = recall(this.#accesses, authorization, () => this.#access(authorization));
    const claims = recall(this.#admissions, admission, () => this.#admission(admission));
    const nowMs = Date.now();
    if (access === null || access.expiresAtMs < nowMs || claims === null) return null;
    const isLetIn = claims.saleId === saleId && claims.buyerId === access.accountId;
    return isLetIn && claims.expiresAtMs > nowMs ? access.accountId : null;
  }

  #access(authorization: string): Access | null {
    const token = authorization.slice('Bearer '.length);
    const dot = token.lastIndexOf('.');
    if (!isSigned(this.#accessKey, token, dot)) return null;
    const { iss, sub, exp } = decode(token.slice(token.indexOf('.') + 1, dot));
    return iss === 'doorbuster' ? { accountId: sub, expiresAtMs: exp * 1_000 } : null;
  }

  #admission(token: string): Admission | null {
    const dot = token.indexOf('.');
    if (!isSigned(this.#admissionKey, token, dot)) return null;
    const [saleId, , , buyerId, expiresAtMs] = decode(token.slice(0, dot));
    return { saleId, buyerId, expiresAtMs };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what was signed has the shape that was signed
function decode(part: string): any {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

function isSigned(key: Buffer, token: string, dot: number): boolean {
  const expected = createHmac('sha256', key).update(token.slice(0, dot)).digest();
  const given = Buffer.from(token.slice(dot + 1), 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function recall<Claims>(known: Map<string, Claims>, token: string, check: () => Claims | null) {
  const found = known.get(token);
  if (found !== undefined) return found;
  const claims = check();
  if (known.size >= rememberedMax) known.clear();
  if (claims !== null) known.set(token, claims);
  return claims;
}
