/** The sandbox's HTTP server as clients meet it that are no SDK. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { HttpServer, type Received, type Sent } from '../../src/sandbox/http-server.ts';
import { quiet, until } from './support.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(handle: (received: Received) => Sent | Promise<Sent>): Promise<number> {
  const server = new HttpServer(handle, quiet);
  open.push(() => server.close());
  return server.listen(await freePort('127.0.0.1', 0));
}

/** A connection, and all that came back on it. */
async function connectTo(port: number): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect(port, '127.0.0.1');
  open.push(() => socket.destroy());
  let heard = '';
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text;
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return { socket, heard: () => heard };
}

const head = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');

describe('a request', () => {
  let port: number;
  let received: Received[];
  beforeEach(async () => {
    received = [];
    port = await serve((one) => {
      received.push(one);
      return { status: 200, body: { number: received.length } };
    });
  });

  test('comes as it was sent, its body in pieces too', async () => {
    const { socket, heard } = await connectTo(port);
    const body = Buffer.from('name=Jürgen');
    socket.write(head('POST /v1/x?a=1', `Content-Length: ${body.length}`, 'X-Thing: a', 'x-thing: b'));
    // Between the two bytes of one character.
    socket.write(body.subarray(0, 7));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(body.subarray(7));
    await until(() => heard().includes('"number":1'));
    expect(received[0]).toMatchObject({ method: 'POST', path: '/v1/x', query: 'a=1', body: 'name=Jürgen' });
    expect(received[0]!.rawHeaders.join()).toContain('x-thing,a,x-thing,b');
  });

  test('in chunks is read to its end, and the next one on its connection too', async () => {
    const { socket, heard } = await connectTo(port);
    socket.write(`${head('POST /a', 'Transfer-Encoding: chunked')}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n`);
    await until(() => heard().includes('"number":1'));
    socket.write(head('GET /b'));
    await until(() => heard().includes('"number":2'));
    expect(received.map(({ path, body }) => [path, body])).toEqual([
      ['/a', 'abc'],
      ['/b', ''],
    ]);
  });

  test('with too large a body is refused, and the next one on its connection is answered', async () => {
    const { socket, heard } = await connectTo(port);
    socket.write(head('POST /a', 'Content-Length: 1000000'));
    socket.write('a'.repeat(1_000_000));
    await until(() => heard().includes('413 Payload Too Large'));
    socket.write(head('GET /b'));
    await until(() => heard().includes('"number":1'));
    expect(received.map(({ path }) => path)).toEqual(['/b']);
  });

  test('by HEAD is answered without a body', async () => {
    const { socket, heard } = await connectTo(port);
    socket.write(head('HEAD /a'));
    await until(() => heard().includes('content-length: 12\r\n'));
    socket.write(head('GET /b'));
    await until(() => heard().includes('"number":2'));
    expect(heard().match(/\r\n\r\n(?:HTTP|\{)/g)).toEqual(['\r\n\r\nHTTP', '\r\n\r\n{']);
  });
});

describe('the server', () => {
  test('goes on when clients leave before, during and after their call', async () => {
    const calls: ((sent: Sent) => void)[] = [];
    const port = await serve(() => new Promise((resolve) => void calls.push(resolve)));
    const before = await connectTo(port);
    before.socket.write(head('POST /a', 'Content-Length: 10'));
    before.socket.write('half', () => before.socket.resetAndDestroy());
    const during = await connectTo(port);
    during.socket.write(head('GET /a'));
    await until(() => calls.length === 1);
    const isGone = once(during.socket, 'close');
    during.socket.resetAndDestroy();
    await isGone;
    const cut = await connectTo(port);
    cut.socket.write(head('GET /a'));
    await until(() => calls.length === 2);
    const isCut = once(cut.socket, 'close');
    calls[1]!(null);
    await isCut;
    calls[0]!({ status: 200, body: {} });
    const last = await connectTo(port);
    last.socket.write(head('GET /a'));
    await until(() => calls.length === 3);
    calls[2]!({ status: 200, body: { last: true } });
    await until(() => last.heard().includes('"last":true'));
    expect([before, during, cut].map(({ heard }) => heard())).toEqual(['', '', '']);
  });

  test('answers what breaks with 500', async () => {
    const port = await serve(() => {
      throw new TypeError('a mistake');
    });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect([response.status, await response.json()]).toEqual([
      500,
      { error: { type: 'api_error', message: 'An unexpected error.' } },
    ]);
  });

  test('finishes the calls that run before it stops, and takes no others', async () => {
    const calls: ((sent: Sent) => void)[] = [];
    const server = new HttpServer(() => new Promise((resolve) => void calls.push(resolve)), quiet);
    const port = await server.listen(await freePort('127.0.0.1', 0));
    const running = fetch(`http://127.0.0.1:${port}/`);
    await until(() => calls.length === 1);
    const stopped = server.close();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    calls[0]!({ status: 200, body: {} });
    expect((await running).status).toBe(200);
    await stopped;
  });

  test('does not share its port', async () => {
    const port = await serve(() => null);
    const other = new HttpServer(() => null, quiet);
    await expect(other.listen(port)).rejects.toThrow(/in use/);
  });
});
