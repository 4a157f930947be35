/** Bytes of a size that no socket takes at once. */
import { connect } from 'node:net';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../src/gateway/route.ts';
import { startTestServer, type TestServer } from './harness.ts';

const bytes = Buffer.alloc(24 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz0123456789');

const readLarge: Route = {
  method: 'GET',
  path: '/large/{name}',
  operationId: 'readLarge',
  summary: 'A test',
  tag: 'Test',
  who: 'anybody',
  params: { name: Type.String({ examples: ['a'] }) },
  contentType: 'application/octet-stream',
  replies: { 200: { description: 'Fine' } },
  handle: async () => ({
    status: 200,
    body: bytes,
    cacheControl: 'public, max-age=60',
    headers: { ETag: '"large"' },
  }),
};

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ routes: [readLarge] });
});
afterAll(() => server.stop(1_000));

/** Reads nothing before `isReady`, then all. */
async function readSlowly(isReady: () => Promise<void>, lines: string): Promise<Buffer> {
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.write(`GET /large/a HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`);
  await isReady();
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject).on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > bytes.length + 200) resolve();
    });
    socket.resume();
  });
  socket.destroy();
  const whole = Buffer.concat(chunks);
  return whole.subarray(whole.indexOf('\r\n\r\n') + 4);
}

describe('a large answer', () => {
  test('comes whole to many who read slowly', async () => {
    const answered = async () => {
      while (server.stats().openRequests > 0) await new Promise((go) => setImmediate(go));
    };
    const read = await Promise.all(Array.from({ length: 5 }, () => readSlowly(answered, '')));
    for (const one of read) expect(one.equals(bytes)).toBe(true);
  });

  test('comes whole before its connection is closed', async () => {
    const read = await readSlowly(async () => {}, 'Connection: close\r\n');
    expect(read.equals(bytes)).toBe(true);
  });

  test('to one who goes away in the middle of it leaves the others alone', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /large/a HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((seen) => socket.once('data', seen));
    socket.destroy();
    const read = await readSlowly(async () => {}, '');
    expect(read.equals(bytes)).toBe(true);
  });

  test('that the client has is not sent again, and may still be kept', async () => {
    const head = { headers: { 'if-none-match': '"large"' } };
    const answer = await fetch(`${server.url}/large/a`, head);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([304, 'public, max-age=60']);
    const looked = await fetch(`${server.url}/large/a`, { method: 'HEAD' });
    expect(looked.headers.get('content-length')).toBe(String(bytes.length));
  });
});
