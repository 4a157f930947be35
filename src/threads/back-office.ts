/** Entry point of the back office: projections of the journal into tables, and the effects that actors ask for. */
import { type EffectSettings, loadEffects, loadProjections } from '../features.ts';
import { createLog, type LogOptions } from '../ops/log.ts';
import { startStockReconciliation } from '../ops/stock-reconciliation.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { allPartitions, partitionOf } from '../protocol/address.ts';
import { evenSpread } from '../protocol/directory.ts';
import { busy } from '../protocol/peer.ts';
import { type ClockAnchor, startClock } from '../runtime/clock.ts';
import { startEffects } from '../runtime/effect-runner.ts';
import { Projector } from '../runtime/projector.ts';
import { startThread, threadData } from '../runtime/thread.ts';

export interface BackOfficeData {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly settings: EffectSettings;
  readonly shardCount: number;
  readonly clock: ClockAnchor;
  readonly log: LogOptions;
}

const data = threadData<BackOfficeData>();
const log = createLog(data.log, { room: 'back-office' });
const clock = startClock(data.clock);
const thread = startThread();
const pool = openPool(data.databaseUrl, { max: 4, name: 'back-office' });
const journal = await openJournal(data.redisUrl, pool, log);
const projector = new Projector({ projections: await loadProjections(), journal, pool, log });
projector.serve(allPartitions);
const directory = evenSpread(data.shardCount);
const effects = startEffects(await loadEffects(), {
  log,
  now: () => clock.now(),
  settings: data.settings,
});
const stockReconciliation = startStockReconciliation({
  pool,
  log,
  ask(sku, done) {
    const shard = thread.peer('shard', directory.ownerOf(partitionOf('sku', sku))!);
    if (shard) shard.request('sku', sku, { type: 'ReadStock' }, done);
    else done(busy);
  },
  lagSeconds() {
    const { seconds, halted } = projector.lag();
    return halted.length > 0 ? Number.POSITIVE_INFINITY : seconds;
  },
});

thread.ready(
  {
    onRequest: (kind, _key, command, reply) => effects.deliver(kind, command, reply),
    onPush({ body }) {
      const [partition, seq] = body as [number, number];
      projector.advance(partition, seq);
    },
    stats: () => ({
      metrics: [...effects.metrics(), ...projector.metrics(), ...stockReconciliation.metrics()],
      projector: projector.lag(),
    }),
    async stop() {
      // A question of its round may still be open: nobody waits for that.
      void stockReconciliation.stop();
      await effects.stop();
      await projector.stop();
      await journal.close();
      await pool.end();
      return true;
    },
  },
  null,
);
void projector.catchUp();
