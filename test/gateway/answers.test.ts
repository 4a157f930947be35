/** What every answer says beside its body: versions, what may be kept and for how long, its coding, who may read it. */
import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codingFor } from '../../src/gateway/compression.ts';
import { etagHeader, etagOf, versionsOf } from '../../src/gateway/etag.ts';
import { type Route, reply, route } from '../../src/gateway/route.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';
import { until } from '../persistence/support.ts';
import { startTestServer, type TestServer } from './harness.ts';

const base = { tag: 'Test', summary: 'A test' } as const;
const anything = { description: 'Fine', schema: Type.Unknown() };
const long = { text: 'the same words again and again '.repeat(500) };

const routes: readonly Route[] = [
  route({
    ...base,
    method: 'GET',
    path: '/v1/pages/{pageId}',
    operationId: 'getPage',
    who: 'anybody',
    cacheSeconds: 5,
    replies: { 200: { ...anything, headers: etagHeader } },
    async handle({ params: { pageId } }) {
      if (pageId === 'none') throw new DoorbusterError('not_found', 'No such page');
      return reply(200, pageId === 'long' ? long : { pageId }, { ETag: etagOf(7) });
    },
  }),
  route({
    ...base,
    method: 'GET',
    path: '/v1/mine',
    operationId: 'getMine',
    who: 'signed-in',
    replies: { 200: { ...anything, headers: etagHeader } },
    handle: async () => reply(200, long, { ETag: etagOf(7) }),
  }),
  route({
    ...base,
    method: 'POST',
    path: '/v1/pages/{pageId}',
    operationId: 'makePage',
    who: 'signed-in',
    headers: { 'page-token': 'A header of this route' },
    replies: { 201: { ...anything, headers: { ...etagHeader, Location: 'Where it is' } } },
    handle: async ({ params: { pageId } }) =>
      reply(201, { pageId }, { ETag: etagOf(pageId), Location: `/v1/pages/${pageId}` }),
  }),
];

const shop = 'https://shop.example';
let server: TestServer;
let open: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ routes });
  open = await startTestServer({ routes, env: { CORS_ORIGINS: `${shop}, http://localhost:5173` } });
  token = await server.bearer('buyer');
});
afterAll(async () => {
  await server.stop(1_000);
  await open.stop(1_000);
});

/** The raw bytes of an answer: a client's library would decompress, and hide what it did. */
async function ask(lines: string, port = server.port): Promise<{ head: string; body: Buffer }> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (bytes) => chunks.push(bytes));
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(`${lines}Host: x\r\nConnection: close\r\n\r\n`);
  await until(() => isClosed);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  return { head: all.subarray(0, end + 2).toString(), body: all.subarray(end + 4) };
}

