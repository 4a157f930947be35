/**
 * What the street throws at the door. One process runs server and clients, so a crash of either fails the file; the
 * figures at the end say that nothing of it is kept.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import Type from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';
import { until } from '../persistence/support.ts';
import { startTestServer, type TestServer } from './harness.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

let handled = 0;
const routes: Route[] = [
  {
    method: 'POST',
    path: '/v1/things/{thingId}',
    operationId: 'makeThing',
    summary: 'A test',
    tag: 'Test',
    who: 'anybody',
    query: Closed({ limit: Type.Optional(Type.Integer()) }),
    body: Closed({ name: Type.String({ maxLength: 20 }), card: Type.Optional(Type.Unknown()) }),
    replies: { 201: { description: 'Made' } },
    async handle() {
      handled += 1;
      // Across a turn of the event loop, so that aborts come while it runs.
      await new Promise((resolve) => setImmediate(resolve));
      return { status: 201, body: { ok: true } };
    },
  },
];

let server: TestServer;
beforeAll(async () => {
  const env = { RATE_ADDRESS_PER_SECOND: '1000000', RATE_ADDRESS_BURST: '1000000' };
  server = await startTestServer({ routes, env });
});
afterAll(async () => {
  await server.stop(1_000);
  expect(server.stats()).toMatchObject({ openRequests: 0, openBodyBytes: 0 });
});

interface Line {
  readonly socket: Socket;
  got: string;
  isClosed: boolean;
}

/** A connection that keeps what it hears and does not mind being cut. */
function line(): Promise<Line> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => resolve(opened));
    const opened: Line = { socket, got: '', isClosed: false };
    socket.on('data', (bytes) => {
      opened.got += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      opened.isClosed = true;
    });
  });
}

async function isAlive(): Promise<void> {
  const { status } = await server.call('POST', '/v1/things/a', { body: { name: 'x' } });
  expect(status).toBe(201);
}

const head = (length: number | string, more = '') =>
  `POST /v1/things/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;
const valid = `${head(12)}{"name":"a"}`;

test('100,000 malformed bodies get 100,000 refusals and leave nothing behind', async () => {
  const bodies = [
    '{',
    '[]',
    'null',
    '"',
    '{"name":7}',
    '{"name":"x","y":1}',
    '\xff',
    '{"name":"\\u0000"}',
    '1e999',
  ].map((body) => `${head(body.length)}${body}`);
  const round = async (requests: number) => {
    const lines = await Promise.all(Array.from({ length: 50 }, line));
    let refused = 0;
    await Promise.all(
      lines.map(async (client, i) => {
        for (let n = 0; n < requests / lines.length; n++) {
          client.got = '';
          const answered = new Promise((resolve) => client.socket.once('data', resolve));
          client.socket.write(bodies[(i + n) % bodies.length]!, 'latin1');
          await answered;
          if (/^HTTP\/1.1 400 /.test(client.got)) refused += 1;
        }
        client.socket.destroy();
      }),
    );
    return refused;
  };
  expect(await round(10_000)).toBe(10_000);
  collectGarbage();
  const before = process.memoryUsage();
  expect(await round(90_000)).toBe(90_000);
  collectGarbage();
  const after = process.memoryUsage();
  expect(after.heapUsed - before.heapUsed).toBeLessThan(8 * 1024 * 1024);
  expect(after.rss - before.rss).toBeLessThan(96 * 1024 * 1024);
  await isAlive();
});

test('any JSON gets an answer below 500, and only what fits the schema is handled', async () => {
  const anything = fc.json({ maxDepth: 6 });
  const wrong = fc.oneof(
    anything,
    anything.map((text) => `{"name":${text}}`),
    fc.string({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(wrong, async (body) => {
      const answer = await fetch(`${server.url}/v1/things/a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const { code } = (await answer.json()) as { code?: string };
      if (answer.status === 201) expect(typeof JSON.parse(body).name).toBe('string');
      else expect(['malformed_json', 'validation_failed', 'card_data_refused']).toContain(code);
    }),
    { numRuns: 500 },
  );
});

