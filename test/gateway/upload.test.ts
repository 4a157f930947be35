/** Bodies that go to a file, and answers that come piece by piece. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import Type from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reply, route, streamed } from '../../src/gateway/route.ts';
import { until } from '../persistence/support.ts';
import { startTestServer, type TestServer, uploadFolder } from './harness.ts';

const bytesMax = 3 * 1024 * 1024;
const tag = 'Test';
const summary = 'A test';
/** Requests of the taker wait here until the test lets them go. */
const waiting: (() => void)[] = [];
const contents: { sha256: string; path: string; contentEncoding: string; mintedId: string | null }[] = [];
/** Pieces that were made of each stream, and whether its maker was told of the end. */
const made = { pieces: 0, ended: 0 };

const take = route({
  ...{ tag, summary },
  method: 'POST',
  path: '/v1/files',
  operationId: 'takeFile',
  who: ['seller'],
  upload: { types: ['text/csv'], codings: ['gzip'], bytesMax, secondsMax: 1, atOnceMax: 2 },
  mints: 'product',
  replies: { 201: { description: 'Taken', schema: Type.Unknown() } },
  async handle({ upload, mintedId }) {
    const sha256 = createHash('sha256')
      .update(await readFile(upload.path))
      .digest('hex');
    contents.push({ sha256, path: upload.path, contentEncoding: upload.contentEncoding, mintedId });
    if (upload.bytes === 4) await new Promise<void>((resolve) => void waiting.push(resolve));
    return reply(201, { bytes: upload.bytes, sha256: upload.sha256, mintedId });
  },
});

const give = route({
  ...{ tag, summary },
  method: 'GET',
  path: '/v1/streams/{kind}',
  operationId: 'giveStream',
  who: 'anybody',
  replies: { 200: { description: 'Bytes', streams: ['text/plain'], headers: { 'X-Kind': 'Which' } } },
  async handle({ params: { kind } }) {
    async function* pieces() {
      try {
        for (let n = 0; kind === 'endless' || n < 20; n++) {
          if (kind === 'broken' && n === 3) throw new Error('the shelf is empty');
          made.pieces += 1;
          await turn();
          yield Buffer.alloc(256 * 1024, 65 + (n % 26));
        }
      } finally {
        made.ended += 1;
      }
    }
    return streamed(200, 'text/plain', pieces(), { 'X-Kind': kind });
  },
});

let server: TestServer;
let seller: string;
beforeAll(async () => {
  server = await startTestServer({ routes: [take, give] });
  seller = await server.bearer('seller');
});
afterAll(() => server.stop(1_000));

const send = (body: Buffer, headers: Record<string, string> = {}, token = seller) =>
  fetch(`${server.url}/v1/files`, {
    method: 'POST',
    headers: { authorization: token, 'content-type': 'text/csv', ...headers },
    body: new Uint8Array(body),
  }).then(async (answer) => ({
    status: answer.status,
    // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
    body: (await answer.json()) as any,
    headers: answer.headers,
  }));

const left = async () => (await readdir(uploadFolder).catch(() => [])).length;
const nothingLeft = () => until(async () => (await left()) === 0 && server.stats().openUploads === 0);

/** A request whose body is written by hand. */
async function raw(head: readonly string[], parts: readonly (string | Buffer)[] = []) {
  const socket = connect(server.port, '127.0.0.1');
  const got = { text: '', isClosed: false, socket };
  socket.on('data', (bytes) => {
    got.text += bytes;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    got.isClosed = true;
  });
  const lines = ['POST /v1/files HTTP/1.1', 'Host: x', `Authorization: ${seller}`, 'Content-Type: text/csv'];
  socket.write(`${[...lines, ...head].join('\r\n')}\r\n\r\n`);
  for (const part of parts) socket.write(part);
  return got;
}

