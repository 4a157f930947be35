/**
 * The end of Redis's append-only file cut off, as a disk that lied would do. What was acknowledged may be gone then;
 * what must hold is that it is noticed and never silently sold again.
 */
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../system/metrics.ts';
import { waitFor } from '../system/server.ts';
import { call } from '../system/shop.ts';
import type { Fault, Round } from './round.ts';

// biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
type Body = any;

async function appendOnlyFile(round: Round): Promise<string> {
  const folder = join(round.world.redis!.folder, 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'));
  return join(folder, name!);
}

/** Cuts the last bytes off a file that nobody has open. */
async function cutTail(file: string, bytes: number): Promise<void> {
  const { size } = await stat(file);
  await truncate(file, Math.max(0, size - bytes));
}

async function untilProjected(round: Round): Promise<void> {
  await waitFor(async () => {
    const metrics = await readMetrics(round.world.server.opsUrl);
    return metrics.value('doorbuster_projection_lag_frames') === 0;
  }, 20_000);
}

/**
 * The server dies too: the next start must see that frames are missing and say so. What the partition knew is then
 * answered `busy` until an operator decides; what is answered is what was acknowledged.
 */
async function ownerDead(round: Round): Promise<void> {
  const { world, crowd } = round;
  const redis = world.redis!.server;
  await round.until('holds', 8);
  // The tables know how far the journal went: that is what a start can hold a shortened one against.
  await untilProjected(round);
  await world.kill();
  crowd.end();
  await redis.halt('SIGKILL');
  const bytes = 1_000 + Math.round(round.random() * 3_000);
  await cutTail(await appendOnlyFile(round), bytes);
  await redis.resume();
  round.note('cut bytes', bytes);
  await world.start();
  const ready = await call({ url: world.server.opsUrl }, 'GET /readyz');
  if (!/journal of partition \d+ is lost/.test(world.server.log()))
    round.fail('the log does not name the loss');
  if (ready.status !== 503) round.fail(`readyz is ${ready.status}: ${JSON.stringify(ready.body)}`);
  await compareUntouched(round);
}

/** Every acknowledged fact is as it was, or its partition refuses: never gone, never sold again. */
async function compareUntouched(round: Round): Promise<void> {
  const { ledger, client, crowd } = round;
  let same = 0;
  let refused = 0;
  const look = async (what: string, path: string, buyer: number, isSame: (body: Body) => boolean) => {
    const token = crowd.people[buyer]!.token;
    const { status, body } = await client.once({ action: 'audit', method: 'GET', path, token });
    if (status === 503) refused++;
    else if (status === 200 && isSame(body)) same++;
    else round.fail(`${what}: ${status} ${JSON.stringify(body)}`);
  };
  for (const { buyer, ticketId, ticketNumber } of ledger.tickets.values()) {
    const path = `/v1/sales/${crowd.drop.saleId}/tickets/${ticketId}`;
    await look('ticket', path, buyer, (body) => body.ticketNumber === ticketNumber);
  }
  for (const { buyer, holdId, isReleased } of ledger.holds.values())
    await look('hold', `/v1/holds/${holdId}`, buyer, ({ state }) => (state === 'voided') === isReleased);
  for (const { buyer, orderId, status } of ledger.orders.values())
    await look('order', `/v1/orders/${orderId}`, buyer, (body) => body.status === status);
  round.note('facts as they were', same);
  round.note('facts refused as busy', refused);
}

/** The server lives: its own memory knows more than the journal. */
async function ownerAlive(round: Round): Promise<void> {
  const { world, ledger } = round;
  const redis = world.redis!.server;
  await round.until('holds', 8);
  await redis.halt('SIGKILL');
  const file = await appendOnlyFile(round);
  const bytes = 1_000 + Math.round(round.random() * 3_000);
  await cutTail(file, bytes);
  const window = ledger.openWindow('after the cut', false);
  await redis.resume();
  await wait(4_000);
  window.untilMs = performance.now();
  const acknowledged = ledger.within(window).filter(({ isNew }) => isNew).length;
  const ready = await call({ url: world.server.opsUrl }, 'GET /readyz');
  const isNamed = /Redis lost acknowledged frames/.test(world.server.log());
  round.note('cut bytes', bytes);
  round.note('acknowledged after it', acknowledged);
  round.note('readyz', ready.status);
  round.note('acknowledgements before it', ledger.acknowledgements - acknowledged);
  round.note('log', isNamed ? 'names the loss' : 'is silent');
  if (!isNamed && acknowledged === 0) round.fail('refuses without saying why');
}

export const tailFaults: readonly Fault[] = [
  {
    name: 'tail-cut-owner-dead',
    row: '18',
    how: 'server and Redis killed, 1 to 4 kB cut off the append-only file, both started',
    holds:
      'partitions with lost frames are closed and named; nothing that was acknowledged is gone or sold again',
    weight: 3,
    isStudy: true,
    world: () => ({ journal: 'redis' }),
    inject: ownerDead,
  },
  {
    name: 'tail-cut-owner-alive',
    row: '18',
    how: 'Redis killed, 1 to 4 kB cut off the append-only file, Redis started; the server lives on',
    holds: 'the owner notices; nothing is sold twice',
    weight: 1,
    isStudy: true,
    world: () => ({ journal: 'redis' }),
    inject: ownerAlive,
  },
];
