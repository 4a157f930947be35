/** Heads of requests that a proper client never sends: what is refused, and that nothing behind them is ever executed. */
import { connect } from 'node:net';
import Type from 'typebox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Route, reply, route } from '../../src/gateway/route.ts';
import { Closed } from '../../src/gateway/schemas.ts';
import { until } from '../persistence/support.ts';
import { startTestServer, type TestServer } from './harness.ts';

/** What the routes were asked, in order. */
const handled: string[] = [];
const base = { tag: 'Test', summary: 'A test', who: 'anybody' } as const;
const fine = { 200: { description: 'Fine', schema: Type.Unknown() } };

const routes: readonly Route[] = [
  route({
    ...base,
    method: 'GET',
    path: '/v1/things/{thingId}',
    operationId: 'getThing',
    headers: { 'if-match': 'A list', 'thing-token': 'Stands once' },
    replies: fine,
    async handle({ params, headers, requestId }) {
      handled.push(`GET ${params.thingId}`);
      return reply(200, { headers, requestId });
    },
  }),
  route({
    ...base,
    method: 'POST',
    path: '/v1/things',
    operationId: 'makeThing',
    body: Closed({ name: Type.String() }),
    replies: fine,
    async handle({ body }) {
      handled.push(`POST ${body.name}`);
      return reply(200, { name: body.name });
    },
  }),
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ routes });
});
beforeEach(() => void handled.splice(0));
afterAll(() => server.stop(1_000));

interface Heard {
  readonly text: string;
  readonly isClosed: boolean;
}

/** Sends the parts one after the other, each once the one before was answered. */
async function send(parts: readonly string[], isEnough: (text: string) => boolean): Promise<Heard> {
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  let isClosed = false;
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, 'latin1', resolve));
    if (part !== parts.at(-1)) await until(() => text !== '' || isClosed, 5_000);
  }
  await until(() => isClosed || isEnough(text), 5_000);
  socket.destroy();
  return { text, isClosed };
}

const whole = (text: string) => /\r\n\r\n[\s\S]*\}$/.test(text);
const closed = () => false;
const host = 'Host: shop.example\r\n';
const get = (lines: string) => `GET /v1/things/a HTTP/1.1\r\n${lines}\r\n`;
const post = (lines: string, body: string) =>
  `POST /v1/things HTTP/1.1\r\n${host}Content-Type: application/json\r\n${lines}\r\n${body}`;
const next = `GET /v1/things/smuggled HTTP/1.1\r\n${host}\r\n`;
const chunked = 'Transfer-Encoding: chunked\r\n';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const named = '{"name":"a"}';

