/** What the street throws at a real server. Afterwards it is the same process, as large as before, and sells a unit. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readMetrics } from './metrics.ts';
import { brokenFrames, misfit, mutate, nasty, type Pick, packed, seeded } from './mutations.ts';
import { isAlive, openSite, residentMb, type ServerProcess, type Site, waitFor } from './server.ts';
import {
  checkOut,
  checkoutBody,
  type Drop,
  guest,
  holding,
  openDrop,
  type Person,
  saleBody,
  stockOf,
} from './shop.ts';
import { exchange, type Line, openLine, openRawSocket } from './wire.ts';

const many = '1000000';
const env = {
  RATE_ADDRESS_PER_SECOND: many,
  RATE_ADDRESS_BURST: many,
  RATE_ACCOUNT_PER_SECOND: many,
  RATE_ACCOUNT_BURST: many,
};
/** Of one round; the first, a tenth of it, warms the server up. */
const amounts = {
  bodies: 70_000,
  heads: 4_000,
  aborts: 4_000,
  streams: 60,
  sockets: 2_000,
  rawSockets: 1_500,
};
const framesPerSocket = 14;
const growthMbMax = 60;

let site: Site;
let server: ServerProcess;
let drop: Drop;
let buyer: Person;
let port: number;
beforeAll(async () => {
  site = await openSite(env);
  server = await site.start();
  port = Number(new URL(server.url).port);
  drop = await openDrop(server, 10);
  buyer = await guest(server);
});
afterAll(() => site.close());

type Figures = Record<string, number>;
const count = (figures: Figures, name: string, by = 1) => {
  figures[name] = (figures[name] ?? 0) + by;
};

function head(path: string, length: number | string, more = '', who: Person = buyer): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${who.token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`
  );
}

/** Every route that reads a body, with one that it would take. */
function targets(): { path: string; body: object; more?: string; who?: Person }[] {
  const { saleId, sku, seller } = drop;
  return [
    { path: `/v1/sales/${saleId}/tickets`, body: { requestId: randomUUID() } },
    {
      path: `/v1/sales/${saleId}/holds`,
      body: { holdId: randomUUID(), sku, quantity: 1 },
      more: 'Admission-Token: a.b\r\n',
    },
    {
      path: '/v1/checkout',
      body: checkoutBody([randomUUID()]),
      more: `Idempotency-Key: ${randomUUID()}\r\n`,
    },
    { path: '/v1/me/addresses', body: checkoutBody([]).shippingAddress },
    { path: '/v1/auth/refresh', body: { refreshToken: 'x' } },
    { path: '/v1/sales', body: saleBody(sku, 1), who: seller },
    { path: '/v1/webhooks/stripe', body: { id: 'evt_1' }, more: 'Stripe-Signature: t=1,v1=00\r\n' },
    { path: '/v1/auth/logout', body: { refreshToken: 'x' } },
  ];
}

/** Runs `task` so many times, in `width` lanes. */
async function inLanes(times: number, width: number, task: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < times) await task(next++);
    }),
  );
}

async function sendBodies(amount: number, pick: Pick, figures: Figures): Promise<void> {
  const known = targets();
  const lines = new Map<number, Line>();
  const lanes = 40;
  let lane = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const own = lane++;
      for (let n = own; n < amount; n += lanes) {
        let line = lines.get(own);
        if (!line || line.isClosed()) {
          line = await openLine(port);
          lines.set(own, line);
        }
        const { path, body, more = '', who = buyer } = known[pick(known.length)]!;
        const kind = pick(3);
        const bytes =
          kind === 0
            ? mutate(Buffer.from(JSON.stringify(body)), pick)
            : kind === 1
              ? misfit(body, pick)
              : nasty[pick(nasty.length)]!;
        const status = await exchange(line, head(path, bytes.length, more, who), bytes);
        count(figures, `bodies answered ${status}`);
      }
    }),
  );
  for (const { socket } of lines.values()) socket.destroy();
}

/** Garbage instead of HTTP, and requests with broken heads. */
async function sendHeads(amount: number, pick: Pick, figures: Figures): Promise<void> {
  const good = Buffer.from(`${head(`/v1/sales/${drop.saleId}/tickets`, 2)}{}`);
  await inLanes(amount, 50, async () => {
    const { socket, heard, isClosed } = await openLine(port);
    const kind = pick(4);
    if (kind === 0) socket.end(Buffer.from(Array.from({ length: 1 + pick(600) }, () => pick(256))));
    else if (kind === 1) socket.end(`GET /${'x'.repeat(pick(9_000))} HTTP/1.1\r\nHost: x\r\n\r\n`);
    else if (kind === 2) socket.end(head('/v1/checkout', ['-1', '1e3', '9'.repeat(30), '0x10'][pick(4)]!));
    else socket.end(mutate(good, pick));
    while (!isClosed()) await heard();
    count(figures, 'broken heads');
  });
}

/** Clients that vanish at any byte. */
async function sendAborts(amount: number, pick: Pick, figures: Figures): Promise<void> {
  const body = Buffer.from(JSON.stringify(checkoutBody([randomUUID()])));
  await inLanes(amount, 50, async () => {
    const { socket, heard, isClosed } = await openLine(port);
    const key = `Idempotency-Key: ${randomUUID()}\r\n`;
    const bytes = Buffer.concat([Buffer.from(head('/v1/checkout', body.length, key)), body]);
    socket.write(bytes.subarray(0, pick(bytes.length + 1)), () => socket.resetAndDestroy());
    while (!isClosed()) await heard();
    count(figures, 'aborts');
  });
}

/** Bodies without an end: cut at 64 KiB, declared or not. */
async function sendStreams(amount: number, _: Pick, figures: Figures): Promise<void> {
  const chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`);
  await inLanes(amount, 10, async (n) => {
    const line = await openLine(port);
    const path = `/v1/sales/${drop.saleId}/tickets`;
    if (n % 2 === 0) {
      line.socket.write(head(path, 10_000_000_000));
    } else {
      const chunked = head(path, 0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
      line.socket.write(chunked);
      const send = () => {
        if (!line.socket.destroyed) line.socket.write(chunk, () => setImmediate(send));
      };
      send();
    }
    while (!line.isClosed()) await line.heard();
    count(figures, 'endless bodies');
  });
}

