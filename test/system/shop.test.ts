/** What the clients of these tests do when a server is busy. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asked, call, expected, type Place } from './shop.ts';

const heard: { method: string | undefined; key: IncomingMessage['headers'][string] }[] = [];
/** What is answered next, in turn; then 201. */
const answers: [status: number, code: string][] = [];
const server = createServer((request, response) => {
  heard.push({ method: request.method, key: request.headers['idempotency-key'] });
  const [status, code] = answers.shift() ?? [201, 'made'];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code }));
});
let place: Place;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
});
afterAll(() => void server.close());

const who = { accountId: 'acc_1', token: 't' };
const busyTwice = (): void => {
  answers.push([503, 'busy'], [409, 'idempotency_in_progress']);
};

it('a busy server is asked again, under one key, so that a sale is made once', async () => {
  busyTwice();
  expect(await expected(place, 'POST /v1/sales', 201, { who, body: {} })).toEqual({ code: 'made' });
  const keys = heard.splice(0).map(({ key }) => key);
  expect(keys).toHaveLength(3);
  expect([new Set(keys).size, typeof keys[0]]).toEqual([1, 'string']);
  busyTwice();
  await asked(place, 'POST /v1/checkout', { who, body: {}, headers: { 'idempotency-key': 'mine' } });
  expect(heard.splice(0).map(({ key }) => key)).toEqual(['mine', 'mine', 'mine']);
});

it('what is refused for another reason, or expected to be busy, is told at once', async () => {
  answers.push([409, 'sku_taken']);
  await expect(expected(place, 'POST /v1/products', 201, { who, body: {} })).rejects.toThrow('sku_taken');
  answers.push([503, 'busy']);
  expect(await expected(place, 'GET /readyz', 503)).toEqual({ code: 'busy' });
  answers.push([503, 'busy']);
  expect((await call(place, 'GET /v1/sales')).status).toBe(503);
  expect(heard.splice(0)).toHaveLength(3);
});
