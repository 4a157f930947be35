/**
 * The end of Redis's append-only file cut off, as a power loss or a disk that lied would do. A server that lives writes
 * the lost frames again; one that died with them leaves partitions that are closed until an operator has decided.
 */
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetrics } from '../system/metrics.ts';
import { waitFor } from '../system/server.ts';
import { call } from '../system/shop.ts';
import { accept, compareHalted, haltedPartitions, listHalted, sellAgain } from './halted.ts';
import { firstSign } from './outage.ts';
import type { Fault, Round } from './round.ts';

async function appendOnlyFile(round: Round): Promise<string> {
  const folder = join(round.world.redis!.folder, 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'));
  return join(folder, name!);
}

/** Ends Redis, cuts up to 3 kB more than this off its file, and starts it again. */
async function loseTail(round: Round, bytesMin: number): Promise<void> {
  const redis = round.world.redis!.server;
  await redis.halt('SIGKILL');
  const bytes = bytesMin + Math.round(round.random() * 3_000);
  const file = await appendOnlyFile(round);
  const { size } = await stat(file);
  await truncate(file, Math.max(0, size - bytes));
  round.note('cut bytes', bytes);
  await redis.resume();
}

async function untilProjected(round: Round): Promise<void> {
  await waitFor(async () => {
    const metrics = await readMetrics(round.world.server.opsUrl);
    return metrics.value('doorbuster_projection_lag_frames') === 0;
  }, 20_000);
}

/** The server that lives has the lost frames in memory: it writes them again, says so, and goes on. */
async function ownerAlive(round: Round): Promise<void> {
  const { world } = round;
  await round.until('holds', 8);
  await loseTail(round, 1_000);
  await firstSign(round, performance.now());
  const metrics = await readMetrics(world.server.opsUrl);
  const counted = metrics.samples.filter(
    ({ name, value }) => /journal.*(lost|again|restored|rewritten|reappended)/.test(name) && value > 0,
  );
  round.note('metric', counted.map(({ name, value }) => `${name} ${value}`).join(' ') || 'none');
  if (counted.length === 0) round.fail('no metric counts the lost frames');
  const isNamed = /lost acknowledged frames/i.test(world.server.log());
  round.note('log', isNamed ? 'names the loss' : 'is silent');
  if (!isNamed) round.fail('the log does not name the loss');
}

/** The server dies too. The next start must see that frames are missing, name them, and keep what it is not sure of. */
async function ownerDead(round: Round): Promise<number[]> {
  const { world, crowd } = round;
  await round.until('holds', 8);
  // The tables know how far the journal went: that is what a start can hold a shortened one against.
  await untilProjected(round);
  await world.kill();
  crowd.end();
  // The newest frames may not have reached the tables: some that have must be among the lost.
  await loseTail(round, 4_000);
  await world.start();
  if (!/journal of partition \d+ is lost/.test(world.server.log()))
    round.fail('the log does not name the loss');
  const halted = await haltedPartitions(round);
  round.note('halted', halted.length);
  await compareHalted(round, halted);
  return halted;
}

async function mustBeNamedWeak({ world, fail, note }: Round): Promise<void> {
  const { body } = await call({ url: world.server.opsUrl }, 'GET /readyz');
  if (!/everysec/.test(world.server.banner)) fail('the banner does not say everysec');
  if (body.isDurable !== false || !/everysec/.test(body.durability)) fail(`readyz says ${body.durability}`);
  if (!/THE JOURNAL IS NOT SAFE/.test(world.server.log())) fail('the log does not warn');
  note('named as', body.durability);
}

const weak = { journal: 'redis', redis: { appendfsync: 'everysec' } } as const;

export const tailFaults: readonly Fault[] = [
  {
    name: 'tail-cut-owner-dead',
    row: '18',
    how: 'server and Redis killed, 4 to 7 kB cut off the append-only file, both started',
    holds: 'partitions with lost frames are read-only and named; nothing is sold again',
    weight: 2,
    isStudy: true,
    world: () => ({ journal: 'redis' }),
    inject: async (round) => void (await ownerDead(round)),
  },
  {
    name: 'tail-cut-recovered',
    row: '18',
    how: 'a start with everysec; the same cut; npm run recover --list and --accept; a start',
    holds:
      'the weakness is named at the start, the loss at the next; accepted, it sells again within its stock',
    weight: 3,
    isStudy: true,
    secondsMax: 120,
    world: () => weak,
    async inject(round) {
      await mustBeNamedWeak(round);
      const halted = await ownerDead(round);
      await listHalted(round, halted);
      await accept(round, halted);
      await sellAgain(round);
    },
  },
  {
    name: 'tail-cut-owner-alive',
    row: '18',
    how: 'Redis with everysec killed, 1 to 4 kB cut off the append-only file, Redis started; the server lives on',
    holds: 'the owner writes the lost frames again: everything acknowledged is there, the sale goes on',
    weight: 3,
    world: () => weak,
    inject: ownerAlive,
  },
];
