/** A gateway with its engine, and what its visitors do, for tests. */
import { randomUUID } from 'node:crypto';
import { readConfig } from '../../src/config.ts';
import { about, loadLive, loadRoutes } from '../../src/features.ts';
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts';
import { newId } from '../../src/gateway/handling.ts';
import { allocateLimits, type LimitMemory, Limits } from '../../src/gateway/limits.ts';
import type { Role, Services } from '../../src/gateway/route.ts';
import { tokensOf } from '../../src/gateway/tokens.ts';
import { readsFrom } from '../../src/persistence/reads.ts';
import { type Engine, startEngine, testLog, until } from './engine.ts';
import { uploadFolder } from './harness.ts';
import { emptyDatabase, engineServices } from './shards.ts';

export interface Visitor {
  readonly accountId: string;
  readonly token: string;
}

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any;
  readonly headers: Headers;
}

export const address = {
  name: 'Ada Buyer',
  line1: '1 Main Street',
  city: 'Springfield',
  postalCode: '12345',
  country: 'US',
};

export function checkoutBody(...holdIds: string[]) {
  return {
    holdIds,
    shippingAddress: address,
    shippingMethod: 'standard',
    paymentMethod: 'pm_card_visa',
    couponCodes: [],
  };
}

const tokenSecret = 'a secret of the tests, long enough to be one';

export async function openShop(env: Record<string, string> = {}): Promise<Shop> {
  const engine = await startEngine();
  const gateways = new Gateways(engine, env);
  const services = gateways.servicesFor({});
  return new Shop(engine, gateways, await gateways.start(services), services);
}

/** Several on one engine. */
class Gateways {
  readonly #engine: Engine;
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: Gateway[] = [];

  constructor(engine: Engine, env: Readonly<Record<string, string>>) {
    this.#engine = engine;
    this.#env = env;
  }

  /** With `memory`, as another thread of the process that it belongs to. */
  servicesFor(env: Record<string, string>, memory?: LimitMemory, gateway = 0): Services {
    const config = readConfig({ RATE_ACCOUNT_BURST: '10000', ...this.#env, ...env });
    return {
      ...engineServices(this.#engine.shards, 'test-run'),
      config,
      limits: new Limits(config, memory ?? allocateLimits(config), {
        gateway,
        tokenSecret,
        now: this.#engine.now,
      }),
      // The read models follow the journal through the back office, which these tests do without.
      database: emptyDatabase,
      reads: readsFrom(emptyDatabase),
      expiring: null,
      log: testLog,
      now: this.#engine.now,
      tokenSecret,
      webhookSecret: 'whsec_test',
      publicUrl: 'http://shop.test',
    };
  }

  async start(services: Services): Promise<Gateway> {
    const [routes, live] = await Promise.all([loadRoutes(), loadLive()]);
    const gateway = await startGateway({
      services,
      routes,
      live,
      about,
      host: '127.0.0.1',
      port: 0,
      uploadFolder,
    });
    this.#engine.listeners.add((push) => gateway.onPush(push));
    this.#running.push(gateway);
    return gateway;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((gateway) => gateway.stop(1_000)));
  }
}

export class Shop {
  readonly engine: Engine;
  readonly gateway: Gateway;
  readonly services: Services;
  readonly url: string;
  readonly #gateways: Gateways;

  constructor(engine: Engine, gateways: Gateways, gateway: Gateway, services: Services) {
    this.engine = engine;
    this.gateway = gateway;
    this.services = services;
    this.url = `http://127.0.0.1:${gateway.port}`;
    this.#gateways = gateways;
  }

  async visitor(role: Role = 'guest'): Promise<Visitor> {
    const accountId = newId('account');
    const { accessToken } = tokensOf(this.services).issueAccess({ accountId, roles: [role] });
    return { accountId, token: accessToken };
  }

  /** A POST with a body, or another method: `request(visitor, 'GET /v1/sales')`. */
  async request(
    who: Visitor | null,
    target: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const [method, path] = target.split(' ') as [string, string];
    const response = await fetch(path.startsWith('http') ? path : this.url + path, {
      method,
      headers: {
        ...(who ? { authorization: `Bearer ${who.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null, headers: response.headers };
  }

  /** A SKU with stock of a seller, known to its actor. */
  async stock(seller: Visitor, quantity: number, price = 49_900): Promise<string> {
    const sku = `SKU-${randomUUID()}`;
    const command = {
      type: 'RegisterSku',
      productId: newId('product'),
      sellerId: seller.accountId,
      title: 'Console',
      price: { amount: price, currency: 'USD' },
      stock: quantity,
    };
    await this.engine.shards.ask('sku', sku, command);
    return sku;
  }

  /** A sale that is open now, of one SKU; `changes` go into the request's body. */
  async openSale(
    quantity: number,
    changes: object = {},
  ): Promise<{ saleId: string; sku: string; seller: Visitor }> {
    const seller = await this.visitor('seller');
    const sku = await this.stock(seller, quantity);
    const body = { ...saleBody(this.engine, sku, quantity), ...changes };
    const sale = await this.request(seller, 'POST /v1/sales', body);
    if (sale.status !== 201) throw new Error(`no sale: ${JSON.stringify(sale.body)}`);
    return { saleId: sale.body.saleId, sku, seller };
  }

  /** Joins and waits until admitted. */
  async admitted(saleId: string, who?: Visitor): Promise<Visitor & { ticketId: string; admission: string }> {
    const buyer = who ?? (await this.visitor());
    await this.request(buyer, `POST /v1/sales/${saleId}/tickets`, {});
    const ticket = await until(async () => {
      const { body } = await this.request(buyer, `GET /v1/sales/${saleId}/tickets/mine`);
      return body.admission && body;
    });
    return { ...buyer, ticketId: ticket.ticketId, admission: ticket.admission.token };
  }

  /** An admitted visitor's hold. */
  async hold(
    saleId: string,
    sku: string,
    who?: Visitor,
  ): Promise<Visitor & { holdId: string; admission: string }> {
    const buyer = await this.admitted(saleId, who);
    const holdId = randomUUID();
    const headers = { 'admission-token': buyer.admission };
    const body = { holdId, sku, quantity: 1 };
    const held = await this.request(buyer, `POST /v1/sales/${saleId}/holds`, body, headers);
    if (held.status !== 201) throw new Error(`no hold: ${JSON.stringify(held.body)}`);
    return { ...buyer, holdId };
  }

  /** Two gateways on the same engine that count together, as two threads of a process. */
  startTwo(env: Record<string, string>): Promise<Gateway[]> {
    const memory = allocateLimits(readConfig({ ...env, GATEWAYS: '2' }));
    return Promise.all(
      [0, 1].map((gateway) => this.#gateways.start(this.#gateways.servicesFor(env, memory, gateway))),
    );
  }

  /** Another gateway on the same engine. */
  startAnother(env: Record<string, string> = {}): Promise<Gateway> {
    return this.#gateways.start(this.#gateways.servicesFor(env));
  }

  async stop(): Promise<void> {
    await this.#gateways.stop();
    await this.engine.stop();
  }
}

export function saleBody(engine: Engine, sku: string, quantity: number) {
  return {
    title: 'Console drop',
    items: [{ sku, quantity, price: { amount: 49_900, currency: 'USD' }, purchaseLimit: 1 }],
    endsAt: new Date(engine.now() + 3_600_000).toISOString(),
    queueing: { releasePerSecond: 1_000 },
  };
}
