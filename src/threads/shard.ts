/** Entry point of a shard thread: the real clock, journal and peers around one Shard. */

import { deciders } from '../features.ts';
import { createLog, type LogOptions } from '../ops/log.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { createSnapshotStore } from '../persistence/snapshots.ts';
import { type Address, partitionOf } from '../protocol/address.ts';
import type { AnyCommand } from '../protocol/command.ts';
import { evenSpread } from '../protocol/directory.ts';
import { type ClockAnchor, startClock } from '../runtime/clock.ts';
import type { ReplyTo } from '../runtime/mailbox.ts';
import { systemScheduler } from '../runtime/scheduler.ts';
import { defaultShardLimits, Shard } from '../runtime/shard.ts';
import { startThread, threadData } from '../runtime/thread.ts';

export interface ShardData {
  readonly shard: number;
  readonly shardCount: number;
  /** Names this process among those that may own the data. */
  readonly owner: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly clock: ClockAnchor;
  readonly log: LogOptions;
}

const data = threadData<ShardData>();
const log = createLog(data.log, { shard: data.shard });
const thread = startThread();
const pool = openPool(data.databaseUrl, { max: 4, name: `shard-${data.shard}` });
const journal = await openJournal(data.redisUrl, pool, log);

const snapshots = createSnapshotStore(pool);
const directory = evenSpread(data.shardCount);
const shard = new Shard({
  shard: data.shard,
  partitions: directory.partitionsOf(data.shard),
  owner: data.owner,
  deciders,
  journal,
  snapshots,
  passivated: snapshots,
  clock: startClock(data.clock),
  scheduler: systemScheduler,
  ask,
  push(push) {
    for (const gateway of thread.peers('gateway')) gateway.push(push);
  },
  onDurable(partition, seq) {
    const push = { topic: 'journal', type: 'journal.advanced', body: [partition, seq] };
    for (const role of ['back-office', 'snapshotter'] as const)
      for (const peer of thread.peers(role)) peer.push(push);
  },
  onFatal: (reason, isFenced) => (isFenced ? thread.retired(reason) : thread.fatal(reason)),
  log,
  limits: defaultShardLimits,
});

function ask(address: Address, command: AnyCommand, done: ReplyTo): void {
  const peer =
    address.kind === 'payments'
      ? thread.peer('back-office', 0)
      : thread.peer('shard', directory.ownerOf(partitionOf(address.kind, address.key))!);
  if (!peer) done('busy', null);
  else peer.request(address.kind, address.key, command, ({ code, body }) => done(code, body));
}

const report = await shard.start();
log('info', 'shard recovered', { ...report });

thread.ready(
  {
    onRequest(kind, key, command, reply) {
      if (kind === 'shard') askShard(command as { type: string; kind?: string; name?: string }, reply);
      else shard.deliver(kind, key, command, reply);
    },
    // From the snapshotter: how far a partition is saved.
    onPush({ body }) {
      const [partition, seq] = body as [number, number];
      shard.saved(partition, seq);
    },
    stats: () => ({ ...shard.stats(), metrics: shard.metrics() }),
    async stop(graceMs) {
      const isClean = await shard.stop(graceMs);
      await journal.close();
      await pool.end();
      return isClean;
    },
  },
  { ...report, durability: journal.durability, isDurable: journal.isDurable },
);

/** Questions about the shard itself, addressed to `shard/<index>`. */
function askShard(command: { type: string; kind?: string; name?: string }, reply: ReplyTo): void {
  if (command.type === 'FindName') findName(command.kind!, command.name!, reply);
  else if (command.type === 'ReadPositions') reply('ok', shard.positions());
  else if (command.type === 'ReadStats') reply('ok', shard.stats());
  else reply('not_found', null);
}

function findName(kind: string, name: string, reply: ReplyTo): void {
  const key = shard.find(kind, name);
  if (key === null && !shard.isWhole) reply('busy', null);
  else reply('ok', { key });
}
