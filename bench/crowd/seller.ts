/**
 * The other side of the counter: a seller who registers, lists one product and opens the drop, all through the public
 * API, and later reads the sale's own figures.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Answer, Ask, Body, Client } from './client.ts';
import type { Clock } from './clock.ts';
import type { CrowdOptions } from './options.ts';

export interface Offer {
  readonly sku: string;
  readonly units: number;
}

/** The shop does not let us open a drop: there is nothing to try. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Refused';
  }
}

const price = { amount: 49_900, currency: 'USD' };

export class Seller {
  readonly offers: readonly Offer[];
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #options: CrowdOptions;
  readonly #run = randomUUID().slice(0, 8);
  readonly #credentials = {
    email: `crowd-${this.#run}@example.com`,
    password: randomBytes(18).toString('base64url'),
  };
  #token = '';

  private constructor(client: Client, clock: Clock, options: CrowdOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#options = options;
    this.offers = spread(options.units, options.skus).map((units, index) => ({
      sku: `CROWD-${this.#run}-${index + 1}`,
      units,
    }));
  }

  /** Registers, and lists the product. */
  static async open(client: Client, clock: Clock, options: CrowdOptions): Promise<Seller> {
    const seller = new Seller(client, clock, options);
    await seller.#register();
    const body = productBody(seller.#run, seller.offers);
    const headers = { 'idempotency-key': randomUUID() };
    await seller.#asSeller('the product', { method: 'POST', path: '/v1/products', headers, body }, 201);
    return seller;
  }

  async openSale(): Promise<string> {
    const body = saleBody(this.#options, this.offers);
    const headers = { 'idempotency-key': randomUUID() };
    const sale = await this.#asSeller('the sale', { method: 'POST', path: '/v1/sales', body, headers }, 201);
    const reading: Ask = { method: 'GET', path: `/v1/sales/${sale.saleId}` };
    for (let waits = 0; waits < 100; waits++) {
      const { body: now } = await this.#must('the sale', reading, 200);
      if (now.phase === 'active') return sale.saleId;
      await this.#clock.pause(100);
    }
    throw new Refused('the sale did not become active within 10 s');
  }

  status(saleId: string): Promise<Body> {
    return this.#asSeller('status', { method: 'GET', path: `/v1/sales/${saleId}/status` }, 200);
  }

  async stock(sku: string): Promise<Body> {
    return (await this.#must('inventory', { method: 'GET', path: `/v1/inventory/${sku}` }, 200)).body;
  }

  async #must(step: string, ask: Ask, ...statuses: number[]): Promise<Answer> {
    const answer = await this.#client.ask({ ...ask, isUrgent: true });
    if (!statuses.includes(answer.status))
      throw new Refused(`${step} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** As the seller. A long run outlives its access token: then the seller logs in again. */
  async #asSeller(step: string, ask: Ask, ...statuses: number[]): Promise<Body> {
    const first = await this.#client.ask({ ...ask, token: this.#token, isUrgent: true });
    if (statuses.includes(first.status)) return first.body;
    if (first.status === 401) {
      const login: Ask = { method: 'POST', path: '/v1/auth/login', body: this.#credentials };
      this.#token = (await this.#must('login', login, 200, 201)).body.accessToken;
    }
    return (await this.#must(step, { ...ask, token: this.#token }, ...statuses)).body;
  }

  async #register(): Promise<void> {
    const body = { ...this.#credentials, name: `Crowd ${this.#run}`, role: 'seller' };
    // A repeat after a lost answer finds the e-mail taken by ourselves: logging in settles it.
    const ask: Ask = { method: 'POST', path: '/v1/auth/register', body };
    const answer = await this.#must('register', ask, 201, 409);
    this.#token = answer.status === 201 ? answer.body.accessToken : '';
  }
}

function productBody(run: string, offers: readonly Offer[]) {
  return {
    title: `Crowd console ${run}`,
    description: 'Made for one drop.',
    brand: 'Crowd',
    category: 'Electronics > Consoles',
    attributes: {},
    images: [],
    variants: offers.map(({ sku, units }, index) => ({
      sku,
      options: { edition: String(index + 1) },
      price,
      stock: units,
    })),
  };
}

/** As even as whole units allow; the first SKUs get the remainder. */
function spread(units: number, skus: number): number[] {
  return Array.from(
    { length: skus },
    (_, index) => Math.floor(units / skus) + (index < units % skus ? 1 : 0),
  );
}

/** When buyers walk away their time limits are what the run waits for: keep them short then, unless told otherwise. */
function saleBody(options: CrowdOptions, offers: readonly Offer[]) {
  const { limitSeconds } = options;
  const areLimitsShort = options.abandon + options.decline > 0;
  const nowMs = Date.now();
  return {
    title: 'Crowd drop',
    items: offers.map(({ sku, units }) => ({ sku, quantity: units, price, purchaseLimit: 1 })),
    startsAt: new Date(nowMs).toISOString(),
    endsAt: new Date(nowMs + (options.timeoutSeconds + 3_600) * 1_000).toISOString(),
    queueing: {
      method: 'fifo',
      releasePerSecond: options.releasePerSecond,
      activeLimit: Math.max(5_000, options.units),
      admissionSeconds: limitSeconds ?? (areLimitsShort ? 20 : 300),
      claimSeconds: limitSeconds ?? (areLimitsShort ? 8 : 60),
      overAdmission: 1,
    },
    holdSeconds: limitSeconds ?? (areLimitsShort ? 10 : 300),
    paymentSeconds: areLimitsShort ? 60 : 300,
  };
}
