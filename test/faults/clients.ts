/** Clients that do harm: those that do not read, floods of connections, ten times the load. Others must be served. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { residentMb } from '../system/server.ts';
import { guest, type Person } from '../system/shop.ts';
import { quantile } from './ledger.ts';
import type { Fault, Round } from './round.ts';

const memoryGrowthMbMax = 200;

/** Runs `work` and notes how others were served meanwhile. */
async function whileOthersBuy(round: Round, work: () => Promise<void>): Promise<void> {
  const { world, ledger } = round;
  const beforeMb = residentMb(world.server.pid);
  const window = ledger.openWindow('meanwhile', 'serving');
  await work();
  window.untilMs = performance.now();
  const grownMb = residentMb(world.server.pid) - beforeMb;
  round.note('memory grew MB', grownMb);
  if (grownMb > memoryGrowthMbMax) round.fail(`memory grew by ${Math.round(grownMb)} MB`);
  const buyers = ledger.within(window).filter(({ action }) => ['join', 'look', 'hold'].includes(action));
  const served = buyers.filter(({ status }) => status > 0 && status < 500);
  round.note('others served', served.length);
  const p99 = quantile(
    served.map(({ tookMs }) => tookMs),
    0.99,
  );
  round.note('their p99 ms', p99);
  if (served.length === 0) round.fail('nobody else was served');
}

/** A live socket that subscribes to the drop and then reads nothing more. */
function deafSocket(round: Round, { token }: Person): Promise<WebSocket> {
  const socket = new WebSocket(`${round.world.url.replace('http', 'ws')}/v1/live`);
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    socket.on('close', () => reject(new Error('a live socket was closed before it was ready')));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'authenticate', accessToken: token })));
    socket.once('message', () => {
      socket.removeAllListeners('close');
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', saleId: round.crowd.drop.saleId }));
      socket.pause();
      resolve(socket);
    });
  });
}

/** Asks for the largest answer again and again and reads none. */
function deafReader(round: Round): Socket {
  const { hostname, port } = new URL(round.world.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.pause();
  socket.write(`GET /openapi.json HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  return socket;
}

async function flood(round: Round, count: number): Promise<void> {
  const { hostname, port } = new URL(round.world.url);
  const sockets: Socket[] = [];
  let refused = 0;
  const upgrade = `GET /v1/live HTTP/1.1\r\nhost: ${hostname}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  for (let opened = 0; opened < count; opened++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    // Every second one says nothing at all.
    if (opened % 2 === 0) socket.write(upgrade);
    socket.once('data', (bytes) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 101')) refused++;
    });
    sockets.push(socket);
    if (opened % 50 === 49) await wait(25);
  }
  await wait(1_500);
  round.note('connections', count);
  round.note('upgrades refused', refused);
  if (refused === 0) round.fail('no upgrade was refused beyond the bound');
  for (const socket of sockets) socket.destroy();
}

async function overload(round: Round): Promise<void> {
  const { client, crowd } = round;
  const people = await Promise.all(Array.from({ length: 20 }, () => guest({ url: round.world.url })));
  const untilMs = performance.now() + 4_000;
  let asked = 0;
  let refused = 0;
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const { token } = people[index % people.length]!;
      while (performance.now() < untilMs) {
        const { status } = await client.once({
          action: 'overload',
          method: 'POST',
          path: `/v1/sales/${crowd.drop.saleId}/tickets`,
          token,
          body: { requestId: randomUUID() },
        });
        asked++;
        if (status === 429 || status === 503) refused++;
      }
    }),
  );
  // Those that got in hold units back from the buyers: they go.
  for (const { token } of people) {
    const path = `/v1/sales/${crowd.drop.saleId}/tickets`;
    const mine = await client.settle({ action: 'overload', method: 'GET', path: `${path}/mine`, token });
    if (mine.status === 200)
      await client.settle({
        action: 'overload',
        method: 'DELETE',
        path: `${path}/${mine.body.ticketId}`,
        token,
      });
  }
  round.note('requests/s', asked / 4);
  round.note('of them refused', refused);
}

export const clientFaults: readonly Fault[] = [
  {
    name: 'slow-clients',
    row: '35',
    how: '40 live sockets and 40 HTTP connections that never read',
    holds: 'their buffers are bounded; others are served',
    weight: 2,
    world: () => ({ journal: 'redis' }),
    async inject(round) {
      await round.until('holds', 2);
      await whileOthersBuy(round, async () => {
        const people = await Promise.all(Array.from({ length: 40 }, () => guest({ url: round.world.url })));
        const sockets = await Promise.all(people.map((person) => deafSocket(round, person)));
        const readers = people.map(() => deafReader(round));
        await wait(4_000);
        for (const socket of sockets) socket.terminate();
        for (const reader of readers) reader.destroy();
      });
    },
  },
  {
    name: 'connection-flood',
    row: '36',
    how: '3,000 connections in 1.5 s, half of them upgrades, with a bound of 400 live sockets',
    holds: 'beyond the bound they are refused; existing ones are served',
    weight: 2,
    world: () => ({ journal: 'redis', env: { CONNECTIONS_MAX: '400', CONNECTIONS_PER_ADDRESS_MAX: '400' } }),
    async inject(round) {
      await round.until('holds', 2);
      await whileOthersBuy(round, () => flood(round, 3_000));
    },
  },
  {
    name: 'overload',
    row: '46',
    how: '300 requests at once for 4 s from 20 accounts, beside the buyers',
    holds: 'refused by rate or busy; buyers are served; memory bounded',
    weight: 2,
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres' }),
    async inject(round) {
      await round.until('holds', 2);
      await whileOthersBuy(round, () => overload(round));
    },
  },
];