/** Signed-in sockets that send broken frames until they are thrown out. */
async function sendFrames(amount: number, pick: Pick, figures: Figures): Promise<void> {
  const { saleId, sku } = drop;
  const frames = [
    { type: 'subscribe', id: 'a', saleId },
    { type: 'join', id: 1, saleId },
    { type: 'hold', id: 'c', saleId, holdId: randomUUID(), sku, quantity: 1, admissionToken: 'a.b' },
    { type: 'checkout', id: 'd', ...checkoutBody([randomUUID()]), idempotencyKey: 'k' },
    { type: 'release', id: 'e', holdId: randomUUID() },
    { type: 'authenticate', accessToken: buyer.token },
  ];
  await inLanes(amount, 6, async (n) => {
    const isBinary = n % 2 === 1;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/live`, isBinary ? ['doorbuster.msgpack.v1'] : []);
    socket.on('error', () => {});
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('open', () => {
      socket.send(packed({ type: 'authenticate', accessToken: buyer.token }, isBinary), { binary: isBinary });
    });
    socket.once('message', () => {
      for (let sent = 0; sent < framesPerSocket; sent++) {
        const frame = frames[pick(frames.length)]!;
        const kind = pick(3);
        const bytes =
          kind === 0
            ? mutate(packed(frame, isBinary), pick)
            : kind === 1
              ? packed(JSON.parse(misfit(frame, pick).toString()), isBinary)
              : nasty[pick(nasty.length)]!;
        socket.send(bytes, { binary: isBinary });
        count(figures, `${isBinary ? 'msgpack' : 'text'} frames`);
      }
      socket.close();
    });
    count(figures, `live sockets closed with ${await closed}`);
  });
}

/** Broken on the level of the protocol. */
async function sendRawFrames(amount: number, pick: Pick, figures: Figures): Promise<void> {
  await inLanes(amount, 20, async () => {
    const line = await openRawSocket(port);
    expect(line.got()).toContain('101 Switching Protocols');
    line.socket.end(brokenFrames(pick));
    while (!line.isClosed()) await line.heard();
    count(figures, 'frames against the protocol');
  });
}

async function round(share: number, seed: number): Promise<Figures> {
  const figures: Figures = {};
  const pick = seeded(seed);
  const part = (amount: number) => Math.ceil(amount * share);
  await sendBodies(part(amounts.bodies), pick, figures);
  await sendHeads(part(amounts.heads), pick, figures);
  await sendAborts(part(amounts.aborts), pick, figures);
  await sendStreams(part(amounts.streams), pick, figures);
  await sendFrames(part(amounts.sockets), pick, figures);
  await sendRawFrames(part(amounts.rawSockets), pick, figures);
  return figures;
}

/** Nothing is open any more. */
async function quiet(): Promise<void> {
  await waitFor(async () => {
    const metrics = await readMetrics(server.opsUrl);
    return (
      metrics.value('doorbuster_connections') === 0 && metrics.value('doorbuster_http_open_requests') === 0
    );
  }, 30_000);
}

it('100,000 malformed requests and frames change nothing', { timeout: 150_000 }, async () => {
  const { pid } = server;
  await round(0.1, 1);
  await quiet();
  const warmMb = residentMb(pid);
  const startedAtMs = performance.now();
  const figures = await round(1, 2);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await quiet();
  // Freed memory goes back to the system a little later.
  await waitFor(() => residentMb(pid) - warmMb < growthMbMax, 20_000).catch(() => {});
  const grownMb = residentMb(pid) - warmMb;
  const total = Object.entries(figures).reduce(
    (sum, [name, times]) => (name.startsWith('live sockets') ? sum : sum + times),
    0,
  );
  console.log(
    `hostile: ${total} malformed requests and frames in ${seconds.toFixed(1)} s, ${warmMb.toFixed(0)} MB before, ` +
      `${grownMb.toFixed(0)} MB more after, ${JSON.stringify(figures)}`,
  );
  expect(total).toBeGreaterThanOrEqual(100_000);
  expect(grownMb).toBeLessThan(growthMbMax);
  expect(server.isRunning && isAlive(pid)).toBe(true);
  expect(server.errors()).toEqual([]);
  // A refusal is an answer, also `busy` while the disk is slow; anything else above 499 would be a bug.
  const statuses = Object.keys(figures).flatMap((name) => /^bodies answered (\S+)/.exec(name)?.[1] ?? []);
  for (const status of statuses) expect(status).toMatch(/^(?:[24]\d\d|503)$/);
  const closes = Object.keys(figures).flatMap(
    (name) => /^live sockets closed with (\d+)/.exec(name)?.[1] ?? [],
  );
  for (const code of closes)
    expect([1000, 1002, 1005, 1006, 1007, 1009, 4001, 4003, 4009, 4029]).toContain(+code);
  const before = await stockOf(server, drop.sku);
  expect(before).toMatchObject({ held: 0, sold: 0 });
  const order = await checkOut(server, await holding(server, drop));
  expect([order.status, order.body.status]).toEqual([201, 'confirmed']);
  expect(server.log()).not.toContain(buyer.token);
});
