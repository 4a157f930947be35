/** A whole shard in this process, on real stores, with its projector: started, stopped in order, or dropped as by kill -9. */

import { setTimeout as wait } from 'node:timers/promises';
import type { StockView } from '../../src/actors/sku/commands.ts';
import { actorKinds, deciders, loadProjections } from '../../src/features.ts';
import { openJournal } from '../../src/persistence/journal/open.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import { createSnapshotStore } from '../../src/persistence/snapshots.ts';
import { allPartitions, evenSpread } from '../../src/protocol/address.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import { anchorClock, startClock, systemScheduler } from '../../src/runtime/clock.ts';
import { Projector } from '../../src/runtime/projector.ts';
import { Shard } from '../../src/runtime/shard.ts';
import { defaultShardLimits } from '../../src/runtime/shard-options.ts';
import { defaultSnapshotterLimits, Snapshotter } from '../../src/runtime/snapshotter.ts';
import { runNode } from '../system/server.ts';

export interface Engine {
  readonly halted: readonly { partition: number; reason: string }[];
  ask(kind: string, key: string, command: object): Promise<{ code: Code; body: unknown }>;
  stock(sku: string): Promise<StockView>;
  /** Everything that the journal has now is in the tables. */
  project(): Promise<void>;
  stop(): Promise<void>;
  /** No snapshot, no goodbye. */
  drop(): Promise<void>;
}

export type PaymentAsk = (command: AnyCommand, done: (code: Code, body: unknown) => void) => void;

export async function startEngine(
  databaseUrl: string,
  redisUrl: string | null,
  pay: PaymentAsk = (_, done) => done('busy', null),
): Promise<Engine> {
  const pool = openPool(databaseUrl, { max: 6, name: 'shard-0' });
  const journal = await openJournal(redisUrl, pool, () => {});
  const projector = new Projector({
    ...{ projections: await loadProjections(), kinds: actorKinds },
    ...{ journal, pool, log: () => {} },
  });
  projector.serve(allPartitions);
  const clock = startClock(anchorClock());
  const snapshots = createSnapshotStore(pool);
  const shard = new Shard({
    shard: 0,
    partitions: evenSpread(1).partitionsOf(0),
    owner: 'test',
    deciders,
    journal,
    snapshots,
    clock,
    scheduler: systemScheduler,
    ask: ({ command }, done) => pay(command, done),
    push: () => {},
    onDurable: (partition, seq) => snapshotter.advance(partition, seq),
    onRetired: () => {},
    onFatal: () => {},
    log: () => {},
    limits: defaultShardLimits,
  });
  const snapshotter = new Snapshotter({
    ...{ deciders, journal, store: snapshots, clock, scheduler: systemScheduler, log: () => {} },
    onSaved: (partition, seq) => shard.saved(partition, seq),
    limits: defaultSnapshotterLimits,
  });
  await shard.start();
  const ask = (kind: string, key: string, command: object) =>
    new Promise<{ code: Code; body: unknown }>((resolve) =>
      shard.deliver(kind, key, command as AnyCommand, (code, body) => resolve({ code, body })),
    );
  async function close() {
    await projector.stop();
    await journal.close();
    await pool.end();
  }
  return {
    halted: shard.stats().haltedPartitions,
    ask,
    async stock(sku) {
      const { code, body } = await ask('sku', sku, { type: 'ReadStock' });
      if (code !== 'ok') throw new Error(`${sku}: ${code}`);
      return body as StockView;
    },
    project: () => projector.catchUp(),
    async stop() {
      if (!(await shard.stop(10_000))) throw new Error('the shard did not stop in time');
      if (!(await snapshotter.stop(10_000))) throw new Error('not everything could be saved in time');
      await close();
    },
    async drop() {
      // No time at all: it only stops taking commands.
      await shard.stop(0);
      await close();
    },
  };
}

/** Runs one of our commands as a process of its own. */
export async function command(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = runNode([file, ...args], { LOG_LEVEL: 'error', ...env });
  const code = await child.exited;
  return { code, out: child.out(), err: child.err() };
}

export async function until<Value>(look: () => Promise<Value | null>, limitMs = 15_000): Promise<Value> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (performance.now() > untilMs) throw new Error(`not within ${limitMs} ms: ${look}`);
    await wait(10);
  }
}