test('any path and query gets an answer below 500', async () => {
  const path = fc.oneof(
    fc.webPath(),
    fc.string({ unit: 'binary', maxLength: 100 }).map(encodeURI),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(path, fc.string(), async (where, query) => {
      const target = `/v1/things/${where}?${query}`.replace(/[^\x21-\x7e]/g, '%20').replaceAll('#', '%');
      const client = await line();
      client.socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      await until(() => client.got !== '' || client.isClosed);
      client.socket.destroy();
      if (client.got !== '') expect(client.got).toMatch(/^HTTP\/1.1 (?:[234]\d\d) /);
    }),
    { numRuns: 300 },
  );
});

test('garbage instead of HTTP, and mutated requests, are answered or cut, and the next buyer is served', async () => {
  for (let round = 0; round < 20; round++) {
    const lines = await Promise.all(Array.from({ length: 50 }, line));
    for (const [i, { socket }] of lines.entries()) {
      if (i % 2 === 0) {
        socket.write(randomBytes(1 + Math.floor(Math.random() * 3_000)));
      } else {
        const bytes = Buffer.from(valid);
        for (let flips = 0; flips < 5; flips++)
          bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
        socket.write(bytes);
      }
      socket.end();
    }
    await until(() => lines.every(({ isClosed }) => isClosed), 20_000);
  }
  await isAlive();
});

test('a head that is too large is refused', async () => {
  const client = await line();
  client.socket.write(`GET /v1/things/a HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(8_000)}\r\n\r\n`);
  await until(() => client.isClosed);
  expect(client.got).not.toMatch(/^HTTP\/1.1 2/);
  await isAlive();
});

test('a body that says it is huge is refused at once, and one that lies about its length never handled', async () => {
  const huge = await line();
  huge.socket.write(head(10_000_000_000));
  await until(() => huge.isClosed);
  expect(huge.got).toMatch(/^HTTP\/1.1 413 /);
  for (const length of ['-1', '1e3', 'x', '99999999999999999999999', '12, 12', '0x10']) {
    const client = await line();
    const before = handled;
    client.socket.write(`${head(length)}{"name":"a"}`);
    await until(() => client.isClosed || client.got !== '');
    client.socket.destroy();
    expect([length, handled]).toEqual([length, before]);
  }
  await isAlive();
});

test('chunks without end are cut at 64 KiB', async () => {
  const lines = await Promise.all(Array.from({ length: 20 }, line));
  const chunk = `1000\r\n${'x'.repeat(0x1000)}\r\n`;
  for (const { socket } of lines) {
    socket.write('POST /v1/things/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const send = () => {
      if (!socket.destroyed) socket.write(chunk, () => setImmediate(send));
    };
    send();
  }
  await until(() => lines.every(({ isClosed }) => isClosed));
  expect(server.stats().openBodyBytes).toBe(0);
  await isAlive();
});

test('clients that vanish at any byte leave nothing open', async () => {
  for (let round = 0; round < 10; round++) {
    const lines = await Promise.all(Array.from({ length: 100 }, line));
    for (const [i, { socket }] of lines.entries()) {
      const upTo = (i * 7 + round) % (valid.length + 1);
      // Without a callback: the reset races with the server's reading.
      socket.write(valid.slice(0, upTo), () => socket.resetAndDestroy());
    }
    await until(() => lines.every(({ isClosed }) => isClosed));
  }
  await until(() => server.stats().openRequests === 0);
  expect(server.stats().openBodyBytes).toBe(0);
  await isAlive();
});

test('a body that drips is cut off, and others are served meanwhile', async () => {
  const lines = await Promise.all(Array.from({ length: 20 }, line));
  for (const { socket } of lines) socket.write(`${head(1_000)}{"name":"`);
  await until(() => server.stats().openRequests === 20);
  await isAlive();
  await until(() => lines.every(({ isClosed }) => isClosed), 30_000);
  expect(server.stats()).toMatchObject({ openRequests: 0, openBodyBytes: 0 });
});
