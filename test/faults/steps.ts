/**
 * kill -9 at named steps of a command's way, without any crash code in the server: the step is frozen from outside by
 * holding the line to the journal, or caught in the moment in which the client reads the answer.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { waitFor } from '../system/server.ts';
import type { Fault, Round } from './round.ts';
import { freeze, type WorldOptions } from './world.ts';

export const either = (random: () => number): WorldOptions => ({
  journal: random() < 0.5 ? 'redis' : 'postgres',
  shards: 1 + Math.floor(random() * 2),
});

export const inRedis = (random: () => number): WorldOptions => ({
  journal: 'redis',
  shards: 1 + Math.floor(random() * 2),
});

/** An append is held, or its answer is. */
export async function untilHeld(round: Round): Promise<void> {
  const link = round.world.journalLink!;
  const fromMs = performance.now();
  // An append that was let through just before, and whose answer is mixed with others, cannot be told from outside.
  const isSure = () => link.heldAppends > 0 || performance.now() - fromMs > 1_000;
  await waitFor(() => link.heldBytes > 0 && isSure(), 20_000);
}

export async function killAndStart(round: Round): Promise<void> {
  await round.world.kill();
  round.world.journalLink?.drop();
  await round.world.start();
}

const answered = ['join', 'hold', 'checkout', 'release'] as const;

/** The server dies in the very step in which its client has read a yes. */
async function killAtYes(round: Round): Promise<void> {
  const { world, ledger, random } = round;
  const action = answered[Math.floor(random() * answered.length)]!;
  let left = 1 + Math.floor(random() * { join: 60, hold: 20, checkout: 12, release: 2 }[action]);
  round.note('after a', action);
  const { pid } = world.server;
  const died = new Promise<void>((resolve) => {
    ledger.onYes = (told) => {
      if (told !== action || --left > 0) return;
      process.kill(pid, 'SIGKILL');
      ledger.onYes = null;
      resolve();
    };
  });
  const overdue = wait(30_000, 'overdue', { ref: false });
  if ((await Promise.race([died, overdue])) === 'overdue') throw new Error(`there was no such ${action}`);
  await world.kill();
  await world.start();
}

export const steps: readonly Fault[] = [
  {
    name: 'kill-s0-received',
    row: '1',
    how: 'commands lie in the socket of a stopped server, which is then killed',
    holds: 'nothing happened; the same ids are fresh',
    weight: 3,
    world: either,
    async inject(round) {
      await round.until('holds', 4 + Math.floor(round.random() * 15));
      await freeze(round.world.server.pid);
      await waitFor(() => round.client.open >= 5);
      await round.world.kill();
      await round.world.start();
    },
  },
  {
    name: 'kill-s1-applied',
    row: '2',
    how: 'appends held on their way to the journal, kill -9, appends thrown away',
    holds: 'no reply was sent; the retry applies once',
    weight: 4,
    world: either,
    async inject(round) {
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      round.world.journalLink!.hold('requests', round.world.appends);
      await untilHeld(round);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s1-late',
    row: '2, 13',
    how: 'appends held on their way, kill -9, a successor starts, then the appends are delivered',
    holds: 'the journal refuses what comes from an older epoch',
    weight: 4,
    world: either,
    async inject(round) {
      const { world } = round;
      const link = world.journalLink!;
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      link.hold('requests', world.appends);
      await untilHeld(round);
      await world.kill();
      link.confine();
      round.note('late bytes', link.heldBytes);
      if (link.heldBytes === 0) round.fail('nothing was left to come late');
      await world.start();
      link.release();
    },
  },
  {
    name: 'kill-s2-journaled',
    row: '3, 21',
    how: 'answers of the journal held, kill -9',
    holds: 'the retry returns the stored result, the same hold id and expiry',
    weight: 4,
    world: either,
    async inject(round) {
      await round.until('holds', 3 + Math.floor(round.random() * 15));
      round.world.journalLink!.hold('replies', round.world.appends);
      await untilHeld(round);
      await killAndStart(round);
    },
  },
  {
    name: 'kill-s3-replied',
    row: '4',
    how: 'kill -9 in the step in which a client has read that its join, hold, checkout or release is done',
    holds: 'what was just said is there after the recovery, and a hold ends when its buyer was told',
    weight: 4,
    drop: { giveBack: 0.3 },
    world: either,
    inject: killAtYes,
  },
];
