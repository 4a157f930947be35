/**
 * The disk under a store is full. Redis with `appendfsync always` ends itself then, as often as its service manager
 * brings it back; with `everysec` it refuses writes. PostgreSQL refuses what needs a new page, and ends itself when it
 * needs a new segment of its log. All of them go on when there is space again; our server is never restarted.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { isAlive, waitFor } from '../system/server.ts';
import { longDrop, mustGoOn, outage, untilCaughtUp } from './outage.ts';
import type { Fault, Round } from './round.ts';

const fullSeconds = 4;
/** A store that was ended comes back first; one that refuses looks at its disk again once a second. */
const resumeMsMax = 4_000;
const reviveEveryMs = 300;

/** What a service manager does: a Redis that has ended is started again, until told to stop. */
function revive({ world }: Round): { stop(): Promise<number> } {
  let isOver = false;
  let revived = 0;
  const work = (async () => {
    while (!isOver) {
      await wait(reviveEveryMs);
      const { server } = world.redis!;
      if (isAlive(server.pid)) continue;
      revived++;
      // On a full disk it may end at once.
      await server.resume().catch(() => {});
    }
  })();
  return {
    async stop() {
      isOver = true;
      await work;
      return revived;
    },
  };
}

/** Somebody has been refused for it. */
async function untilRefused({ ledger }: Round): Promise<void> {
  const fromMs = performance.now();
  await waitFor(() => ledger.attempts.some((one) => one.sentAtMs > fromMs && one.status === 503), 20_000);
}

async function redisFull(round: Round): Promise<void> {
  await round.until('holds', 4);
  const serviceManager = revive(round);
  try {
    await outage(round, {
      name: 'Redis disk full',
      seconds: fullSeconds,
      // A small frame may still fit into the last page.
      kind: 'refusing',
      resumeMsMax,
      async begin() {
        await round.world.disk!.fill();
        await untilRefused(round);
      },
      end: () => round.world.disk!.clear(),
    });
  } finally {
    round.note('Redis ended', await serviceManager.stop());
  }
}

/** PostgreSQL comes to need a new segment of its log, and cannot go on without. */
async function needSegments({ world }: Round): Promise<void> {
  const client = new pg.Client({ connectionString: await world.tablesUrl() });
  client.on('error', () => {});
  try {
    await client.connect();
    for (let segment = 0; segment < 4; segment++) {
      await client.query("select pg_logical_emit_message(false, 'faults', 'one more')");
      await client.query('select pg_switch_wal()');
    }
  } catch {
    // It has ended: that was wanted.
  } finally {
    await client.end().catch(() => {});
  }
}

async function postgresFull(round: Round): Promise<void> {
  const { world } = round;
  const isJournal = world.redis === null;
  const isLogFull = round.random() < 0.5;
  round.note('full for', isLogFull ? 'its log' : 'pages');
  await round.until('holds', 4);
  const window = await outage(round, {
    name: 'PostgreSQL disk full',
    seconds: fullSeconds,
    kind: isJournal ? 'refusing' : 'serving',
    resumeMsMax,
    async begin() {
      await world.disk!.fill();
      if (isLogFull) await needSegments(round);
      if (isJournal) await untilRefused(round);
    },
    async end() {
      round.note('PostgreSQL', world.databaseServer.isRunning ? 'lived' : 'ended');
      await world.disk!.clear();
      await world.databaseServer.resume();
      world.databaseLink!.retarget(world.databaseServer.port);
    },
  });
  if (!isJournal) mustGoOn(round, window);
  await untilCaughtUp(round);
}

export const diskFaults: readonly Fault[] = [
  {
    name: 'redis-disk-full',
    row: '19',
    how: "Redis's disk full for 4 s and more, appendfsync always (it ends itself) or everysec (it refuses)",
    holds: 'as stopped; goes on by itself when there is space',
    weight: 3,
    drop: longDrop(6),
    world: (random) => ({
      journal: 'redis',
      onSmallDisk: 'redis',
      redis: { appendfsync: random() < 0.6 ? 'always' : 'everysec' },
    }),
    inject: redisFull,
  },
  {
    name: 'postgres-disk-full',
    row: '25',
    how: "PostgreSQL's disk full for 4 s and more, with the journal in it or in Redis",
    holds: 'with the journal in it as stopped, else the sale goes on; tables catch up',
    weight: 3,
    drop: longDrop(6),
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres', onSmallDisk: 'postgres' }),
    inject: postgresFull,
  },
];
