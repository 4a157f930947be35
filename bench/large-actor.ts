/**
 * One SKU with a million live holds, saved in PostgreSQL, and a shard that comes back: when its other partitions are
 * open, when that SKU's is, and for how long the thread did nothing else in one piece. The real Shard, one thread.
 */
import { randomUUID } from 'node:crypto';
import { skuDecider } from '../src/actors/sku/decide.ts';
import type { SkuEvent } from '../src/actors/sku/events.ts';
import { openPostgresJournal } from '../src/persistence/journal/postgres.ts';
import { createSnapshotStore } from '../src/persistence/snapshots.ts';
import { partitionOf } from '../src/protocol/address.ts';
import { register } from '../src/protocol/decider.ts';
import { encodeFrame } from '../src/protocol/frame.ts';
import { runToEnd } from '../src/protocol/slices.ts';
import { encodeState } from '../src/runtime/saved-state.ts';
import { testDatabase } from '../test/persistence/support.ts';
import { loneShard, type Stores } from './lone-shard.ts';
import { type Measurement, seriesOf } from './measure.ts';

const holds = 1_000_000;
const rounds = 3;
const key = 'SKU-1';
const partition = partitionOf('sku', key);
const at = 1_800_000_000_000;
const saleId = `sal_${randomUUID()}`;
const price = { amount: 49_900, currency: 'USD' };

function* events(): Generator<SkuEvent> {
  const terms = { saleId, quantity: holds, price, purchaseLimit: 4, holdSeconds: 300, atMs: at };
  const first = { productId: `prd_${randomUUID()}`, sellerId: 'acc_1', title: 'Thing', price, stock: holds };
  yield { type: 'SkuRegistered', ...first, atMs: at };
  yield { type: 'AllotmentOpened', ...terms };
  for (let n = 0; n < holds; n++) {
    const placedAtMs = at + Math.floor(n / 20);
    const hold = {
      holdId: randomUUID(),
      saleId,
      buyerId: `acc_${randomUUID()}`,
      ticketNumber: n + 1,
      quantity: 1,
    };
    yield { type: 'HoldPlaced', ...hold, expiresAtMs: placedAtMs + 3_600_000, atMs: placedAtMs };
  }
}

async function fill({ journal, snapshots }: Stores): Promise<number> {
  const state = skuDecider.initial(key);
  for (const event of events()) skuDecider.evolve(state, event);
  const saved = runToEnd(encodeState(register(skuDecider), state));
  const [{ epoch } = { epoch: 0 }] = await journal.claim([partition]);
  await journal.append([{ partition, epoch, seq: 1, bytes: encodeFrame(partition, epoch, 1, []) }]);
  const actors = [{ kind: 'sku', key, version: skuDecider.version, seq: 1, ...saved }];
  await snapshots.save({ partition, fromSeq: 0, toSeq: 1, actors, engineMs: at });
  return saved.blocks!.reduce((sum, { bytes }) => sum + bytes!.length, saved.state.length);
}

interface Start {
  readonly othersMs: number;
  readonly allMs: number;
  readonly cpuMs: number;
  readonly heldUpMs: number;
}

async function start(stores: Stores): Promise<Start> {
  const shard = loneShard(stores, { clock: { now: () => at + 60_000, advanceTo: () => {} } });
  const startedAtMs = performance.now();
  const cpu = process.cpuUsage();
  const since = () => performance.now() - startedAtMs;
  let [othersMs, heldUpMs, lookedAtMs] = [0, 0, startedAtMs];
  const started = shard.start().then(() => {
    othersMs = since();
  });
  while (!shard.searched().includes(partition)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    heldUpMs = Math.max(heldUpMs, performance.now() - lookedAtMs);
    lookedAtMs = performance.now();
  }
  const allMs = since();
  await started;
  const { user, system } = process.cpuUsage(cpu);
  await shard.stop(5_000);
  return { othersMs, allMs, cpuMs: (user + system) / 1000, heldUpMs };
}

export async function run(): Promise<Measurement> {
  const database = await testDatabase();
  try {
    const stores = () => ({
      journal: openPostgresJournal(database.pool),
      snapshots: createSnapshotStore(database.pool),
    });
    const bytes = await fill(stores());
    const starts: Start[] = [];
    for (let n = 0; n < rounds; n++) starts.push(await start(stores()));
    const of = (arm: string, take: (one: Start) => number) =>
      seriesOf(
        arm,
        's',
        starts.map((one) => take(one) / 1000),
      );
    const all = of('the SKU is open', ({ allMs }) => allMs);
    return {
      name: 'a large actor',
      question: 'when a shard with one SKU of a million live holds is back, and how long it is held up',
      load: `one SKU with ${holds.toLocaleString('en-US')} live holds in ${Math.round(bytes / 1e6)} MB, 63 empty partitions`,
      doesNotMeasure: [
        'process start, migrations and threads',
        'frames after the snapshot',
        'traffic meanwhile',
      ],
      series: [
        of('the other partitions are open', ({ othersMs }) => othersMs),
        all,
        of('processor time', ({ cpuMs }) => cpuMs),
        of('longest time without a turn', ({ heldUpMs }) => heldUpMs),
      ],
      ratios: [{ name: 'the SKU is open, seconds', value: all.median, wanted: '<= 5' }],
      skipped: [],
    };
  } finally {
    await database.close();
  }
}