describe('a body that goes to a file', () => {
  test('arrives whole, with its hash, and leaves nothing once it is answered', async () => {
    for (const bytes of [0, 1, 70_000, bytesMax]) {
      const body = randomBytes(bytes);
      const sha256 = createHash('sha256').update(body).digest('hex');
      const answer = await send(body, { 'content-encoding': 'gzip' });
      expect([answer.status, answer.body.bytes, answer.body.sha256]).toEqual([201, bytes, sha256]);
      expect(contents.at(-1)).toMatchObject({ sha256, contentEncoding: 'gzip' });
    }
    await nothingLeft();
  });

  test('in chunks arrives, too', async () => {
    const got = await raw(['Transfer-Encoding: chunked'], ['3\r\nabc\r\n', '2\r\nde\r\n', '0\r\n\r\n']);
    await until(() => got.isClosed);
    expect(got.text).toMatch(/^HTTP\/1\.1 201 /);
    expect(contents.at(-1)!.sha256).toBe(createHash('sha256').update('abcde').digest('hex'));
    await nothingLeft();
  });

  test('that may not come is refused before a byte of it is kept', async () => {
    const before = contents.length;
    const buyer = await server.bearer('buyer');
    const refusals = [
      [await send(Buffer.from('a'), {}, buyer), 403, 'forbidden'],
      [await send(Buffer.from('a'), {}, 'Bearer x'), 401, 'invalid_token'],
      [await send(Buffer.from('a'), { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
      [await send(Buffer.from('a'), { 'content-encoding': 'br' }), 415, 'unsupported_media_type'],
    ] as const;
    for (const [answer, status, code] of refusals)
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    const declared = await raw([`Content-Length: ${bytesMax + 1}`]);
    await until(() => declared.text.includes('payload_too_large'));
    expect(contents.length).toBe(before);
    expect(await left()).toBe(0);
    declared.socket.destroy();
  });

  test('that grows too long in chunks is cut off, and is gone', async () => {
    const mebibyte = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
    const got = await raw(['Transfer-Encoding: chunked'], [mebibyte, mebibyte, mebibyte, mebibyte]);
    await until(() => got.isClosed);
    expect(got.text).toMatch(/^HTTP\/1\.1 413 [\s\S]*payload_too_large/);
    await nothingLeft();
  });

  test('that breaks off, and one that takes too long, leave nothing', async () => {
    const broken = await raw(['Content-Length: 1000000'], [Buffer.alloc(500_000)]);
    await until(() => server.stats().openUploads === 1);
    broken.socket.destroy();
    await nothingLeft();
    const slow = await raw(['Content-Length: 1000000'], [Buffer.alloc(100)]);
    await until(() => slow.isClosed, 15_000);
    expect(slow.text).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/);
    await nothingLeft();
  });

  test('beyond as many as there may be at once is told to come again', async () => {
    const open = [await raw(['Content-Length: 9']), await raw(['Content-Length: 9'])];
    await until(() => server.stats().openUploads === 2);
    const third = await send(Buffer.from('a'));
    expect([third.status, third.body.code, third.headers.get('retry-after')]).toEqual([503, 'busy', '10']);
    for (const { socket } of open) socket.destroy();
    await nothingLeft();
    expect((await send(Buffer.from('a'))).status).toBe(201);
  });

  test('is known again under its key by its bytes, and another body is refused', async () => {
    const key = { 'idempotency-key': 'file-1' };
    const first = await send(Buffer.from('one,two'), key);
    const runs = contents.length;
    const again = await send(Buffer.from('one,two'), key);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(contents.length).toBe(runs);
    expect(contents.at(-1)!.mintedId).toBe(first.body.mintedId);
    const other = await send(Buffer.from('one,three'), key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    await nothingLeft();
  });

  test('is kept for its handler although the client has gone', async () => {
    const got = await raw(['Content-Length: 4'], ['abcd']);
    await until(() => waiting.length === 1);
    got.socket.destroy();
    await turn();
    expect(await left()).toBe(1);
    waiting.pop()!();
    await nothingLeft();
  });
});

describe('an answer that comes piece by piece', () => {
  test('is whole, and its connection serves the next request', async () => {
    for (let round = 0; round < 2; round++) {
      const answer = await fetch(`${server.url}/v1/streams/whole`);
      expect(answer.headers.get('content-type')).toBe('text/plain');
      expect(answer.headers.get('x-kind')).toBe('whole');
      expect((await answer.text()).length).toBe(20 * 256 * 1024);
    }
    await until(() => server.stats().openStreams === 0);
  });

  test('is not made ahead of a reader that does not read, and ends with its connection', async () => {
    const before = { ...made };
    const socket = connect(server.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /v1/streams/endless HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => server.stats().openStreams === 1);
    let seen = -1;
    // What the sockets hold fills up, and then nothing more is made.
    await until(async () => {
      const isStill = made.pieces === seen;
      seen = made.pieces;
      for (let i = 0; i < 50; i++) await turn();
      return isStill && seen > before.pieces;
    });
    expect(made.pieces - before.pieces).toBeLessThan(100);
    socket.destroy();
    await until(() => server.stats().openStreams === 0);
    expect(made.ended).toBe(before.ended + 1);
  });

  test('whose maker fails breaks off, so that nobody takes a part for the whole', async () => {
    const answer = await fetch(`${server.url}/v1/streams/broken`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    await until(() => server.stats().openStreams === 0);
    expect(server.logged.some(({ message }) => message === 'request failed')).toBe(true);
  });

  test('is not begun beyond as many as there may be at once, nor for HEAD', async () => {
    const head = await fetch(`${server.url}/v1/streams/whole`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    const sockets = Array.from({ length: 16 }, () => {
      const socket = connect(server.port, '127.0.0.1');
      socket.pause();
      socket.write('GET /v1/streams/endless HTTP/1.1\r\nHost: x\r\n\r\n');
      return socket;
    });
    await until(() => server.stats().openStreams === 16);
    expect((await server.call('GET', '/v1/streams/endless')).body.code).toBe('busy');
    for (const socket of sockets) socket.destroy();
    await until(() => server.stats().openStreams === 0);
  });
});
