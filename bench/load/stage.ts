/** A drop of its own for joins, holds and purchases, made through the public API, and taken away afterwards. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { forEach } from '../crowd/audit.ts';
import type { Answer, Ask, Client } from '../crowd/client.ts';

/** One buyer places so many holds: the burst that an account has covers them. */
export const holdsPerBuyer = 40;
const admissionSeconds = 3_600;
const price = { amount: 49_900, currency: 'USD' };
/** Requests that are open at once while things are prepared. */
const preparingAtOnce = 64;
const turnLooksMax = 300;

/** The server does not let us prepare. */
export class NotReady extends Error {}

export interface Buyer {
  readonly token: string;
  readonly admission: string;
}

export class Stage {
  readonly saleId: string;
  readonly sku: string;
  readonly #client: Client;
  readonly #token: string;
  readonly #productId: string;

  private constructor(client: Client, token: string, productId: string, saleId: string, sku: string) {
    this.#client = client;
    this.#token = token;
    this.#productId = productId;
    this.saleId = saleId;
    this.sku = sku;
  }

  /** `units` are for sale; whoever joins is let in at once when `isOpen`, and waits otherwise. */
  static async open(client: Client, units: number, isOpen: boolean): Promise<Stage> {
    const run = randomUUID().slice(0, 8);
    const account = {
      email: `load-${run}@example.com`,
      password: randomBytes(18).toString('base64url'),
      name: `Load ${run}`,
      role: 'seller',
    };
    const seller = await must(client, { method: 'POST', path: '/v1/auth/register', body: account }, 201);
    const token = String(seller.accessToken);
    const sku = `LOAD-${run}`;
    const variants = [{ sku, options: {}, price, stock: units }];
    const product = { title: `Load ${run}`, category: 'Load', variants };
    const made = await must(client, { method: 'POST', path: '/v1/products', token, body: product }, 201);
    const sale = {
      title: `Load ${run}`,
      items: [{ sku, quantity: units, price, purchaseLimit: holdsPerBuyer }],
      endsAt: new Date(Date.now() + 6 * 3_600_000).toISOString(),
      queueing: {
        releasePerSecond: isOpen ? 100_000 : 1,
        activeLimit: 1_000_000,
        admissionSeconds,
        claimSeconds: admissionSeconds,
        overAdmission: 10,
      },
      holdSeconds: admissionSeconds,
    };
    const opened = await must(client, { method: 'POST', path: '/v1/sales', token, body: sale }, 201);
    return new Stage(client, token, made.productId, opened.saleId, sku);
  }

  /** Nothing of it is listed any more but the ended drop. */
  async close(): Promise<void> {
    const asSeller = { token: this.#token };
    await this.#client.ask({ ...asSeller, method: 'POST', path: `/v1/sales/${this.saleId}/close`, body: {} });
    await this.#client.ask({ ...asSeller, method: 'DELETE', path: `/v1/products/${this.#productId}` });
  }

  /** People whose turn it is. */
  async admit(count: number, onProgress: (done: number) => void): Promise<Buyer[]> {
    const path = `/v1/sales/${this.saleId}/tickets`;
    let done = 0;
    return prepare(await guests(this.#client, count, () => {}), async (token) => {
      let ticket = await must(this.#client, { method: 'POST', path, token, body: {} }, 201);
      for (let looks = 0; ticket.admission === null && looks < turnLooksMax; looks++) {
        await delay(50);
        ticket = await must(this.#client, { method: 'GET', path: `${path}/mine`, token }, 200);
      }
      if (ticket.admission === null) throw new NotReady('a buyer was not let in within 15 s');
      onProgress(++done);
      return { token, admission: String(ticket.admission.token) };
    });
  }
}

/** Access tokens of new guests. */
export async function guests(
  client: Client,
  count: number,
  onProgress: (done: number) => void,
): Promise<string[]> {
  let done = 0;
  return prepare(new Array<null>(count).fill(null), async () => {
    const { accessToken } = await must(client, { method: 'POST', path: '/v1/auth/guest' }, 201);
    onProgress(++done);
    return String(accessToken);
  });
}

async function prepare<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made = new Array<Made>(items.length);
  await forEach(preparingAtOnce, items, async (item, index) => {
    made[index] = await make(item);
  });
  return made;
}

async function must(client: Client, ask: Ask, status: number): Promise<Answer['body']> {
  const answer = await client.ask(ask);
  if (answer.status === status) return answer.body;
  const { code, detail } = answer.body ?? {};
  throw new NotReady(
    `${ask.method} ${ask.path} was answered ${answer.status} ${code ?? ''}: ${detail ?? ''}`,
  );
}
