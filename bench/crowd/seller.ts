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

export interface Seller {
  readonly offers: readonly Offer[];
  openSale(): Promise<string>;
  status(saleId: string): Promise<Body>;
  stock(sku: string): Promise<Body>;
}

/** The shop does not let us open a drop: there is nothing to try. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Refused';
  }
}

const price = { amount: 49_900, currency: 'USD' };

export async function createSeller(client: Client, clock: Clock, options: CrowdOptions): Promise<Seller> {
  const run = randomUUID().slice(0, 8);
  const credentials = { email: `crowd-${run}@example.com`, password: randomBytes(18).toString('base64url') };
  let token = '';

  async function must(step: string, ask: Ask, ...statuses: number[]): Promise<Answer> {
    const answer = await client.ask({ ...ask, isUrgent: true });
    if (!statuses.includes(answer.status))
      throw new Refused(`${step} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** As the seller. A long run outlives its access token: then the seller logs in again. */
  async function asSeller(step: string, ask: Ask, ...statuses: number[]): Promise<Body> {
    const first = await client.ask({ ...ask, token, isUrgent: true });
    if (statuses.includes(first.status)) return first.body;
    if (first.status === 401) {
      const login = await must(
        'login',
        { method: 'POST', path: '/v1/auth/login', body: credentials },
        200,
        201,
      );
      token = login.body.accessToken;
    }
    return (await must(step, { ...ask, token }, ...statuses)).body;
  }

  async function register(): Promise<void> {
    const body = { ...credentials, name: `Crowd ${run}`, role: 'seller' };
    // A repeat after a lost answer finds the e-mail taken by ourselves: logging in settles it.
    const answer = await must('register', { method: 'POST', path: '/v1/auth/register', body }, 201, 409);
    token = answer.status === 201 ? answer.body.accessToken : '';
  }

  const offers = spread(options.units, options.skus).map((units, index) => ({
    sku: `CROWD-${run}-${index + 1}`,
    units,
  }));

  await register();
  await asSeller(
    'the product',
    {
      method: 'POST',
      path: '/v1/products',
      headers: { 'idempotency-key': randomUUID() },
      body: {
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
      },
    },
    201,
  );

  return {
    offers,
    async openSale() {
      const body = saleBody(options, offers);
      const headers = { 'idempotency-key': randomUUID() };
      const sale = await asSeller('the sale', { method: 'POST', path: '/v1/sales', body, headers }, 201);
      for (let waits = 0; waits < 100; waits++) {
        const { body: now } = await must(
          'the sale',
          { method: 'GET', path: `/v1/sales/${sale.saleId}` },
          200,
        );
        if (now.phase === 'active') return sale.saleId;
        await clock.pause(100);
      }
      throw new Refused('the sale did not become active within 10 s');
    },
    status: (saleId) => asSeller('status', { method: 'GET', path: `/v1/sales/${saleId}/status` }, 200),
    async stock(sku) {
      return (await must('inventory', { method: 'GET', path: `/v1/inventory/${sku}` }, 200)).body;
    },
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
