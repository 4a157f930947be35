/**
 * What stands between the street and the server: the HTTP machine's own refusals, each row of the operators' table, and
 * nginx with the text that docs/OPERATIONS.md gives.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticated, ofType } from '../gateway/live-client.ts';
import { runWalk } from './readme.ts';
import { openSite, repository, type ServerProcess, type Site, waitFor } from './server.ts';
import { admitted, call, checkOut, expected, guest, hold, openDrop } from './shop.ts';
import { openLine, openRawSocket } from './wire.ts';

const portOf = (url: string) => Number(new URL(url).port);

const manual = await readFile(join(repository, 'docs/OPERATIONS.md'), 'utf8');
const chapter = manual.slice(manual.indexOf('## In front: proxies'));

let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  site = await openSite({ TRUSTED_PROXIES: '127.0.0.1', GATEWAYS: '1' });
  server = await site.start({ SAMPLE: '1' });
});
afterAll(() => site.close());

/** Sends the parts one after the other, and hears until the server closes or the time is over. */
async function heard(parts: readonly string[], msMax = 2_000) {
  const line = await openLine(portOf(server.url));
  for (const part of parts) {
    line.socket.write(Buffer.from(part, 'latin1'));
    if (part !== parts.at(-1)) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const isClosed = await waitFor(() => line.isClosed(), msMax).catch(() => false);
  line.socket.destroy();
  return { status: /^HTTP\/1\.1 (\d{3})/.exec(line.got())?.[1] ?? null, text: line.got(), isClosed };
}

const host = 'Host: shop.example\r\n';
const path = '/v1/sales?limit=1';
const get = (lines: string) => `GET ${path} HTTP/1.1\r\n${lines}\r\n`;
const post = (lines: string, body: string) => `POST /v1/auth/guest HTTP/1.1\r\n${host}${lines}\r\n${body}`;
const chunked = 'Transfer-Encoding: chunked\r\n';

/** By the first column of the table: bytes, and the status of the page that the machine answers with. */
const refusals: Record<string, [parts: readonly string[], status: string]> = {
  'HTTP/1.0': [[`GET ${path} HTTP/1.0\r\n${host}\r\n`], '505'],
  'a version that is not HTTP/1.1': [[`GET ${path} HTTP/1.2\r\n${host}\r\n`], '505'],
  'an absolute target (`GET http://host/path`)': [
    [`GET http://shop.example${path} HTTP/1.1\r\n${host}\r\n`],
    '505',
  ],
  'the target `*`': [[`OPTIONS * HTTP/1.1\r\n${host}\r\n`], '505'],
  'TLS, or no HTTP at all': [['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], '505'],
  'lines that end without CR': [[`GET ${path} HTTP/1.1\n${host}\n`], '505'],
  'a request line whose version comes in a later segment': [
    [`GET ${path} HT`, `TP/1.1\r\n${host}\r\n`],
    '505',
  ],
  'no `Host`': [[get('Accept: */*\r\n')], '400'],
  '`Transfer-Encoding` with `Content-Length`': [
    [post(`${chunked}Content-Length: 5\r\n`, '0\r\n\r\n')],
    '400',
  ],
  'a `Content-Length` that is no number': [[post('Content-Length: +2\r\n', '{}')], '400'],
  'a head of more than 16 KiB': [[get(`${host}Cookie: ${'c'.repeat(16_400)}\r\n`)], '431'],
  'more than 98 header lines': [[get(host + 'X-Line: 1\r\n'.repeat(98))], '431'],
};
const silences: Record<string, readonly string[]> = {
  'a control character in a header, a folded line, a name with a space': [get(`${host}X-A: a\x01b\r\n`)],
  'a chunk with an extension': [
    post(`Content-Type: application/json\r\n${chunked}`, '2;a=b\r\n{}\r\n0\r\n\r\n'),
  ],
};

describe('case 08: what the machine does by itself', () => {
  it('is in the table, row by row', () => {
    const table = chapter.slice(chapter.indexOf('| what comes'), chapter.indexOf('\n## ', 10));
    const rows = [...table.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|$/gm)].slice(2);
    const told = Object.fromEntries(rows.map(([, what, happens]) => [what, happens]));
    for (const [what, [, status]] of Object.entries(refusals))
      expect([what, told[what]]).toEqual([what, status]);
    for (const what of Object.keys(silences)) expect(told[what]).toMatch(/^no answer; closed after 10 s/);
    expect(rows).toHaveLength(Object.keys(refusals).length + Object.keys(silences).length + 4);
  });

  it.each(Object.entries(refusals))(
    '%s: is refused with a page and closed',
    async (_what, [parts, status]) => {
      const answer = await heard(parts);
      expect([answer.status, answer.isClosed]).toEqual([status, true]);
      expect(answer.text).toContain('<h1>');
      expect(answer.text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    },
  );

  it.each(Object.entries(silences))('%s: is closed without an answer', async (_what, parts) => {
    const answer = await heard(parts, 15_000);
    expect([answer.text, answer.isClosed]).toEqual(['', true]);
  });

  it('a second request before the first is answered closes the connection', async () => {
    const { text, isClosed } = await heard([get(host) + get(host)]);
    expect([text, isClosed]).toEqual(['', true]);
  });

  it('an unmasked frame authenticates nobody', async () => {
    const { token } = await guest(server);
    const line = await openRawSocket(portOf(server.url));
    line.clear();
    const frame = Buffer.from(JSON.stringify({ type: 'authenticate', accessToken: token }));
    const head = Buffer.from([0x81, 126, frame.length >> 8, frame.length & 255]);
    for (let i = 0; i < 3; i++) line.socket.write(Buffer.concat([head, frame]));
    await waitFor(() => line.isClosed(), 10_000);
    expect(line.got()).not.toContain('ready');
  });
});

describe('case 07: a head of up to 16 KiB', () => {
  const cookie = (bytes: number) => ({ cookie: `_ga=${'c'.repeat(bytes)}` });

  it('is taken by every request of a buyer, and at the upgrade', async () => {
    const drop = await openDrop(server, 2);
    const buyer = await admitted(server, drop);
    const headers = {
      ...cookie(14_000),
      'x-forwarded-for': '203.0.113.7, 198.51.100.4',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'x-request-id': 'iad1::iad1::7k2xw-1700000000000-ab12cd',
    };
    const holdId = randomUUID();
    const held = await call(server, `POST /v1/sales/${drop.saleId}/holds`, {
      who: buyer,
      body: { holdId, sku: drop.sku, quantity: 1 },
      headers: { ...headers, 'admission-token': buyer.admission },
    });
    expect([held.status, held.headers.get('x-request-id')]).toEqual([201, headers['x-request-id']]);
    const routes = (await expected(server, 'GET /openapi.json', 200)) as { paths: Record<string, object> };
    for (const [where, methods] of Object.entries(routes.paths)) {
      for (const method of Object.keys(methods)) {
        const target = `${method.toUpperCase()} ${where.replaceAll(/\{\w+\}/g, 'x')}`;
        const body = method === 'get' || method === 'delete' ? {} : { body: {} };
        const { status } = await call(server, target, { headers, ...body });
        expect([target, status === 431 || status >= 500]).toEqual([target, false]);
      }
    }
    const line = await openLine(portOf(server.url));
    line.socket.write(
      `GET /v1/live HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Request-Id: a::b\r\nCookie: ${'c'.repeat(14_000)}\r\n\r\n`,
    );
    await waitFor(() => line.got().includes('\r\n\r\n'));
    expect(line.got()).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\nX-Request-Id: a::b\r\n/);
    line.socket.destroy();
  }, 120_000);
});

describe('the log', () => {
  it('has one line a request, HTTP and live, with its id, and no secret', async () => {
    const drop = await openDrop(server, 2);
    const buyer = await admitted(server, drop);
    const requestId = `id::"quoted"\\/=${randomUUID()}`;
    await expected(server, 'GET /v1/me', 200, { who: buyer, headers: { 'x-request-id': requestId } });
    const client = await authenticated(portOf(server.url), buyer);
    const holdId = randomUUID();
    const live = { saleId: drop.saleId, holdId, sku: drop.sku, quantity: 1, admissionToken: buyer.admission };
    expect((await client.ask('hold', live)).status).toBe(201);
    client.close();
    const lines = () =>
      server
        .log()
        .split('\n')
        .filter((line) => line.includes('"msg":"request"') && line.endsWith('}'))
        .map((line) => JSON.parse(line));
    const find = (fits: (line: Record<string, unknown>) => boolean) =>
      waitFor(() => lines().find(fits) ?? null);
    expect(await find((line) => line.requestId === requestId)).toMatchObject({
      level: 30,
      via: 'http',
      route: 'getMe',
      status: 200,
      ms: expect.any(Number),
      address: '127.0.0.1',
      account: buyer.accountId,
    });
    const held = await find((line) => line.via === 'live' && line.account === buyer.accountId);
    expect(held).toMatchObject({
      route: 'placeHold',
      status: 201,
      requestId: expect.stringMatching(/^req_/),
    });
    for (const secret of [buyer.token, buyer.admission]) expect(server.log()).not.toContain(secret);
  });
});

/** null: not installed. */
function nginxProgram(): string | null {
  for (const program of ['nginx', '/usr/sbin/nginx']) {
    try {
      execFileSync(program, ['-v'], { stdio: 'ignore' });
      return program;
    } catch {}
  }
  return null;
}

const program = nginxProgram();
if (program === null) console.warn('skipped: nginx is not installed');

describe.skipIf(program === null)('behind nginx with the text of the manual', () => {
  let folder: string;
  let url: string;
  let end: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doorbuster-nginx-'));
    const reserved = createServer().listen(0, '127.0.0.1');
    await once(reserved, 'listening');
    const { port } = reserved.address() as AddressInfo;
    await new Promise((resolve) => reserved.close(resolve));
    const text = /```nginx\n([\s\S]*?)```/.exec(chapter)![1]!;
    const config = text
      .replace('127.0.0.1:8080', new URL(server.url).host)
      .replace('listen 80;', `listen 127.0.0.1:${port};`);
    expect(config).not.toBe(text);
    for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) await mkdir(join(folder, name));
    const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    await writeFile(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${folder}/pid; error_log stderr warn; worker_processes 1;
      events {} http { access_log off; client_body_temp_path ${folder}/body; ${temporary.join(' ')}
      ${config} }`,
    );
    const child = spawn(program!, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    url = `http://127.0.0.1:${port}`;
    end = async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    };
    await waitFor(() =>
      fetch(`${url}${path}`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });
  afterAll(() => end?.());

  it('the walk of the README works as printed', async () => {
    const lines = await runWalk('Walk through a drop', { url, dataDir: site.dataDir });
    expect(lines.at(-1)).toBe('confirmed');
  }, 90_000);

  it('a live socket lives, hears of its order, and counts as its client’s address', async () => {
    const place = { url };
    const drop = await openDrop(place, 2);
    const buyer = await admitted(place, drop);
    const client = await authenticated(portOf(url), buyer);
    const holdId = randomUUID();
    expect((await hold(place, drop, buyer, holdId)).status).toBeOneOf([200, 201]);
    const order = await checkOut(place, { ...buyer, holdId });
    expect(order.status).toBe(201);
    await client.frame(ofType('order.updated'));
    client.close();
    const requestId = `forwarded-${randomUUID()}`;
    const headers = { 'x-request-id': requestId, 'x-forwarded-for': '203.0.113.9' };
    expect((await call(place, 'GET /v1/me', { who: buyer, headers })).headers.get('x-request-id')).toBe(
      requestId,
    );
    // nginx appends its peer, which is this machine: the rightmost that is not trusted is what stands before it.
    const line = await waitFor(
      () =>
        server
          .log()
          .split('\n')
          .find((text) => text.includes(requestId)) ?? null,
    );
    expect(JSON.parse(line)).toMatchObject({ address: '203.0.113.9' });
  }, 60_000);

  it('case 08: HTTP/1.0, absolute targets, trailers and split request lines are served', async () => {
    const port = portOf(url);
    const ask = async (parts: readonly string[]) => {
      const line = await openLine(port);
      for (const part of parts) {
        line.socket.write(part);
        if (part !== parts.at(-1)) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await waitFor(() => /\r\n\r\n[\s\S]*\}/.test(line.got()) || line.isClosed());
      line.socket.destroy();
      return /^HTTP\/1\.1 (\d{3})/.exec(line.got())?.[1];
    };
    expect(await ask([`GET ${path} HTTP/1.0\r\n${host}\r\n`])).toBe('200');
    expect(await ask([`GET http://shop.example${path} HTTP/1.1\r\n${host}\r\n`])).toBe('200');
    expect(await ask([`GET ${path} HT`, `TP/1.1\r\n${host}\r\n`])).toBe('200');
    const trailers = post(chunked, '0\r\nX-Trailer: 1\r\n\r\n');
    expect(await ask([trailers])).toBe('201');
  });

  it('refuses what is smuggled before the server sees it', async () => {
    const line = await openLine(portOf(url));
    line.socket.write(`GET ${path} HTTP/1.1\r\n${host}${host}\r\n`);
    await waitFor(() => line.isClosed() || line.got().includes('\r\n\r\n'));
    expect(line.got()).toMatch(/^HTTP\/1\.1 400 /);
    line.socket.destroy();
  });

  it('case 09: a request after a silence is answered, because nginx gives the connection up first', async () => {
    const line = await openLine(portOf(url));
    const ask = async () => {
      line.clear();
      line.socket.write(`GET ${path} HTTP/1.1\r\n${host}\r\n`);
      await waitFor(() => /\r\n\r\n[\s\S]*\}/.test(line.got()) || line.isClosed());
      return line.got().slice(0, 12);
    };
    expect(await ask()).toBe('HTTP/1.1 200');
    // Longer than any connection between the two may be idle.
    await new Promise((resolve) => setTimeout(resolve, 13_000));
    expect(await ask()).toBe('HTTP/1.1 200');
    line.socket.destroy();
  }, 30_000);
});
