/** Entry point of the back office: projections of the journal into tables, and calls to the payment provider. */

import type { PaymentCommand } from '../actors/payments/commands.ts';
import { createPayments } from '../market/payments/effects.ts';
import { createLog, type LogOptions } from '../ops/log.ts';
import { startStockReconciliation } from '../ops/stock-reconciliation.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { partitionOf } from '../protocol/address.ts';
import { evenSpread } from '../protocol/directory.ts';
import { busy } from '../protocol/peer.ts';
import { type ClockAnchor, startClock } from '../runtime/clock.ts';
import { createProjector } from '../runtime/projector.ts';
import { startThread, threadData } from '../runtime/thread.ts';

export interface BackOfficeData {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly stripe: { readonly secretKey: string | null; readonly sandboxUrl: string | null };
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
const projector = createProjector({ journal, pool, log });
const payments = createPayments({ stripe: data.stripe, log, now: () => clock.now() });
const directory = evenSpread(data.shardCount);
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
    onRequest(kind, _key, command, reply) {
      if (kind !== 'payments') return reply('not_found', null);
      payments.handle(command as PaymentCommand).then(
        ({ code, body }) => reply(code, body),
        (error) => {
          log('error', 'a payment command failed', { error: String(error) });
          reply('busy', null);
        },
      );
    },
    onPush({ body }) {
      const [partition, seq] = body as [number, number];
      projector.advance(partition, seq);
    },
    stats: () => ({
      payments: payments.counters(),
      projector: projector.lag(),
      stock: stockReconciliation.numbers(),
    }),
    async stop() {
      // A question of its round may still be open: nobody waits for that.
      void stockReconciliation.stop();
      await payments.stop();
      await projector.stop();
      await journal.close();
      await pool.end();
      return true;
    },
  },
  null,
);
void projector.catchUp();
