/** What outside clients do at a running server: one request at a time, a seller with a drop, buyers on their way. */
import { randomUUID } from 'node:crypto';
import { waitFor } from './server.ts';

const answerMsMax = 20_000;

export interface Place {
  readonly url: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
  readonly body: any;
}

export interface Person {
  readonly accountId: string;
  readonly token: string;
}

export interface CallOptions {
  readonly who?: Person | null;
  /** An object is sent as JSON, text and files as they are. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Rejects with a TimeoutError when there is no answer within. */
  readonly limitMs?: number;
}

/** `call(server, 'POST /v1/auth/guest')` */
export async function call(place: Place, target: string, options: CallOptions = {}): Promise<Answered> {
  const [method, path] = target.split(' ') as [string, string];
  const { who, body } = options;
  const response = await fetch(`${place.url}${path}`, {
    method,
    headers: {
      ...(body === undefined || body instanceof Blob ? {} : { 'content-type': 'application/json' }),
      ...(who ? { authorization: `Bearer ${who.token}` } : {}),
      ...options.headers,
    },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(options.limitMs ?? answerMsMax),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : isJson ? JSON.parse(text) : text,
  };
}

/** Asks until the server is not busy: on a loaded machine a journal may be slow for a moment, above all a young one. */
export function unlessBusy(ask: () => Promise<Answered>): Promise<Answered> {
  return waitFor(async () => {
    const answer = await ask();
    const isBusy = answer.status === 503 || answer.body?.code === 'idempotency_in_progress';
    return isBusy ? null : answer;
  });
}

/** The same, and whoever has a token asks under one key: what a POST does is done once, whatever its first try did. */
export function asked(place: Place, target: string, options: CallOptions = {}): Promise<Answered> {
  const isKeyed = target.startsWith('POST ') && options.who;
  const headers = { ...(isKeyed ? { 'idempotency-key': randomUUID() } : {}), ...options.headers };
  return unlessBusy(() => call(place, target, { ...options, headers }));
}

/** The answer's body; fails unless the status is the one expected. */
export async function expected(place: Place, target: string, status: number, options: CallOptions = {}) {
  const answer = await (status === 503 ? call : asked)(place, target, options);
  if (answer.status !== status)
    throw new Error(`${target}: ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export async function guest(place: Place): Promise<Person> {
  const { accountId, accessToken } = await expected(place, 'POST /v1/auth/guest', 201);
  return { accountId, token: accessToken };
}

export async function member(place: Place, role: 'buyer' | 'seller'): Promise<Person & { email: string }> {
  const email = `${role}-${randomUUID()}@example.com`;
  const body = { email, password: 'a long password', name: `A ${role}`, role };
  const { account, accessToken } = await expected(place, 'POST /v1/auth/register', 201, { body });
  return { accountId: account.accountId, token: accessToken, email };
}

/** The admin, with the password that the first start printed. */
export async function admin(place: Place & { banner: string }): Promise<Person> {
  const [, email, password] = /Admin +(\S+) +password (\S+)/.exec(place.banner)!;
  const body = { email, password };
  const { account, accessToken } = await expected(place, 'POST /v1/auth/login', 200, { body });
  return { accountId: account.accountId, token: accessToken };
}

export const price = { amount: 19_900, currency: 'USD' };

export const shippingAddress = {
  name: 'Ada',
  line1: '1 Market Street',
  city: 'Springfield',
  postalCode: '12345',
  country: 'US',
};

export function productBody(skus: readonly string[], stock: number) {
  return {
    title: 'Console',
    description: 'A console.',
    brand: 'Nimbus',
    category: 'Electronics > Consoles',
    attributes: { edition: 'launch' },
    images: [],
    variants: skus.map((sku) => ({ sku, options: {}, price, stock })),
  };
}

export function saleBody(sku: string, quantity: number) {
  return {
    title: 'Console drop',
    items: [{ sku, quantity, price, purchaseLimit: 1 }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    queueing: { method: 'fifo', releasePerSecond: 1_000, activeLimit: 5_000 },
  };
}

export function checkoutBody(holdIds: readonly string[], paymentMethod = 'pm_card_visa') {
  return { holdIds, shippingAddress, shippingMethod: 'standard', paymentMethod };
}

export interface Drop {
  readonly saleId: string;
  readonly sku: string;
  readonly seller: Person;
}

/** A seller with one SKU, all of whose units are sold in a drop that is open now. */
export async function openDrop(
  place: Place,
  units: number,
  more: { seller?: Person; sku?: string; sale?: object } = {},
): Promise<Drop> {
  const seller = more.seller ?? (await member(place, 'seller'));
  const sku = more.sku ?? `SKU-${randomUUID()}`;
  await expected(place, 'POST /v1/products', 201, { who: seller, body: productBody([sku], units) });
  const body = { ...saleBody(sku, units), ...more.sale };
  const { saleId } = await expected(place, 'POST /v1/sales', 201, { who: seller, body });
  return { saleId, sku, seller };
}

export interface Admitted extends Person {
  readonly ticketId: string;
  readonly ticketNumber: number;
  readonly admission: string;
}

/** Joins and waits to be let in. */
export async function admitted(place: Place, { saleId }: Drop, who?: Person): Promise<Admitted> {
  const buyer = who ?? (await guest(place));
  await unlessBusy(() => call(place, `POST /v1/sales/${saleId}/tickets`, { who: buyer, body: {} }));
  const ticket = await waitFor(async () => {
    const { body } = await call(place, `GET /v1/sales/${saleId}/tickets/mine`, { who: buyer });
    return body?.admission ? body : null;
  });
  const { ticketId, ticketNumber, admission } = ticket;
  return { ...buyer, ticketId, ticketNumber, admission: admission.token };
}

export function hold(place: Place, { saleId, sku }: Drop, who: Admitted, holdId: string, quantity = 1) {
  const headers = { 'admission-token': who.admission };
  const options = { who, body: { holdId, sku, quantity }, headers };
  return unlessBusy(() => call(place, `POST /v1/sales/${saleId}/holds`, options));
}

export interface Holder extends Admitted {
  readonly holdId: string;
}

export async function holding(place: Place, drop: Drop, who?: Person): Promise<Holder> {
  const buyer = await admitted(place, drop, who);
  const holdId = randomUUID();
  const held = await hold(place, drop, buyer, holdId);
  // 200: it was placed by a first try that was answered busy.
  if (held.status !== 201 && held.status !== 200) throw new Error(`no hold: ${JSON.stringify(held.body)}`);
  return { ...buyer, holdId };
}

export function checkOut(
  place: Place,
  who: Holder,
  more: { paymentMethod?: string; key?: string } = {},
): Promise<Answered> {
  const headers = { 'idempotency-key': more.key ?? who.holdId };
  const body = checkoutBody([who.holdId], more.paymentMethod);
  return unlessBusy(() => call(place, 'POST /v1/checkout', { who, body, headers }));
}

/** Tells the payment sandbox to misbehave, or (with zeros) to stop it. */
export async function sandboxFaults(server: { sandboxUrl: string | null }, faults: object): Promise<void> {
  const response = await fetch(`${server.sandboxUrl}/_sandbox/faults`, {
    method: 'POST',
    body: JSON.stringify(faults),
  });
  if (!response.ok) throw new Error(`sandbox: ${response.status} ${await response.text()}`);
}

/** The units of one SKU, as its actor has them. */
export async function stockOf(place: Place, sku: string) {
  const { onHand, held, sold, allotted, available } = await expected(place, `GET /v1/inventory/${sku}`, 200);
  return { onHand, held, sold, allotted, available };
}
