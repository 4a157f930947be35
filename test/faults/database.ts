/** PostgreSQL: away, slow, silent, cut off. With the journal in Redis the sale goes on; with its own it is refused. */
import { setTimeout as wait } from 'node:timers/promises';
import { longDrop, mustGoOn, outage, untilCaughtUp } from './outage.ts';
import type { Fault, Round } from './round.ts';

async function stopped(round: Round, seconds: number): Promise<void> {
  const { world } = round;
  await round.until('holds', 3 + Math.floor(round.random() * 4));
  const window = await outage(round, {
    name: 'PostgreSQL stopped',
    seconds,
    kind: world.redis ? 'serving' : 'silent',
    begin: () => world.databaseServer.halt(),
    async end() {
      await world.databaseServer.resume();
      world.databaseLink!.retarget(world.databaseServer.port);
    },
  });
  if (world.redis) mustGoOn(round, window);
  await untilCaughtUp(round);
}

export const databaseFaults: readonly Fault[] = [
  {
    name: 'postgres-stopped',
    row: '23',
    how: 'PostgreSQL stopped for 4 to 10 s, journal in Redis',
    holds: 'joins, holds and checkouts go on; snapshots and tables catch up',
    weight: 4,
    drop: longDrop(8),
    world: (random) => ({ journal: 'redis', shards: 1 + Math.floor(random() * 2) }),
    inject: (round) => stopped(round, 4 + Math.round(round.random() * 6)),
  },
  {
    name: 'postgres-stopped-300s',
    row: '23',
    how: 'the same for 5 minutes',
    holds: 'the same',
    weight: 0,
    drop: longDrop(27),
    secondsMax: 460,
    world: () => ({ journal: 'redis' }),
    inject: (round) => stopped(round, 300),
  },
  {
    name: 'postgres-journal-stopped',
    row: '15, 23',
    how: 'PostgreSQL stopped for 3 to 8 s, with the journal in it',
    holds: 'refusals within 250 ms, nothing acknowledged, service within 2 s of the return',
    weight: 3,
    drop: longDrop(6),
    world: (random) => ({ journal: 'postgres', shards: 1 + Math.floor(random() * 2) }),
    inject: (round) => stopped(round, 3 + Math.round(round.random() * 5)),
  },
  {
    name: 'postgres-silent',
    row: '24, 25',
    how: 'PostgreSQL answers nothing for 5 s while connections stay, journal in Redis',
    holds: 'waits are bounded; the sale goes on',
    weight: 2,
    drop: longDrop(6),
    world: () => ({ journal: 'redis' }),
    async inject(round) {
      const link = round.world.databaseLink!;
      await round.until('holds', 4);
      const window = await outage(round, {
        name: 'PostgreSQL silent',
        seconds: 5,
        kind: 'serving',
        begin: async () => link.hold('replies'),
        end: async () => link.release(),
      });
      mustGoOn(round, window);
      await untilCaughtUp(round);
    },
  },
  {
    name: 'postgres-slow',
    row: '24',
    how: 'every answer of PostgreSQL comes 50 to 300 ms later for 5 s, either journal',
    holds: 'what is accepted is true; nothing piles up',
    weight: 2,
    drop: longDrop(6),
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres' }),
    async inject(round) {
      const link = round.world.databaseLink!;
      const ms = 50 + Math.round(round.random() * 250);
      await round.until('holds', 3);
      round.note('latency ms', ms);
      await outage(round, {
        name: 'PostgreSQL slow',
        seconds: 5,
        kind: 'serving',
        begin: async () => link.delay(ms / 2),
        end: async () => link.delay(0),
      });
    },
  },
  {
    name: 'postgres-reply-lost',
    row: '21',
    how: 'connections cut after the statement, before its answer, six times, journal in PostgreSQL',
    holds: 'an append whose answer was lost is recognised as our own: once',
    weight: 4,
    world: () => ({ journal: 'postgres' }),
    async inject(round) {
      const link = round.world.databaseLink!;
      for (let time = 1; time <= 6; time++) {
        await round.until('holds', time * 3);
        link.loseReplies(round.world.appends);
        await wait(30 + round.random() * 100);
        link.release();
      }
      round.note('replies lost', link.lostReplies);
      if (link.lostReplies === 0) round.fail('no reply was lost');
    },
  },
];
