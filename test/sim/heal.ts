/**
 * The end of every run: all trouble is over, and everything must come to rest. Orders end, messages are answered,
 * holds resolve, the queue moves, the till agrees with the shelf; and after one more restart all of it is still so.
 */
import type { OrderState } from '../../src/actors/order/state.ts';
import type { SaleState } from '../../src/actors/sale/state.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import { checkRecovered } from './check-state.ts';
import { drawShardCount } from './engine.ts';
import type { Instance } from './instance.ts';
import type { Run } from './run.ts';
import type { Shadow } from './world.ts';

const restMaxMs = 600_000;
/** Journal, timer and turn together take less. */
const lateMaxMs = 2_000;
/** The outbox looks this often, at the latest, whether something is still pending. */
const settleMs = 8_000;

export async function heal(run: Run): Promise<void> {
  const { world, cluster, shop } = run;
  world.trace(() => 'all trouble ends');
  shop.isPatient = true;
  cluster.endZombies();
  cluster.hosts.endGuest();
  for (const instance of cluster.living) {
    instance.frozenUntilMs = 0;
    instance.crashPoint = null;
  }
  if (cluster.engine) cluster.engine.snapshots.frozenUntilMs = 0;
  if (!cluster.engine) cluster.restart(2, 0, 0);
  cluster.restartHalted();
  await until(run, 'the shards come back', () => cluster.isReady && cluster.hosts.isWhole && shop.open === 0);
  // Within the longest pause of a Tick.
  await until(run, 'every actor decides again', () =>
    cluster.living.every(({ shard }) => shard.stats().poisonedActors.length === 0),
  );
  for (const saleId of shop.sales.keys()) shop.steer(saleId, 'ResumeSale');
  await until(
    run,
    'every order ends and no message is pending',
    () => ordersAtRest(run) && queuesAtRest(run),
  );
  await world.loop.run(settleMs);
  checkHoldsInTime(run);
  for (const saleId of shop.sales.keys()) shop.steer(saleId, 'CloseSale');
  await until(run, 'every sale ends and gives its units back', () => {
    // A sale may have come to be only now, by a message that was long under way.
    if (shop.open === 0)
      for (const [saleId, sale] of world.model.sales) if (!sale.isEnded) shop.steer(saleId, 'CloseSale');
    return shop.open === 0 && allAtRest(run);
  });
  shop.audit();
  await world.loop.run(settleMs);
  await until(run, 'every question is answered', () => shop.open === 0);
  // An order that was undone may hear of its payment late: webhooks are sent again until they are heard.
  const isVoided = () => run.provider.payments.every(({ status }) => status !== 'authorized');
  // So may one whose money somebody else gave back.
  const isKnown = () =>
    run.provider.payments.every(({ orderId, refunded }) => world.model.order(orderId).refunded === refunded);
  await until(
    run,
    'nothing is under way, no authorisation is left open, every refund is known',
    () => cluster.living.every(isIdle) && isVoided() && isKnown(),
  );
  checkSoldAndPaid(run);
  checkHeard(run);
  for (const { reason } of cluster.engine?.snapshots.snapshotter.stats().halted ?? [])
    world.fail('the snapshotter can read what the shards wrote', reason);
  for (const instance of cluster.living) checkRecovered(world, instance);
  if (world.loop.isStopped) return;
  cluster.restart(drawShardCount(world.random('heal')), -60_000, 10);
  await until(run, 'a last restart recovers everything', () => cluster.isReady && cluster.hosts.isWhole);
  shop.audit();
  await until(run, 'everything acknowledged is found', () => shop.open === 0);
  for (const instance of cluster.living) checkRecovered(world, instance);
}

async function until(run: Run, what: string, isDone: () => boolean): Promise<void> {
  const { loop, fail } = run.world;
  const untilMs = loop.nowMs + restMaxMs;
  while (!loop.isStopped && !isDone()) {
    if (loop.nowMs > untilMs) {
      fail('everything comes to rest', `${what}: not within ${restMaxMs / 1000} s\n${unrest(run)}`);
      return;
    }
    run.provider.tellAll();
    await loop.run(2_000);
  }
}

function isIdle({ shard }: Instance): boolean {
  const { outboxDepth, mailboxDepth } = shard.stats();
  return outboxDepth + mailboxDepth === 0;
}

function states({ cluster }: Run): Map<string, Shadow> {
  return new Map(cluster.living.flatMap((instance) => [...instance.states]));
}

function isPending({ decider, state }: Shadow): boolean {
  if (decider.kind === 'sku' && (state as SkuState).reportDueMs < Number.POSITIVE_INFINITY) return true;
  return decider.pendingMessages(state).length > 0;
}

function ordersAtRest(run: Run): boolean {
  for (const order of run.world.model.orders.values()) if (!order.isTerminal) return false;
  for (const actor of states(run).values()) if (isPending(actor)) return false;
  return true;
}

/** Whoever waits, waits for units: none is free that nobody is admitted to. */
function queuesAtRest(run: Run): boolean {
  for (const { decider, state } of states(run).values()) {
    if (decider.kind !== 'sale') continue;
    const { phase, tickets, items } = state as SaleState;
    if (phase !== 'active' || tickets.waitingCount === 0) continue;
    for (const item of items.values()) if (item.available + item.held > 0) return false;
  }
  return true;
}