describe('a version', () => {
  const read = (tags: string, path = '/v1/pages/a') =>
    ask(`GET ${path} HTTP/1.1\r\nIf-None-Match: ${tags}\r\n`);

  test('that the reader has is not sent again: weak or strong, in a list, or any', async () => {
    for (const tags of ['"7"', 'W/"7"', '"1", W/"7"', '*', '"1"\r\nIf-None-Match: "7"', '"a,b", "7"']) {
      const { head, body } = await read(tags);
      expect([tags, head.slice(0, 12)]).toEqual([tags, 'HTTP/1.1 304']);
      expect(head).toMatch(/\r\nETag: "7"\r\n/);
      expect(head).toMatch(/\r\nCache-Control: public, max-age=5\r\n/);
      expect(head).not.toMatch(/content-(?:length|type)/i);
      expect(body).toHaveLength(0);
    }
  });

  test('that the reader has not is sent', async () => {
    for (const tags of ['"8"', '7', '"7', 'W/7', '"77"', '""', '"8" "7"']) {
      const { head, body } = await read(tags);
      expect([tags, head.slice(0, 12), body.toString()]).toEqual([tags, 'HTTP/1.1 200', '{"pageId":"a"}']);
    }
    expect((await read('*', '/v1/pages/none')).head).toMatch(/^HTTP\/1\.1 404/);
  });

  test('is compared on private reads and HEAD, too, and what is private stays so', async () => {
    const lines = `Authorization: ${token}\r\nIf-None-Match: "7"\r\n`;
    const { head } = await ask(`GET /v1/mine HTTP/1.1\r\n${lines}`);
    expect(head).toMatch(/^HTTP\/1\.1 304 [\s\S]*\r\nCache-Control: no-store\r\n/);
    expect((await ask(`HEAD /v1/mine HTTP/1.1\r\n${lines}`)).head).toMatch(/^HTTP\/1\.1 304 /);
  });

  test('that a change is based on is one of a list of strong tags, or any', () => {
    expect(versionsOf(undefined)).toBeNull();
    expect(versionsOf(' * ')).toBeNull();
    expect(versionsOf('"7"')).toEqual(['7']);
    expect(versionsOf('"7", "8;br" ,"9"')).toEqual(['7', '8', '9']);
    expect(versionsOf('W/"7"')).toEqual([]);
    expect(versionsOf('W/"7", "8"')).toEqual(['8']);
    expect(versionsOf('"7;gzip"')).toEqual(['7']);
    for (const nonsense of ['', '7', '"', 'w/"7"', '*, "7"']) expect(versionsOf(nonsense)).toEqual([]);
  });

  test('and where the thing is are on a replayed answer', async () => {
    const post = () =>
      server.call('POST', '/v1/pages/a', { token, body: {}, headers: { 'idempotency-key': 'replayed' } });
    const first = await post();
    const again = await post();
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    for (const name of ['etag', 'location']) {
      expect(first.headers.get(name)).toBeTruthy();
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
  });
});

describe('a public read', () => {
  test('may be kept, and is compressed as the client likes it', async () => {
    const decode = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const path of ['/v1/pages/long', '/openapi.json']) {
      const plain = await ask(`GET ${path} HTTP/1.1\r\n`);
      expect(plain.head).toMatch(/\r\nCache-Control: public, max-age=\d+\r\n/);
      expect(plain.head).toMatch(/\r\nVary: Accept-Encoding\r\n/);
      expect(plain.head).not.toMatch(/content-encoding/i);
      const etag = /\r\nETag: ("[^\r]*")\r\n/.exec(plain.head)![1]!;
      for (const coding of ['br', 'gzip'] as const) {
        for (let round = 0; round < 2; round++) {
          const packed = await ask(`GET ${path} HTTP/1.1\r\nAccept-Encoding: ${coding}\r\n`);
          expect(packed.head).toContain(`\r\nContent-Encoding: ${coding}\r\n`);
          expect(packed.head).toMatch(/\r\nContent-Type: application\/json\r\n/);
          expect(packed.body.length).toBeLessThan(plain.body.length);
          expect(decode[coding](packed.body)).toEqual(plain.body);
          // Another representation has another strong tag, and either is known when it comes back.
          const tag = /\r\nETag: ("[^\r]*")\r\n/.exec(packed.head)![1]!;
          expect(tag).toBe(`${etag.slice(0, -1)};${coding}"`);
          const known = await ask(`GET ${path} HTTP/1.1\r\nIf-None-Match: ${tag}\r\n`);
          expect(known.head).toMatch(/^HTTP\/1\.1 304 /);
        }
      }
    }
  });

  test('that is small, refused or private is not compressed, and the latter two are not kept', async () => {
    const br = 'Accept-Encoding: br\r\n';
    const small = await ask(`GET /v1/pages/a HTTP/1.1\r\n${br}`);
    expect(small.head).not.toMatch(/content-encoding/i);
    const refused = await ask(`GET /v1/pages/none HTTP/1.1\r\n${br}`);
    expect(refused.head).toMatch(/^HTTP\/1\.1 404 [\s\S]*\r\nCache-Control: no-store\r\n/);
    const mine = await ask(`GET /v1/mine HTTP/1.1\r\nAuthorization: ${token}\r\n${br}`);
    expect(mine.head).toMatch(/\r\nCache-Control: no-store\r\n/);
    expect(mine.head).not.toMatch(/content-encoding/i);
  });

  test('in the coding that the client likes best', () => {
    expect(codingFor('gzip, deflate, br, zstd')).toBe('br');
    expect(codingFor('gzip')).toBe('gzip');
    expect(codingFor('br;q=0.1, gzip;q=0.5')).toBe('gzip');
    expect(codingFor('BR ; Q=1')).toBe('br');
    expect(codingFor('*')).toBe('br');
    expect(codingFor('br;q=0, *')).toBe('gzip');
    for (const none of ['identity', 'br;q=0', '*;q=0', 'zstd', 'br;q=x', ', ,'])
      expect(codingFor(none)).toBeNull();
  });
});

describe('pages of other origins', () => {
  const preflight = (path: string, origin: string, method = 'POST') =>
    open.call('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'page-token',
      },
    });

  test('read nothing unless they are listed', async () => {
    const unlisted = await server.call('GET', '/v1/pages/a', { headers: { origin: shop } });
    expect([...unlisted.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    for (const origin of [
      'https://evil.example',
      'null',
      'https://shop.example.evil',
      'http://shop.example',
    ]) {
      const { headers } = await open.call('GET', '/v1/pages/a', { headers: { origin } });
      expect([origin, headers.get('access-control-allow-origin')]).toEqual([origin, null]);
      expect(headers.get('vary')).toContain('Origin');
      expect([origin, (await preflight('/v1/pages/a', origin)).status]).toEqual([origin, 405]);
    }
  });

  test('that are listed read answers and refusals with the headers of the contract', async () => {
    for (const [path, status] of [
      ['/v1/pages/a', 200],
      ['/nowhere', 404],
      ['/v1/mine', 401],
    ] as const) {
      const answer = await open.call('GET', path, { headers: { origin: shop } });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('access-control-allow-origin')).toBe(shop);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('access-control-expose-headers')).toBe(
        'ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed',
      );
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  test('that are listed get their preflight answered on every path', async () => {
    const { status, headers } = await preflight('/v1/pages/a', 'http://localhost:5173');
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
    expect(headers.get('access-control-allow-headers')).toContain('page-token');
    expect(headers.get('access-control-max-age')).toBe('600');
    expect((await preflight('/nowhere', shop)).status).toBe(404);
    const plain = await open.call('OPTIONS', '/v1/pages/a', { headers: { origin: shop } });
    expect([plain.status, plain.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });
});
