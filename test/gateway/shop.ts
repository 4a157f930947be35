/** A gateway with its engine, and what its visitors do, for tests. */
import { randomUUID } from 'node:crypto';
import { readConfig } from '../../src/config.ts';
import { about, loadLive, loadRoutes } from '../../src/features.ts';
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts';
import { newId } from '../../src/gateway/new-id.ts';
import type { Role } from '../../src/gateway/route.ts';
import type { Services } from '../../src/gateway/services.ts';
import { tokensOf } from '../../src/gateway/tokens.ts';
import { type Engine, startEngine, testLog, until } from './engine.ts';
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

export interface Shop {
  readonly engine: Engine;
  readonly gateway: Gateway;
  readonly services: Services;
  readonly url: string;
  visitor(role?: Role): Promise<Visitor>;
  /** A POST with a body, or another method: `request(visitor, 'GET /v1/sales')`. */
  request(
    who: Visitor | null,
    target: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered>;
  /** A SKU with stock of a seller, known to its actor. */
  stock(seller: Visitor, quantity: number, price?: number): Promise<string>;
  /** A sale that is open now, of one SKU; `changes` go into the request's body. */
  openSale(quantity: number, changes?: object): Promise<{ saleId: string; sku: string; seller: Visitor }>;
  /** Joins and waits until admitted. */
  admitted(saleId: string, who?: Visitor): Promise<Visitor & { ticketId: string; admission: string }>;
  /** An admitted visitor's hold. */
  hold(saleId: string, sku: string, who?: Visitor): Promise<Visitor & { holdId: string; admission: string }>;
  /** Another gateway on the same engine. */
  startAnother(env?: Record<string, string>): Promise<Gateway>;
  stop(): Promise<void>;
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

export async function openShop(env: Record<string, string> = {}): Promise<Shop> {
  const engine = await startEngine();
  const servicesFor = (more: Record<string, string>): Services => ({
    ...engineServices(engine.shards, 'test-run'),
    config: readConfig({ RATE_ACCOUNT_BURST: '10000', ...env, ...more }),
    // The read models follow the journal through the back office, which these tests do without.
    database: emptyDatabase,
    log: testLog,
    now: engine.now,
    tokenSecret: 'a secret of the tests, long enough to be one',
    webhookSecret: 'whsec_test',
  });
  const services = servicesFor({});
  const [routes, live] = await Promise.all([loadRoutes(), loadLive()]);
  const gateways: Gateway[] = [];

  async function start(own: Services): Promise<Gateway> {
    const gateway = await startGateway({ services: own, routes, live, about, host: '127.0.0.1', port: 0 });
    engine.listeners.add((push) => gateway.onPush(push));
    gateways.push(gateway);
    return gateway;
  }
  const gateway = await start(services);
  const url = `http://127.0.0.1:${gateway.port}`;

  async function visitor(role: Role = 'guest'): Promise<Visitor> {
    const accountId = newId('account');
    const { accessToken } = await tokensOf(services).issueAccess({ accountId, role });
    return { accountId, token: accessToken };
  }

  const request: Shop['request'] = async (who, target, body, headers = {}) => {
    const [method, path] = target.split(' ') as [string, string];
    const response = await fetch(path.startsWith('http') ? path : url + path, {
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
  };

  const shop: Shop = {
    engine,
    gateway,
    services,
    url,
    visitor,
    request,
    async stock(seller, quantity, price = 49_900) {
      const sku = `SKU-${randomUUID()}`;
      const command = {
        type: 'RegisterSku',
        productId: newId('product'),
        sellerId: seller.accountId,
        title: 'Console',
        price: { amount: price, currency: 'USD' },
        stock: quantity,
      };
      await engine.shards.ask('sku', sku, command);
      return sku;
    },
    async openSale(quantity, changes = {}) {
      const seller = await visitor('seller');
      const sku = await shop.stock(seller, quantity);
      const sale = await request(seller, 'POST /v1/sales', {
        ...saleBody(engine, sku, quantity),
        ...changes,
      });
      if (sale.status !== 201) throw new Error(`no sale: ${JSON.stringify(sale.body)}`);
      return { saleId: sale.body.saleId, sku, seller };
    },
    async admitted(saleId, who) {
      const buyer = who ?? (await visitor());
      await request(buyer, `POST /v1/sales/${saleId}/tickets`, {});
      const ticket = await until(async () => {
        const { body } = await request(buyer, `GET /v1/sales/${saleId}/tickets/mine`);
        return body.admission && body;
      });
      return { ...buyer, ticketId: ticket.ticketId, admission: ticket.admission.token };
    },
    async hold(saleId, sku, who) {
      const buyer = await shop.admitted(saleId, who);
      const holdId = randomUUID();
      const headers = { 'admission-token': buyer.admission };
      const held = await request(
        buyer,
        `POST /v1/sales/${saleId}/holds`,
        { holdId, sku, quantity: 1 },
        headers,
      );
      if (held.status !== 201) throw new Error(`no hold: ${JSON.stringify(held.body)}`);
      return { ...buyer, holdId };
    },
    startAnother: (more = {}) => start(servicesFor(more)),
    async stop() {
      await Promise.all(gateways.map((running) => running.stop(1_000)));
      await engine.stop();
    },
  };
  return shop;
}

export function saleBody(engine: Engine, sku: string, quantity: number) {
  return {
    title: 'Console drop',
    items: [{ sku, quantity, price: { amount: 49_900, currency: 'USD' }, purchaseLimit: 1 }],
    endsAt: new Date(engine.now() + 3_600_000).toISOString(),
    queueing: { releasePerSecond: 1_000 },
  };
}
