/** Two servers on the same data: the older one can write nothing, acknowledges nothing, and ends by itself. */
import { randomUUID } from 'node:crypto';
import { openPostgresJournal } from '../../src/persistence/journal/postgres.ts';
import { openRedisJournal } from '../../src/persistence/journal/redis.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import { encodeFrame } from '../../src/protocol/frame.ts';
import type { Journal } from '../../src/protocol/journal.ts';
import { type ServerProcess, waitFor } from '../system/server.ts';
import { guest, type Person } from '../system/shop.ts';
import type { Fault, Round } from './round.ts';
import { untilTillIsQuiet } from './till.ts';
import { freeze, type WorldOptions } from './world.ts';

const fencedCode = 3;
const quiet = () => {};

/** A second server starts while the first one sells. */
async function takeOver(round: Round): Promise<void> {
  const { world, ledger, crowd } = round;
  await round.until('holds', 4 + Math.floor(round.random() * 12));
  await untilTillIsQuiet(round);
  const older = world.server;
  const second = await world.startSecond();
  // Buyers are still at the older one: from here on it may say yes to nobody.
  const window = ledger.openWindow('the fenced server', 'silent');
  const readyAtMs = performance.now();
  // An owner learns of its successor when it appends: newcomers give it something to append.
  await waitFor(async () => {
    if (older.isRunning) await joinAt(round, older.url);
    return !older.isRunning;
  }, 20_000);
  window.untilMs = performance.now();
  round.note('older ended after ms', window.untilMs - readyAtMs);
  world.url = second.url;
  crowd.isTillClosed = false;
  await expectFenced(round, older);
}

/** A newcomer's join at the older server; a yes fails the round. */
async function joinAt({ client, crowd, fail }: Round, url: string, who?: Person): Promise<void> {
  const person = who ?? (await guest({ url }).catch(() => null));
  if (!person) return;
  const { status } = await client.once(
    {
      action: 'join at the older server',
      method: 'POST',
      path: `/v1/sales/${crowd.drop.saleId}/tickets`,
      token: person.token,
      body: { requestId: randomUUID() },
    },
    url,
  );
  if (status >= 200 && status < 300) fail(`the older server acknowledged a join (${status})`);
}

/** It has ended, or ends now; only by itself and for that reason. */
export async function expectFenced(round: Round, older: ServerProcess): Promise<void> {
  const { code } = await older.end('SIGKILL');
  if (code === fencedCode) return;
  // A code of null is a signal: ours, or a crash.
  round.fail(`the older server ended with ${code}, not ${fencedCode}: ${older.log().slice(-1_500)}`);
}

/** The owner is stopped, another takes over, the owner wakes up with its sockets full of requests. */
async function wakeZombie(round: Round): Promise<void> {
  const { world, client, crowd } = round;
  await round.until('holds', 4 + Math.floor(round.random() * 12));
  await untilTillIsQuiet(round);
  const newcomers = await Promise.all(Array.from({ length: 6 }, () => guest({ url: world.url })));
  const older = world.server;
  const thaw = await freeze(older.pid);
  // An owner that gives no sign of life needs no permission.
  const second = await world.startSecond({});
  world.url = second.url;
  crowd.isTillClosed = false;
  await round.until('orders', round.ledger.orders.size + 1);
  const asked = newcomers.map((person) => joinAt(round, older.url, person));
  await waitFor(() => client.open >= newcomers.length);
  const wokenAtMs = performance.now();
  await thaw();
  await Promise.all(asked);
  await waitFor(() => !older.isRunning, 20_000);
  round.note('zombie ended after ms', performance.now() - wokenAtMs);
  await expectFenced(round, older);
}

const appends = 10_000;
const partitions = Array.from({ length: 64 }, (_, partition) => partition);

/** Appends of an old epoch, thousands of them: none may be taken, and the streams stay as they were. */
async function appendStale(round: Round, open: (pool: ReturnType<typeof openPool>) => Promise<Journal>) {
  const { world } = round;
  const url = world.env.DATABASE_URL!;
  await migrate(url, quiet);
  const pool = openPool(url, { max: 4, name: 'shard-0' });
  const [older, newer] = [await open(pool), await open(pool)];
  try {
    const stale = await older.claim(partitions);
    const frame = (epoch: number, partition: number, seq: number) => ({
      partition,
      epoch,
      seq,
      bytes: encodeFrame(partition, epoch, seq, [
        { kind: 'sku', key: 'A', event: { type: `from ${epoch}` } },
      ]),
    });
    await older.append(stale.map(({ epoch, partition }) => frame(epoch, partition, 1)));
    const fresh = await newer.claim(partitions);
    let attempted = 0;
    let accepted = 0;
    const answers = new Set<string>();
    for (let turn = 0; attempted < appends; turn++) {
      // Beside the next number: numbers that were, and numbers far ahead.
      const seq = turn % 3 === 0 ? 2 : turn % 3 === 1 ? 1 : 3 + turn;
      const frames = stale
        .slice(0, appends - attempted)
        .map(({ epoch, partition }) => ({ ...frame(epoch, partition, seq), bytes: Buffer.from(`${turn}`) }));
      for (const outcome of await older.append(frames)) {
        attempted++;
        answers.add(outcome);
        if (outcome === 'ok') accepted++;
      }
    }
    round.note('stale appends', attempted);
    round.note('accepted', accepted);
    round.note('answers', [...answers].join('+'));
    if (accepted > 0) round.fail(`${accepted} stale appends were accepted`);
    const outcomes = await newer.append(fresh.map(({ epoch, partition }) => frame(epoch, partition, 2)));
    if (outcomes.some((outcome) => outcome !== 'ok')) round.fail(`the owner was refused: ${outcomes}`);
    for (const partition of partitions) {
      const frames = await newer.read(partition, 0, 10);
      const epochs = frames.map(({ epoch, seq }) => `${epoch}-${seq}`).join();
      const wanted = `${stale[partition]!.epoch}-1,${fresh[partition]!.epoch}-2`;
      if (epochs !== wanted) round.fail(`partition ${partition} holds ${epochs}, not ${wanted}`);
    }
  } finally {
    await Promise.all([older.close(), newer.close()]);
    await pool.end();
  }
}

const common = { row: '13, 14' } as const;
const on = (journal: 'redis' | 'postgres') => (): WorldOptions => ({ journal });

export const fencingFaults: readonly Fault[] = [
  ...(['redis', 'postgres'] as const).flatMap((journal): Fault[] => [
    {
      ...common,
      name: `takeover-${journal}`,
      how: `a second server starts on the same data while the first one sells, journal in ${journal}`,
      holds: 'the older one acknowledges nothing more and ends with code 3',
      weight: 3,
      world: on(journal),
      inject: takeOver,
    },
    {
      ...common,
      name: `zombie-${journal}`,
      how: `SIGSTOP of the owner, takeover by another server, SIGCONT, journal in ${journal}`,
      holds: 'the zombie acknowledges nothing and ends with code 3',
      weight: 3,
      world: on(journal),
      inject: wakeZombie,
    },
    {
      ...common,
      name: `stale-appends-${journal}`,
      how: `10,000 appends of an old epoch, attempted directly on the journal in ${journal}`,
      holds: 'none is accepted',
      weight: 1,
      hasCrowd: false,
      world: () => ({ journal, isStarted: false }),
      inject: (round) =>
        appendStale(round, (pool) =>
          journal === 'redis'
            ? openRedisJournal(round.world.env.REDIS_URL!, pool, quiet)
            : Promise.resolve(openPostgresJournal(pool)),
        ),
    },
  ]),
];
