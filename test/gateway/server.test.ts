import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../persistence/support.ts';
import { startTestServer, type TestServer } from './harness.ts';
import { routes, waiting } from './things.ts';

let server: TestServer;
let seller: string;
beforeAll(async () => {
  server = await startTestServer({ routes });
  seller = await server.bearer('seller');
});
afterAll(() => server.stop(1_000));

function socketTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Sends raw bytes and collects what comes until the server closes or `isEnough`. */
async function raw(text: string, isEnough: (got: string) => boolean = () => false): Promise<string> {
  const socket = await socketTo(server.port);
  let got = '';
  socket.on('data', (bytes) => {
    got += bytes;
  });
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(text);
  await until(() => isClosed || isEnough(got), 15_000);
  socket.destroy();
  return got;
}

describe('a request', () => {
  test('finds its route, a literal segment before a parameter', async () => {
    expect((await server.call('GET', '/v1/things/abc')).body).toEqual({ thingId: 'abc', query: {} });
    expect((await server.call('GET', '/v1/things/a%20b%2Fc')).body.thingId).toBe('a b/c');
    expect((await server.call('GET', '/v1/things/mine', { token: seller })).body.accountId).toMatch(/^acc_/);
  });

  test('gets its query as the schema says', async () => {
    expect((await server.call('GET', '/v1/things/a?limit=5&deep=true')).body.query).toEqual({
      limit: 5,
      deep: true,
    });
    for (const query of [
      'limit=0',
      'limit=x',
      'limit=1.5',
      'limit=1&limit=2',
      'other=1',
      'limit=%FF',
      'limit=%00',
    ]) {
      const { status, body } = await server.call('GET', `/v1/things/a?${query}`);
      expect([query, status, body.code]).toEqual([query, 400, 'validation_failed']);
      expect(body.errors.length).toBeGreaterThan(0);
    }
  });

  test('to nowhere is not_found, with the wrong method 405 and the right ones', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/things',
      '/v1/things/',
      '/v1/things/a/b',
      '/v1/things/%FF',
      `/${'a/'.repeat(500)}`,
    ]) {
      if (path === '/v1/things') continue;
      const { status, body, headers } = await server.call('GET', path);
      expect([path, status, body.code]).toEqual([path, 404, 'not_found']);
      expect(headers.get('content-type')).toBe('application/problem+json');
    }
    const wrong = await server.call('PUT', '/v1/things/a');
    expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'DELETE, GET',
    ]);
    expect((await server.call('OPTIONS', '/v1/things')).headers.get('allow')).toBe('POST');
  });

  test('without an answer’s body gets no length either, and the connection lives on', async () => {
    const socket = await socketTo(server.port);
    let got = '';
    socket.on('data', (bytes) => {
      got += bytes;
    });
    for (let i = 1; i <= 2; i++) {
      socket.write('DELETE /v1/things/abc HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => got.split('\r\n\r\n').length === i + 1);
    }
    expect(got.match(/204 No Content/g)).toHaveLength(2);
    expect(got).not.toMatch(/content-length/i);
    socket.destroy();
  });

  test('HEAD is GET without a body', async () => {
    const socket = await socketTo(server.port);
    let got = '';
    socket.on('data', (bytes) => {
      got += bytes;
    });
    socket.write('HEAD /v1/things/abc HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => got.includes('\r\n\r\n'));
    expect(got).toMatch(/^HTTP\/1.1 200 OK[^{]*Content-Length: 28\r\n[^{]*\r\n\r\n$/i);
    expect(got.match(/content-length/gi)).toHaveLength(1);
    // The next answer starts where the first one's head ended.
    got = '';
    socket.write('GET /v1/things/d HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => got.includes('"d"'));
    expect(got).toMatch(/^HTTP\/1.1 200 OK/);
    socket.destroy();
  });

  test('carries a request id, echoed when it is harmless', async () => {
    const id = async (sent: string) =>
      (await server.call('GET', '/nowhere', { headers: { 'X-Request-Id': sent } })).headers.get(
        'x-request-id',
      );
    expect(await id('order-7.b_C')).toBe('order-7.b_C');
    expect(await id('a b')).toMatch(/^req_/);
    expect(await id('x'.repeat(129))).toMatch(/^req_/);
    expect((await server.call('GET', '/v1/things/a')).headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('refusals come in the contract’s order', () => {
  const tooLarge = JSON.stringify({ name: 'x'.repeat(70_000) });

  test('path and method before the token', async () => {
    expect((await server.call('POST', '/nowhere', { body: tooLarge })).body.code).toBe('not_found');
    expect((await server.call('PUT', '/v1/things', { body: {} })).body.code).toBe('method_not_allowed');
  });

  test('the token before the role, the role before the size', async () => {
    const unauthenticated = await server.call('POST', '/v1/things', { body: tooLarge });
    expect([unauthenticated.status, unauthenticated.body.code]).toEqual([401, 'unauthenticated']);
    expect(unauthenticated.headers.get('www-authenticate')).toContain('Bearer');
    const invalid = await server.call('POST', '/v1/things', { body: tooLarge, token: 'Bearer x.y.z' });
    expect([invalid.status, invalid.body.code]).toEqual([401, 'invalid_token']);
    const basic = await server.call('POST', '/v1/things', { body: {}, token: 'Basic abc' });
    expect(basic.body.code).toBe('unauthenticated');
    const buyer = await server.bearer('buyer');
    const forbidden = await server.call('POST', '/v1/things', { body: tooLarge, token: buyer });
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'forbidden']);
  });

  test('the size before the type, the type before the JSON, the JSON before the schema', async () => {
    const post = (body: string, type: string) =>
      server.call('POST', '/v1/things', { token: seller, body, headers: { 'content-type': type } });
    expect((await post(tooLarge, 'text/plain')).body).toMatchObject({
      status: 413,
      code: 'payload_too_large',
    });
    expect((await post('{', 'text/plain')).body).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    });
    expect((await post('{', 'application/json')).body).toMatchObject({ status: 400, code: 'malformed_json' });
    expect((await post('{"name":7}', 'application/json; charset=UTF-8')).body).toEqual({
      type: 'urn:doorbuster:problem:validation_failed',
      title: 'The request does not match its schema',
      status: 400,
      detail: 'The body does not match its schema',
      code: 'validation_failed',
      errors: [{ path: '/name', message: 'must be string' }],
    });
  });

  test('a validation error names every place', async () => {
    const { body } = await server.call('POST', '/v1/things', { token: seller, body: { 'a/b': 1 } });
    expect(body.errors).toEqual([
      { path: '/name', message: 'is required' },
      { path: '/a~1b', message: 'is not known here' },
    ]);
  });

  test('invalid UTF-8 is malformed, text that no database keeps does not validate', async () => {
    const post = async (body: string | Uint8Array<ArrayBuffer>) =>
      (
        await fetch(`${server.url}/v1/things`, {
          method: 'POST',
          headers: { authorization: seller, 'content-type': 'application/json' },
          body,
        })
      ).json() as Promise<{ code: string }>;
    expect((await post(Buffer.from([0x22, 0xff, 0x22]))).code).toBe('malformed_json');
    expect((await post('{"name":"a\\u0000b"}')).code).toBe('validation_failed');
    expect((await post('{"name":"\\ud800"}')).code).toBe('validation_failed');
    expect((await post('{"name":"ok","__proto__":{"name":1}}')).code).toBe('validation_failed');
  });

  test('card numbers are refused wherever a card would be, and not elsewhere', async () => {
    const code = async (body: object) =>
      (await server.call('POST', '/v1/things', { token: seller, body })).body.code;
    expect(await code({ name: 'x', card: { number: '4242424242424242' } })).toBe('card_data_refused');
    expect(await code({ name: 'x', card: { number: '4242 4242 4242 4242', cvc: '123' } })).toBe(
      'card_data_refused',
    );
    expect(await code({ name: 'x', card: 4242424242424242 })).toBe('card_data_refused');
    expect(await code({ name: 'x', paymentMethod: '5555-5555-5555-4444' })).toBe('card_data_refused');
    expect(await code({ name: 'x', paymentMethod: 'pm_card_visa 4242424242424242' })).toBe(
      'card_data_refused',
    );
    expect(await code({ name: 'x', paymentMethod: 'pm_card_visa' })).toBe('validation_failed');
    expect(await code({ name: 'x', card: { number: '4242424242424241' } })).toBeUndefined();
    expect(await code({ name: 'x', sku: '4242424242424242' })).toBe('validation_failed');
  });
});

describe('a body', () => {
  test('of a chunked request is refused at the first byte too many, and the connection closed', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const answer = await raw(
      `POST /v1/raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(4)}1\r\ny\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('payload_too_large');
  });

  test('of exactly 64 KiB is taken, raw bytes whole', async () => {
    const answer = await fetch(`${server.url}/v1/raw`, {
      method: 'POST',
      body: new Uint8Array(64 * 1024),
      headers: { 'stripe-signature': 'abc' },
    });
    expect(await answer.json()).toEqual({ bytes: 64 * 1024, signature: 'abc' });
  });

  test('may be left out where nothing is required', async () => {
    const answer = await server.call('POST', '/v1/strict-things', {
      token: seller,
      headers: { 'idempotency-key': 'k0' },
    });
    expect(answer.status).toBe(201);
  });
});

describe('an exception in a route', () => {
  test('is a 500 that says nothing, and the server goes on', async () => {
    const { status, body } = await server.call('POST', '/v1/things', {
      token: seller,
      body: { name: 'bug' },
    });
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(JSON.stringify(body)).not.toContain('shelf');
    const [line] = server.logged.filter(({ level }) => level === 'error').slice(-1);
    expect(line?.fields).toMatchObject({
      route: 'makeThing',
      stack: expect.stringContaining('the shelf is missing'),
    });
    expect((await server.call('GET', '/v1/things/a')).status).toBe(200);
  });
});

describe('limits', () => {
  test('of an account and of an address refuse with the time to wait', async () => {
    let nowMs = Date.now();
    const limited = await startTestServer({
      routes,
      now: () => nowMs,
      env: {
        RATE_ACCOUNT_PER_SECOND: '1',
        RATE_ACCOUNT_BURST: '3',
        RATE_ADDRESS_PER_SECOND: '1',
        RATE_ADDRESS_BURST: '9',
        RATE_EXEMPT: '',
      },
    });
    try {
      const token = await limited.bearer('buyer');
      const mine = async () => (await limited.call('GET', '/v1/things/mine', { token })).status;
      expect([await mine(), await mine(), await mine(), await mine()]).toEqual([200, 200, 200, 429]);
      const refused = await limited.call('GET', '/v1/things/mine', { token });
      expect(refused.body).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 });
      expect(refused.body.rateLimit).toBeUndefined();
      expect(refused.headers.get('retry-after')).toBe('1');
      expect(refused.headers.get('ratelimit-policy')).toBe('"account";q=3;w=3');
      expect(refused.headers.get('ratelimit')).toBe('"account";r=0;t=1');
      nowMs += 1_000;
      expect([await mine(), await mine()]).toEqual([200, 429]);
      // Seven of the address' nine were taken with a token, and one has come back.
      const anyone = async () => (await limited.call('GET', '/v1/things/a')).status;
      expect([await anyone(), await anyone(), await anyone(), await anyone()]).toEqual([200, 200, 200, 429]);
      expect([await mine(), (await limited.call('GET', '/nowhere')).status]).toEqual([429, 429]);
    } finally {
      await limited.stop(1_000);
    }
  });

  test('of open requests refuse as busy, and open ones still finish', async () => {
    const small = await startTestServer({ routes, openRequestsMax: 2 });
    try {
      const slow = [small.call('POST', '/v1/slow'), small.call('POST', '/v1/slow')];
      await until(() => waiting.length === 2);
      const refused = await small.call('GET', '/v1/things/a');
      expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
        503,
        'busy',
        '1',
      ]);
      for (const go of waiting.splice(0)) go();
      expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
      expect((await small.call('GET', '/v1/things/a')).status).toBe(200);
    } finally {
      await small.stop(1_000);
    }
  });
});

describe('stopping', () => {
  test('finishes what runs and takes nothing new', async () => {
    const stopping = await startTestServer({ routes });
    const slow = stopping.call('POST', '/v1/slow');
    await until(() => waiting.length === 1);
    const stopped = stopping.stop(5_000);
    await expect(socketTo(stopping.port)).rejects.toThrow();
    for (const go of waiting.splice(0)) go();
    const answer = await slow;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await stopped;
    expect(stopping.stats().openRequests).toBe(0);
  });

  test('waits no longer than the grace period', async () => {
    const stuck = await startTestServer({ routes });
    const slow = stuck.call('POST', '/v1/slow').then(
      () => 'answered',
      () => 'cut off',
    );
    await until(() => waiting.length === 1);
    await stuck.stop(50);
    expect(await slow).toBe('cut off');
    // The handler ends after the socket is gone: nothing may be written.
    for (const go of waiting.splice(0)) go();
    await until(() => stuck.stats().openRequests === 0);
  });
});

test('answers are counted by route and status', async () => {
  const family = server.metrics().find(({ name }) => name === 'doorbuster_http_request_seconds')!;
  const count = (route: string, status: number, suffix: string, le?: string) =>
    family.samples.find(
      ({ metricName, labels }) =>
        metricName === `${family.name}_${suffix}` &&
        labels.route === route &&
        labels.status === status &&
        labels.le === le,
    )?.value;
  const seen = count('getThing', 200, 'count');
  expect(seen).toBeGreaterThan(0);
  expect(count('getThing', 200, 'bucket', '+Inf')).toBe(seen);
  expect(count('unknown', 404, 'count')).toBeGreaterThan(0);
});
