/** Another spelling of a route: the same handler, fields in snake_case, called deprecated. */
import Type from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Alias, aliasRoute } from '../../src/gateway/alias.ts';
import { pageRoutes } from '../../src/gateway/pages.ts';
import { type Route, reply, route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';
import type { WebFile } from '../../src/gateway/web-files.ts';
import { startTestServer, type TestServer } from './harness.ts';

const told = { description: 'What came', schema: Type.Unknown() };
const text = Type.Optional(Type.String());

const buy = route({
  ...{ tag: 'Test', summary: 'A test' },
  method: 'POST',
  path: '/v1/shops/{shopId}/orders',
  operationId: 'buy',
  who: 'anybody',
  params: { shopId: Type.String({ pattern: '^s-', examples: ['s-1'] }) },
  body: Closed({
    shippingAddress: Type.Optional(Closed({ postalCode: text })),
    lineItems: Type.Optional(Type.Array(Closed({ unitPrice: Type.Integer() }))),
    attributes: Type.Optional(Type.Record(Type.String(), Type.String())),
    paymentMethod: text,
  }),
  replies: { 200: told },
  handle: async ({ params, body }) => reply(200, { params, body }),
});
const find = route({
  ...{ tag: 'Test', summary: 'A test' },
  method: 'GET',
  path: '/v1/find/{orderId}',
  operationId: 'find',
  who: 'anybody',
  cacheSeconds: 60,
  query: Closed({ q: text, priceMin: Type.Optional(Type.Integer()), limit: Type.Optional(Type.Integer()) }),
  replies: { 200: told },
  handle: async ({ params, query }) => reply(200, { params, query }),
});
const aliases: readonly Alias[] = [
  { method: 'POST', path: '/buy/{shopId}', to: 'buy', names: { payment_method_id: 'paymentMethod' } },
  { method: 'POST', path: '/buy', to: 'buy', reshape: (body) => (body.n === 1 ? { shopId: 's-1' } : body) },
  { method: 'GET', path: '/orders/{orderId}', to: 'find', names: { term: 'q', size: 'limit' } },
  { method: 'GET', path: '/nothing', to: 'noSuchOperation' },
];

const html: WebFile = {
  ...{ contentType: 'text/html; charset=utf-8', cacheControl: 'no-cache', etag: '"1"', headers: {} },
  ...{ bytes: Buffer.from('<!doctype html>'), br: null, gzip: null },
};

let server: TestServer;
beforeAll(async () => {
  const routes: Route[] = [buy, find];
  const pages = pageRoutes(
    { html, drawing: null, assets: new Map() },
    [{ path: '/orders/{orderId}' }],
    routes,
  );
  server = await startTestServer({
    routes: [...routes, ...aliases.flatMap((alias) => aliasRoute(routes, alias) ?? []), ...pages],
  });
});
afterAll(() => server.stop(1_000));

const post = async (path: string, body: unknown) => (await server.call('POST', path, { body })).body;

test('takes fields in both spellings at every depth, and leaves names that clients choose', async () => {
  const body = {
    shipping_address: { postal_code: '12345' },
    line_items: [{ unit_price: 5 }, { unitPrice: 6 }],
    attributes: { screen_size: 'large' },
    payment_method_id: 'pm_1',
  };
  expect(await post('/buy/s-1', body)).toEqual({
    params: { shopId: 's-1' },
    body: {
      shippingAddress: { postalCode: '12345' },
      lineItems: [{ unitPrice: 5 }, { unitPrice: 6 }],
      attributes: { screen_size: 'large' },
      paymentMethod: 'pm_1',
    },
  });
});

test('refuses what is given twice, what nobody knows, and what does not fit, as the route does', async () => {
  for (const body of [
    { payment_method: 'a', paymentMethod: 'b' },
    { payment_method: 'a', payment_method_id: 'b' },
    { no_such_field: 1 },
    { __proto__x: 1 },
    { line_items: [{ unit_price: 'five' }] },
    [],
    null,
  ])
    expect([body, (await post('/buy/s-1', body)).code]).toEqual([body, 'validation_failed']);
});

test('takes a parameter of the route from the body, where its own path has none', async () => {
  expect(await post('/buy', { shop_id: 's-2', payment_method: 'pm' })).toEqual({
    params: { shopId: 's-2' },
    body: { paymentMethod: 'pm' },
  });
  expect((await post('/buy', { shop_id: 'x' })).code).toBe('validation_failed');
  expect((await post('/buy', {})).errors[0].path).toBe('/shopId');
  expect((await post('/buy', { n: 1 })).params).toEqual({ shopId: 's-1' });
});

test('reads its query in other spellings, and is kept by no cache', async () => {
  const { body, headers } = await server.call('GET', '/orders/7?filters[price_min]=5&term=tea&size=3');
  expect(body).toEqual({ params: { orderId: '7' }, query: { priceMin: 5, q: 'tea', limit: 3 } });
  expect(headers.get('cache-control')).toBe('no-store');
  expect((await server.call('GET', '/orders/7?price_min=5&priceMin=6')).body.code).toBe('validation_failed');
  expect((await server.call('GET', '/orders/7?colour=red')).body.code).toBe('validation_failed');
});

test('gives way to the page of its path when HTML is asked for', async () => {
  const answer = await fetch(`${server.url}/orders/7`, { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
});

test('is called deprecated by the documents; one without its route does not exist', async () => {
  const { paths } = (await server.call('GET', '/openapi.json')).body;
  expect(paths['/buy/{shopId}'].post).toMatchObject({
    deprecated: true,
    operationId: 'buy_buy_shopId',
    summary: expect.stringContaining('POST /v1/shops/{shopId}/orders'),
  });
  expect(paths['/v1/find/{orderId}'].get.deprecated).toBeUndefined();
  expect((await server.call('GET', '/nothing')).status).toBe(404);
});
