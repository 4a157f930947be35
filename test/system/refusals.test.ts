/** The contract's Conventions at a running server: each refusal answers with its code, in the promised order. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/gateway/handling.ts';
import { AccessTokens } from '../../src/gateway/tokens.ts';
import { expectProblem } from './documented.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  type CallOptions,
  call,
  checkoutBody,
  type Drop,
  guest,
  holding,
  member,
  openDrop,
  type Person,
  sandboxFaults,
} from './shop.ts';

const tokenSecret = 'a secret of these tests that is long enough';
const tooLarge = JSON.stringify({ name: 'x'.repeat(70_000) });
let site: Site;
let server: ServerProcess;
let drop: Drop;
let buyer: Person;
beforeAll(async () => {
  site = await openSite({ TOKEN_SECRET: tokenSecret });
  server = await site.start();
  drop = await openDrop(server, 20);
  buyer = await guest(server);
});
afterAll(async () => {
  const errors = site.server.errors();
  await site.close();
  expect(errors).toEqual([]);
});

async function refused(target: string, status: number, code: string, options: CallOptions = {}) {
  const answer = await call(server, target, options);
  expect([target, answer.status, answer.body.code]).toEqual([target, status, code]);
  expectProblem(answer);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
  return answer;
}

describe('a path', () => {
  it('that is unknown is not found, whoever asks', async () => {
    for (const path of ['/v1', '/v1/nothing', '/v1/sales/', '/v1/sales/x/y/z/a/b/c', '/nothing.json'])
      await refused(`GET ${path}`, 404, 'not_found');
    await refused('POST /v1/nothing', 404, 'not_found', { who: buyer, body: tooLarge });
  });

  it('with another method names those it has', async () => {
    const answer = await refused('DELETE /v1/sales', 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe('GET, POST');
    await refused('PUT /v1/checkout', 405, 'method_not_allowed', { body: '{' });
  });
});

describe('a token', () => {
  it('that is missing, forged or expired is refused with its own code', async () => {
    const missing = await refused('GET /v1/me', 401, 'unauthenticated');
    expect(missing.headers.get('www-authenticate')).toContain('Bearer');
    await refused('GET /v1/me', 401, 'unauthenticated', { headers: { authorization: 'Basic YTpi' } });
    await refused('GET /v1/me', 401, 'invalid_token', { who: { ...buyer, token: 'not.a.token' } });
    const changed = { ...buyer, token: `${buyer.token.slice(0, -4)}AAAA` };
    await refused('GET /v1/me', 401, 'invalid_token', { who: changed });
    const identity = { accountId: newId('account'), roles: ['admin'] } as const;
    const forged = new AccessTokens('another secret of the same good length', Date.now).issueAccess(identity);
    await refused('GET /v1/ops/shards', 401, 'invalid_token', {
      who: { ...identity, token: forged.accessToken },
    });
    const yesterday = () => Date.now() - 25 * 3_600_000;
    const old = new AccessTokens(tokenSecret, yesterday).issueAccess(identity);
    await refused('GET /v1/me', 401, 'token_expired', { who: { ...identity, token: old.accessToken } });
  });

  it('that is good does not open what belongs to another role', async () => {
    await refused('POST /v1/products', 403, 'forbidden', { who: buyer, body: {} });
    await refused('GET /v1/ops/shards', 403, 'forbidden', { who: drop.seller });
  });
});

describe('a body', () => {
  const target = () => `POST /v1/sales/${drop.saleId}/tickets`;

  it('of more than 64 KiB is refused, declared or in chunks', async () => {
    await refused(target(), 413, 'payload_too_large', { who: buyer, body: tooLarge });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let got = '';
    socket.on('data', (bytes) => {
      got += bytes;
    });
    socket.on('error', () => {});
    socket.write(
      `POST /v1/sales/${drop.saleId}/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${buyer.token}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (let i = 0; i < 20; i++) socket.write(`1000\r\n${' '.repeat(0x1000)}\r\n`);
    await waitFor(() => got.includes('payload_too_large'));
    expect(got).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('of another type, that is no JSON, or that does not fit is refused in this order', async () => {
    const headers = { 'content-type': 'text/plain' };
    await refused(target(), 415, 'unsupported_media_type', { who: buyer, headers, body: '{' });
    for (const body of ['{', '{"a":1,}', 'nothing', "{'a':1}", '{}{}'])
      await refused(target(), 400, 'malformed_json', { who: buyer, body });
    for (const body of ['[]', 'null', '7', '{"requestId":7}', '{"requestId":"x"}', '{"more":1}']) {
      const { body: problem } = await refused(target(), 400, 'validation_failed', { who: buyer, body });
      for (const error of problem.errors)
        expect(error).toEqual({ path: expect.any(String), message: expect.any(String) });
      expect(problem.errors.length).toBeGreaterThan(0);
    }
  });

  it('that holds a card number is refused, and the number is nowhere in the answer or the log', async () => {
    const number = '4000056655665556';
    const body = { holdIds: [randomUUID()], card: { number }, paymentMethod: 'pm_card_visa' };
    const answer = await refused('POST /v1/checkout', 422, 'card_data_refused', { who: buyer, body });
    expect(JSON.stringify(answer.body)).not.toContain(number);
    expect(server.log()).not.toContain(number);
  });
});

describe('the order of checks', () => {
  it('is path, method, token, role, size, type, JSON, schema, state', async () => {
    // Each request has every later mistake as well.
    const text = { 'content-type': 'text/plain' };
    const bad = { who: { ...buyer, token: 'bad' }, headers: text, body: tooLarge };
    await refused('POST /v1/nothing', 404, 'not_found', bad);
    await refused('PUT /v1/products', 405, 'method_not_allowed', bad);
    await refused('POST /v1/products', 401, 'unauthenticated', { ...bad, who: null });
    await refused('POST /v1/products', 401, 'invalid_token', bad);
    await refused('POST /v1/products', 403, 'forbidden', { ...bad, who: buyer });
    const who = drop.seller;
    await refused('POST /v1/products', 413, 'payload_too_large', { ...bad, who });
    await refused('POST /v1/products', 415, 'unsupported_media_type', { who, headers: text, body: '{' });
    await refused('POST /v1/products', 400, 'malformed_json', { who, body: '{' });
    await refused('POST /v1/products', 400, 'validation_failed', { who, body: '{}' });
    const sale = `POST /v1/sales/sal_${randomUUID()}/holds`;
    await refused(sale, 400, 'validation_failed', { who: buyer, body: '{}' });
    const hold = { holdId: randomUUID(), sku: drop.sku, quantity: 1 };
    await refused(sale, 403, 'admission_required', { who: buyer, body: hold });
  });
});

describe('an idempotency key', () => {
  it('is required at checkout, is not to be used twice, and waits for the first', async () => {
    const who = await holding(server, drop);
    const body = checkoutBody([who.holdId]);
    await refused('POST /v1/checkout', 400, 'idempotency_key_required', { who, body });
    const headers = { 'idempotency-key': randomUUID() };
    await sandboxFaults(server, { delayMs: 1_000 });
    const first = call(server, 'POST /v1/checkout', { who, body, headers });
    const early = await waitFor(async () => {
      const answer = await call(server, 'POST /v1/checkout', { who, body, headers });
      return answer.status === 409 ? answer : null;
    });
    expect(early.body.code).toBe('idempotency_in_progress');
    expect(early.headers.get('retry-after')).toMatch(/^\d+$/);
    const done = await first;
    await sandboxFaults(server, { delayMs: 0 });
    expect(done.status).toBe(201);
    const replayed = await call(server, 'POST /v1/checkout', { who, body, headers });
    expect([replayed.status, replayed.body]).toEqual([201, done.body]);
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    const other = { ...body, shippingMethod: 'express' };
    await refused('POST /v1/checkout', 422, 'idempotency_key_reused', { who, body: other, headers });
    await refused('POST /v1/checkout', 400, 'idempotency_key_invalid', {
      who,
      body,
      headers: { 'idempotency-key': 'x'.repeat(300) },
    });
  });

  it('is accepted on every POST', async () => {
    const seller = await member(server, 'seller');
    const body = { title: 'Mug', category: 'Home', variants: [] as object[] };
    body.variants.push({ sku: `MUG-${randomUUID()}`, price: { amount: 900, currency: 'USD' }, stock: 3 });
    const headers = { 'idempotency-key': 'one-mug' };
    const first = await call(server, 'POST /v1/products', { who: seller, body, headers });
    const again = await call(server, 'POST /v1/products', { who: seller, body, headers });
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    // Keys belong to their account.
    const stranger = await member(server, 'seller');
    await refused('POST /v1/products', 409, 'sku_taken', { who: stranger, body, headers });
  });
});

describe('limits', () => {
  it('tell an account that asks too much when to come back, and leave others alone', async () => {
    const hasty = await guest(server);
    const answers = await Promise.all(
      Array.from({ length: 160 }, () => call(server, 'GET /v1/me', { who: hasty })),
    );
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(100);
    for (const answer of limited) {
      expectProblem(answer);
      expect(answer.body.code).toBe('rate_limited');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(answer.headers.get('ratelimit')).toMatch(/^"account";r=0;t=\d+$/);
      expect(answer.headers.get('ratelimit-policy')).toMatch(/^"account";q=\d+;w=\d+$/);
    }
    expect((await call(server, 'GET /v1/me', { who: buyer })).status).toBe(200);
  });

  it('say busy, with a time to retry, while the engine is being started anew', async () => {
    const restarted = await call({ url: server.opsUrl }, 'POST /shards/0/restart');
    expect(restarted.status).toBe(202);
    const busy = await refused(`GET /v1/inventory/${drop.sku}`, 503, 'busy');
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await waitFor(async () => (await call(server, `GET /v1/inventory/${drop.sku}`)).status === 200);
  });
});

describe('every answer', () => {
  it('carries the request id that was sent, or a new one', async () => {
    const headers = { 'x-request-id': 'shop-42.a_b' };
    const echoed = await call(server, 'GET /v1/products', { headers });
    expect(echoed.headers.get('x-request-id')).toBe('shop-42.a_b');
    const strange = await call(server, 'GET /v1/products', { headers: { 'x-request-id': 'a b <c>' } });
    expect(strange.headers.get('x-request-id')).toMatch(/^req_/);
    const wrong = await refused('GET /v1/nothing', 404, 'not_found', { headers });
    expect(wrong.headers.get('x-request-id')).toBe('shop-42.a_b');
  });

  it('of a list comes in pages with an opaque cursor', async () => {
    const seller = await member(server, 'seller');
    for (let n = 0; n < 3; n++) await openDrop(server, 1, { seller });
    const found: string[] = [];
    let cursor = '';
    do {
      const query = `seller=${seller.accountId}&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
      const { body } = await call(server, `GET /v1/products?${query}`);
      expect(body.items.length).toBeLessThanOrEqual(2);
      found.push(...body.items.map(({ productId }: { productId: string }) => productId));
      cursor = body.nextCursor;
    } while (cursor);
    expect(new Set(found).size).toBe(3);
    expect(found).toHaveLength(3);
    await refused('GET /v1/products?limit=101', 400, 'validation_failed');
    await refused('GET /v1/products?cursor=nonsense', 400, 'validation_failed');
  });
});
