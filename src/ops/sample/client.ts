/** The sample shop's way to the server: its public API, as any seller's program uses it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Static } from 'typebox';
import type { NewSale } from '../../market/sales/schemas.ts';

/** A new sale as it is sent: times are texts. */
export type NewSaleBody = Static<typeof NewSale>;

/** An account of its own: nobody else knows the password. */
export interface Seller {
  readonly email: string;
  readonly password: string;
}

const attemptsMax = 40;
const pauseMs = 250;

/** An answer that ends the making of the sample. */
class Refused extends Error {}

export class SellerClient {
  readonly #baseUrl: string;
  #token: string | null = null;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
  }

  async register(seller: Seller): Promise<void> {
    const body = { ...seller, name: 'Sample seller', role: 'seller' };
    this.#token = String((await this.#post('/v1/auth/register', body)).accessToken);
  }

  async signIn(seller: Seller): Promise<void> {
    this.#token = String((await this.#post('/v1/auth/login', seller)).accessToken);
  }

  /** The same key makes the same thing, however often it is asked for. */
  create(path: string, body: object, key: string): Promise<Record<string, unknown>> {
    return this.#post(path, body, { 'idempotency-key': key });
  }

  /**
   * Asks again while that may help: the server is busy, or a SKU that a killed start has left behind is not registered yet
   * (the catalogue's job does that within seconds).
   */
  async #post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${this.#baseUrl}${path}`, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      if (response.ok) return answer;
      const isPassing = response.status === 503 || answer.code === 'unknown_sku';
      if (!isPassing || attempt === attemptsMax)
        throw new Refused(`${path} was answered ${response.status} ${answer.code}: ${answer.detail}`);
      await delay(pauseMs);
    }
  }
}