function allAtRest(run: Run): boolean {
  for (const actor of states(run).values()) {
    if (isPending(actor)) return false;
    if (actor.decider.kind === 'sku') {
      const { held, allotted } = actor.state as SkuState;
      if (held + allotted > 0) return false;
    }
    if (actor.decider.kind === 'sale') {
      const { phase, active } = actor.state as SaleState;
      if (phase !== 'ended' || active.size > 0) return false;
    }
  }
  return true;
}

function unrest(run: Run): string {
  const lines: string[] = [];
  for (const [name, actor] of states(run)) {
    const pending = actor.decider.pendingMessages(actor.state).map(({ id }) => id);
    if (pending.length > 0) lines.push(`${name} has pending ${pending.join(', ')}`);
    if (actor.decider.kind === 'sku') {
      const { held, allotted } = actor.state as SkuState;
      lines.push(`${name} ${held} held, ${allotted} set aside`);
    }
    if (actor.decider.kind !== 'sale') continue;
    const { phase, tickets, active, items } = actor.state as SaleState;
    const units = [...items.values()].map(
      ({ sku, available, held, allocation }) => `${sku} ${allocation} ${available}+${held}`,
    );
    lines.push(`${name} ${phase}, ${tickets.waitingCount} wait, ${active.size} admitted, ${units}`);
  }
  for (const [orderId, order] of run.world.model.orders)
    if (!order.isTerminal) lines.push(`${orderId} ${order.status}`);
  for (const payment of run.provider.payments)
    if (payment.status === 'authorized') lines.push(JSON.stringify(payment));
  lines.push(`${run.shop.open} requests open; shards ready: ${run.cluster.isReady}`);
  return lines.join('\n');
}

/** In calm times a hold that still lives has its time before it. */
function checkHoldsInTime({ world, cluster }: Run): void {
  const nowMs = cluster.engineNow();
  for (const [sku, stock] of world.model.skus) {
    for (const { holdId, state, expiresAtMs } of stock.holds.values()) {
      const isLive = state === 'held' || state === 'committing';
      if (isLive && expiresAtMs < nowMs - lateMaxMs)
        world.fail('holds end in time', `${sku} ${holdId} ${state}: ${nowMs - expiresAtMs} ms late`);
    }
  }
}

/** A sale knows in the end what became of its units, from reports that may come late, twice or not at all. */
function checkHeard({ world }: Run): void {
  const { skus, sales } = world.model;
  for (const [saleId, { reports }] of sales) {
    for (const [sku, { available, held, sold }] of reports) {
      const stock = skus.get(sku);
      if (!stock?.allocations.has(saleId)) continue;
      const wasSold = stock.units((hold) => hold.saleId === saleId && hold.state === 'committed');
      if (available !== 0 || held !== 0 || sold !== wasSold)
        world.fail(
          'a sale knows its units',
          `${saleId} ${sku}: ${available}+${held}+${sold}, sold ${wasSold}`,
        );
    }
  }
}

/** The till against the shelf: what was captured was sold, once, and nothing else. */
function checkSoldAndPaid(run: Run): void {
  const { world, provider, shop } = run;
  const { model, fail } = world;
  const soldBySku = new Map<string, number>();
  for (const [orderId, order] of model.orders) {
    const payments = provider.of(orderId);
    const show = () => `order ${orderId} ${order.status}: ${JSON.stringify(payments)}`;
    const captured = payments.filter(({ status }) => status === 'captured');
    if (order.status !== 'confirmed') {
      // Where a bank sent the money back, the order says that it is here.
      if (captured.some(({ hasBounced }) => !hasBounced || !order.isKept))
        fail('who gets nothing pays nothing', show());
      continue;
    }
    if (captured.length !== 1 || captured[0]!.amount.amount !== order.total?.amount)
      fail('confirmed is captured once', show());
    for (const [holdId, { sku }] of order.lines) {
      const hold = model.sku(sku).holds.get(holdId);
      if (hold?.state !== 'committed' || hold.orderId !== orderId)
        fail('confirmed is sold', `${show()} ${holdId}`);
      soldBySku.set(sku, (soldBySku.get(sku) ?? 0) + (hold?.quantity ?? 0));
    }
  }
  for (const [sku, stock] of model.skus) {
    if (stock.sold !== (soldBySku.get(sku) ?? 0))
      fail('sold is confirmed', `${sku}: ${stock.sold} sold, ${soldBySku.get(sku) ?? 0} in confirmed orders`);
    const adjusted = shop.ledger.adjustments.get(sku);
    for (const [adjustmentId, delta] of adjusted ?? [])
      if (stock.adjustments.get(adjustmentId) !== delta)
        fail('no acknowledged command is lost', adjustmentId);
  }
  for (const [name, { decider, state }] of states(run)) {
    if (decider.kind !== 'order') continue;
    const { orderId, status, payment } = state as OrderState;
    if (status === 'confirmed' && payment !== 'captured')
      fail('confirmed is captured once', `${name} ${orderId}`);
  }
}
