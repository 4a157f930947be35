/**
 * The weak mode: a journal that acknowledges before it has flushed, and a power loss that takes what was not flushed.
 * What is asked of the engine: an owner that lives on writes the lost frames again, and goes on with nothing lost.
 * Whoever comes back to a tail that is shorter than what the database has seen keeps that partition closed, and does
 * not sell from it.
 */
import type { OrderState } from '../../src/actors/order/state.ts';
import type { SaleState } from '../../src/actors/sale/state.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import { partitionOf } from '../../src/protocol/address.ts';
import { drawShardCount } from './engine.ts';
import { prepare, type Run } from './run.ts';
import { Workload } from './workload.ts';
import type { Violation } from './world.ts';

export interface WeakResult {
  readonly seed: number;
  /** The process survived: only the journal's server lost its last moments. */
  readonly isOwnerAlive: boolean;
  /** Acknowledged tickets, holds and orders that the journal has lost. */
  readonly lost: number;
  /** Of those: in partitions that stay closed and say why. */
  readonly detected: number;
  /** Partitions that were opened although the database knows of frames that they no longer have. */
  readonly unnoticed: readonly number[];
  /** Partitions whose journal lost frames. */
  readonly cut: number;
  /** Partitions whose journal still ends before what was lost. */
  readonly short: number;
  readonly violation: Violation | null;
}

const flushEveryMs = 1_000;
const restoredWithinMs = 5_000;

export async function runWeak(seed: number): Promise<WeakResult> {
  const run = prepare({ seed });
  const { world, cluster, shop, totals } = run;
  const { loop, store } = world;
  store.isDurable = false;
  const random = world.random('weak');
  const isOwnerAlive = random.chance(0.5);
  const workload = new Workload(world, cluster, shop);
  const flush = () => {
    store.flush();
    loop.after(flushEveryMs, null, flush);
  };
  flush();
  cluster.start(drawShardCount(random), 0);
  await loop.run(200);
  workload.open();
  const steps = random.int(20, 120);
  while (totals.step++ < steps && !totals.violation) {
    workload.act();
    await loop.run(random.int(0, 300));
  }
  cluster.isLossExpected = true;
  totals.isMuted = true;
  if (!isOwnerAlive) cluster.restart(drawShardCount(random), 0, 100);
  // A server that has died breaks its connections.
  const lost = store.loseTail();
  const halting = lost.filter(({ partition, fromSeq }) => store.seenSeq(partition, 0) >= fromSeq);
  while (!cluster.isReady && !totals.violation) await loop.run(1_000);
  if (isOwnerAlive) await loop.run(restoredWithinMs);
  const short = lost.filter(({ partition, toSeq }) => store.stream(partition).tailSeq < toSeq);
  const halted = new Set(
    cluster.living.flatMap(({ shard }) => shard.stats().haltedPartitions.map(({ partition }) => partition)),
  );
  const unnoticed: number[] = [];
  for (const { partition } of isOwnerAlive ? [] : halting)
    if (!halted.has(partition)) unnoticed.push(partition);
  const missing = missingPartitions(run, new Set(lost.map(({ partition }) => partition)));
  const detected = missing.filter((partition) => halted.has(partition)).length;
  return {
    seed,
    isOwnerAlive,
    lost: missing.length,
    detected,
    unnoticed,
    cut: lost.length,
    short: short.length,
    violation: totals.violation,
  };
}

/** The partition of everything acknowledged that is in no memory after recovery; once for each. */
function missingPartitions({ cluster, shop }: Run, lostPartitions: ReadonlySet<number>): number[] {
  const missing: number[] = [];
  const look = (kind: string, key: string, isThere: (state: unknown) => boolean) => {
    const partition = partitionOf(kind, key);
    if (!lostPartitions.has(partition)) return;
    const state = cluster.living.map(({ states }) => states.get(`${kind}/${key}`)?.state).find(Boolean);
    if (state === undefined || !isThere(state)) missing.push(partition);
  };
  const { tickets, holds, orders } = shop.ledger;
  for (const [ticketId, { saleId, buyerId }] of tickets)
    look('sale', saleId, (state) => (state as SaleState).tickets.byId(buyerId, ticketId) > 0);
  for (const [holdId, { sku, quantity }] of holds)
    if (quantity !== null) look('sku', sku, (state) => (state as SkuState).holds.has(holdId));
  for (const [orderId, { isAcknowledged }] of orders)
    if (isAcknowledged) look('order', orderId, (state) => (state as OrderState).placed !== null);
  return missing;
}
