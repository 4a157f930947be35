/** A shop for a stranger who makes requests up: an account of the role, and ids of things that it has and may use. */
import { randomUUID } from 'node:crypto';
import type { ServerProcess } from '../system/server.ts';
import {
  admin,
  admitted,
  call,
  checkOut,
  expected,
  guest,
  hold,
  openDrop,
  type Person,
  price,
} from '../system/shop.ts';

/** `nobody` is given no token: the tool signs up by itself, and out. `leaving` is a guest who may sign out and register, and so lose the token. */
export const roles = ['nobody', 'guest', 'buyer', 'seller', 'admin', 'leaving'] as const;
export type Role = (typeof roles)[number];

export interface Stranger {
  /** null for somebody without an account. */
  readonly token: string | null;
  /** Values that exist, by the parameter's place and name: `path.saleId`, `body.sku`. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

const dropsEach = 4;
const units = 100_000;
/** Made-up keys are short and repeat, and a repeat tries nothing new. */
const keysMax = 3_000;
const longSale = {
  queueing: { method: 'fifo', releasePerSecond: 1_000, activeLimit: 5_000, admissionSeconds: 3_600 },
  holdSeconds: 3_600,
};

export async function settle(server: ServerProcess, role: Role): Promise<Stranger> {
  const who = role === 'nobody' ? await guest(server) : await accountOf(server, role);
  const drops = [];
  for (let i = 0; i < dropsEach; i++) {
    const seller = role === 'seller' ? who : await register(server, 'seller');
    const sku = `SKU-${randomUUID()}`;
    const items = [{ sku, quantity: units, price, purchaseLimit: 100 }];
    drops.push(await openDrop(server, units, { seller, sku, sale: { ...longSale, items } }));
  }
  const [drop] = drops;
  const inside = await admitted(server, drop!, who);
  const [held, bought] = [randomUUID(), randomUUID()];
  for (const holdId of [held, bought]) await hold(server, drop!, inside, holdId);
  const { status, body: order } = await checkOut(server, { ...inside, holdId: bought });
  if (status !== 201) throw new Error(`no order: ${JSON.stringify(order)}`);
  const { body: products } = await call(server, `GET /v1/products?seller=${drop!.seller.accountId}`);
  const skus = drops.map(({ sku }) => sku);
  return {
    token: role === 'nobody' ? null : who.token,
    known: {
      'path.saleId': drops.map(({ saleId }) => saleId),
      'path.sku': skus,
      'body.sku': skus,
      'body.items[*].sku': skus,
      'path.productId': products.items.map(({ productId }: { productId: string }) => productId),
      'path.accountId': [(await register(server, 'buyer')).accountId],
      'path.ticketId': [inside.ticketId],
      'header.Admission-Token': [inside.admission],
      'path.holdId': [held],
      'body.holdIds[*]': [held, bought],
      'path.orderId': [order.orderId],
      'path.paymentId': [order.paymentId],
      'header.Idempotency-Key': Array.from({ length: keysMax }, () => randomUUID()),
    },
  };
}

function accountOf(server: ServerProcess, role: Exclude<Role, 'nobody'>): Promise<Person> {
  if (role === 'guest' || role === 'leaving') return guest(server);
  return role === 'admin' ? admin(server) : register(server, role);
}

/** With a password that stands nowhere in the document: the examples there would change it, and end the session. */
async function register(server: ServerProcess, role: 'buyer' | 'seller'): Promise<Person> {
  const body = { email: `${randomUUID()}@example.com`, password: randomUUID(), name: `A ${role}`, role };
  const { account, accessToken } = await expected(server, 'POST /v1/auth/register', 201, { body });
  return { accountId: account.accountId, token: accessToken };
}