describe('a head with a fault', () => {
  const faulty: Record<string, string> = {
    'two Host lines': get(`${host}Host: other.example\r\n`),
    'the same Host twice': get(host + host),
    'an empty Host': get('Host:\r\n'),
    'a Host that is a list': get('Host: a, b\r\n'),
    'a Host with a path': get('Host: a/b\r\n'),
    'a Host with a user': get('Host: me@shop.example\r\n'),
    'a Host of other letters': get('Host: caf\xe9.example\r\n'),
    'two lengths': post('Content-Length: 12\r\nContent-Length: 12\r\n', named),
    'two lengths that differ': post('Content-Length: 12\r\nContent-Length: 0\r\n', named),
    'an empty length': post('Content-Length:\r\n', ''),
    'an empty length before another': post('Content-Length:\r\nContent-Length: 12\r\n', named),
    'another coding before chunked': post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    'another coding': post('Transfer-Encoding: identity\r\n', '0\r\n\r\n'),
    'an empty coding': post('Transfer-Encoding:\r\n', ''),
    'an empty coding before chunked': post(`Transfer-Encoding:\r\n${chunked}`, `${chunk(named)}0\r\n\r\n`),
    'chunked twice': post(chunked + chunked, '0\r\n\r\n'),
    'an empty coding, chunked and a length': post(
      `Transfer-Encoding:\r\n${chunked}Content-Length: 12\r\n`,
      named,
    ),
    'two tokens': get(`${host}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n`),
    'two types': post('Content-Type: text/plain\r\nContent-Length: 12\r\n', named),
    'two keys': post('Idempotency-Key: a\r\nIdempotency-Key: a\r\nContent-Length: 12\r\n', named),
    'two origins': get(`${host}Origin: https://a.example\r\nOrigin: https://b.example\r\n`),
    'a header of the route twice': get(`${host}Thing-Token: a\r\nThing-Token: b\r\n`),
  };

  test.each(Object.entries(faulty))(
    '%s: is refused, and what follows is never read',
    async (_what, bytes) => {
      // In one segment: at most one answer. Once it is answered: exactly one.
      const together = await send([bytes + next], closed);
      expect(together.text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(together.text === '' ? 0 : 1);
      const later = await send([bytes, next], closed);
      expect(later.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
      const { text, isClosed } = await send([bytes], closed);
      expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(text).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
      expect(text).toMatch(/\r\nX-Request-Id: req_/);
      expect(text).toMatch(/\r\nConnection: close\r\n/);
      expect(text).toContain('"code":"malformed_request"');
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(isClosed).toBe(true);
      expect(handled).toEqual([]);
    },
  );

  test('comes before an unknown path and a wrong method', async () => {
    for (const line of ['GET /nowhere HTTP/1.1', 'PUT /v1/things HTTP/1.1']) {
      const { text } = await send([`${line}\r\n${host}${host}\r\n`], closed);
      expect([line, text.slice(0, 12)]).toEqual([line, 'HTTP/1.1 400']);
    }
  });
});

describe('a head without one', () => {
  test('may name any host and port, and say lists in several lines', async () => {
    for (const name of ['a', 'shop.example:8080', '127.0.0.1', '[::1]:80', 'a_b-c.example'])
      expect((await send([get(`Host: ${name}\r\n`)], whole)).text).toMatch(/^HTTP\/1\.1 200 /);
    const { text } = await send([get(`${host}If-Match: "1"\r\nIf-Match: "2", "3"\r\n`)], whole);
    expect(text).toContain(JSON.stringify({ 'if-match': '"1", "2", "3"' }));
  });

  test('whose client wants the connection closed gets it closed, and is told so', async () => {
    for (const word of ['close', 'Close', 'te, close', 'abcde']) {
      const { text, isClosed } = await send([get(`${host}Connection: ${word}\r\n`), next], closed);
      expect([word, isClosed]).toEqual([word, true]);
      expect(text).toMatch(/\r\nConnection: close\r\n/);
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });
});

describe('a chunked body', () => {
  const start = post(chunked, chunk(named));

  test('is taken, and the connection closed after its answer', async () => {
    const { text } = await send([`${start}0\r\n\r\n`], closed);
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n[\s\S]*\{"name":"a"\}$/);
    expect(handled).toEqual(['POST a']);
  });

  const trailers = ['X-Trailer: 1\r\n\r\n', `XX${next}`, `\r\n${next}`, next];

  test.each(trailers)('with %j behind it executes nothing that stands there', async (rest) => {
    const { text } = await send([`${start}0\r\n${rest}`], closed);
    expect(handled.filter((line) => line.includes('smuggled'))).toEqual([]);
    expect(text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(text === '' ? 0 : 1);
  });

  test('with trailers in the same segment is not executed at all', async () => {
    const { text } = await send([`${start}0\r\nX-Trailer: 1\r\n\r\n`], closed);
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    expect(handled).toEqual([]);
  });

  test.each(trailers)('with %j that comes later executes nothing of it', async (rest) => {
    const { isClosed } = await send([`${start}0\r\n`, rest], closed);
    expect(isClosed).toBe(true);
    expect(handled).toEqual(['POST a']);
  });

  test('that is refused at its last byte executes nothing behind it', async () => {
    const bad = post(chunked, `${chunk('{"name":')}0\r\nXX${next}`);
    const { text } = await send([bad], closed);
    expect(text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(text === '' ? 0 : 1);
    expect(handled).toEqual([]);
  });

  test('on a path or with a method that is refused executes nothing behind it', async () => {
    for (const path of ['/nowhere', '/v1/things/a']) {
      const bytes = `POST ${path} HTTP/1.1\r\n${host}${chunked}\r\n${chunk(named)}0\r\n`;
      const later = await send([bytes, `XX${next}`], closed);
      expect(later.text).toMatch(/^HTTP\/1\.1 40[45] /);
      expect(later.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
      const together = await send([`${bytes}XX${next}`], closed);
      expect(together.text.match(/HTTP\/1\.1/g) ?? []).toHaveLength(together.text === '' ? 0 : 1);
    }
    expect(handled).toEqual([]);
  });
});

describe('case 16: the id of a request', () => {
  const idOf = (text: string) => /\r\nX-Request-Id: ([^\r]*)\r\n/.exec(text)![1];

  test('is the client’s when it is 1 to 128 visible ASCII characters', async () => {
    const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
    for (const id of [
      'iad1::iad1::7k2xw-1700000000000-ab12cd',
      'Root=1-67891233-abcdef',
      'a/b+c==',
      visible,
      '!',
      'x'.repeat(128),
    ]) {
      const { text } = await send([get(`${host}X-Request-Id: ${id}\r\n`)], whole);
      expect(idOf(text)).toBe(id);
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).requestId).toBe(id);
    }
  });

  test('is ours when it is anything else', async () => {
    for (const id of ['', 'a b', 'caf\xe9s', 'x'.repeat(129), 'a\tb', 'a\x7fb']) {
      const { text } = await send([get(`${host}X-Request-Id: ${id}\r\n`)], whole);
      expect([id, idOf(text)]).toEqual([id, expect.stringMatching(/^req_/)]);
    }
    const twice = await send([get(`${host}X-Request-Id: a\r\nX-Request-Id: a\r\n`)], whole);
    expect(idOf(twice.text)).toMatch(/^req_/);
  });

  test('is on refusals, too', async () => {
    const sent = `X-Request-Id: a::b\r\n`;
    for (const bytes of [
      `GET /nowhere HTTP/1.1\r\n${host}${sent}\r\n`,
      `PUT /v1/things HTTP/1.1\r\n${host}${sent}\r\n`,
      get(`${host}${host}${sent}`),
      post(`${sent}Content-Length: 1\r\n`, '{'),
    ])
      expect(idOf((await send([bytes], whole)).text)).toBe('a::b');
  });
});

describe('case 09: an idle connection', () => {
  test('is announced, and closed no earlier than that', async () => {
    // Opened one after the other, so that the machine's clock of 4 s finds them in every position.
    const idle: Promise<number>[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = connect(server.port, '127.0.0.1');
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.write(get(host));
      await until(() => whole(text));
      expect(text).toMatch(/\r\nConnection: keep-alive\r\nKeep-Alive: timeout=\d+\r\n/);
      const seconds = Number(/timeout=(\d+)/.exec(text)![1]);
      const answeredAtMs = performance.now();
      idle.push(
        new Promise((resolve) => {
          socket.on('close', () => resolve((performance.now() - answeredAtMs) / 1000 - seconds));
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const spareSeconds = await Promise.all(idle);
    expect(Math.min(...spareSeconds)).toBeGreaterThan(0.5);
  }, 30_000);
});
