/**
 * Whatever the network and the provider do to a few orders that compete for the same units, everything ends well:
 * a safety phase with any faults, then a liveness phase without.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OrderView } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { Card, Payment } from './provider.ts';
import { OrderWorld } from './world.ts';

type Fault =
  | { type: 'deliver'; index: number; how: 'once' | 'twice' | 'never' }
  | { type: 'resend' }
  | { type: 'advance'; byMs: number }
  | { type: 'cancel'; orderId: string }
  | { type: 'report'; index: number; isStale: boolean }
  | { type: 'giveBack'; index: number; share: number }
  | { type: 'sendBack'; index: number }
  | { type: 'steal'; sku: string }
  | { type: 'restart' };

const orderIds = ['o1', 'o2'] as const;

const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      type: fc.constant('deliver' as const),
      index: fc.nat({ max: 59 }),
      how: fc.constantFrom(
        'once' as const,
        'once' as const,
        'once' as const,
        'twice' as const,
        'never' as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'resend' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      byMs: fc.constantFrom(10, 10, 10, 1_000, 1_000, 59_900, 100_000, 160_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('cancel' as const), orderId: fc.constantFrom(...orderIds) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('report' as const),
      index: fc.nat({ max: 9 }),
      isStale: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('giveBack' as const),
      index: fc.nat({ max: 9 }),
      share: fc.constantFrom(0.2, 0.5, 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('sendBack' as const), index: fc.nat({ max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('steal' as const), sku: fc.constantFrom('X', 'Y') }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'restart' as const }) },
);

const card: fc.Arbitrary<Card> = fc.record({
  authorize: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'payment_declined', 'payment_failed'),
  canCapture: fc.constantFrom(true, true, true, false),
});

function suffer(world: OrderWorld, each: Fault): void {
  switch (each.type) {
    case 'deliver':
      world.deliver(each.index, each.how);
      break;
    case 'resend':
      world.resend();
      break;
    case 'advance':
      world.advance(each.byMs);
      break;
    case 'cancel':
      world.order(each.orderId, { type: 'CancelOrder', buyerId: null });
      break;
    case 'report':
      world.report(each.index, each.isStale);
      break;
    case 'giveBack':
      world.provider.giveBack(each.index, each.share);
      break;
    case 'sendBack':
      world.provider.sendBack(each.index);
      break;
    case 'steal':
      world.steal(each.sku);
      break;
    case 'restart':
      world.restart();
      break;
  }
}

/** Who gets nothing pays nothing; where the bank sent the money back, it is said to be here. */
function expectUndone(view: OrderView, payments: readonly Payment[]): void {
  for (const { status, hasBounced, refunded } of payments) {
    expect(['voided', 'refunded', 'declined', hasBounced && 'captured']).toContain(status);
    if (status !== 'captured') continue;
    expect(view.status).toBe('cancelled');
    expect(view.paymentStatus).toBe(refunded > 0 ? 'partially_refunded' : 'captured');
    expect(view.refunded!.amount).toBe(refunded);
  }
}

/** Money, stock and order tell the same story, and nothing is left over. */
function expectRest(world: OrderWorld): void {
  let bought = 0;
  for (const orderId of orderIds) {
    expect(orderDecider.pendingMessages(world.orders.get(orderId)!)).toEqual([]);
    const view = world.view(orderId);
    const paid = world.provider.of(orderId).map((payment) => payment.status);
    const units = world.unitsOf(orderId);
    if (view.status === 'confirmed') {
      bought++;
      if (world.shape === 'free')
        expect([...paid, view.paymentStatus, view.total!.amount]).toEqual(['none', 0]);
      else expectPaid(view, world.provider.of(orderId));
      expect(world.told.has(orderId)).toBe(world.shape !== 'holds');
      expect(units.map((hold) => hold.state)).toEqual(['committed', 'committed']);
      expect(units.map((hold) => hold.holdId)).toEqual(view.lines.map((line) => line.holdId));
    } else {
      expect(['payment_failed', 'expired', 'cancelled', 'refunded']).toContain(view.status);
      expectUndone(view, world.provider.of(orderId));
      expect(view.status === 'refunded').toBe(paid.includes('refunded'));
      expect(units).toEqual([]);
    }
  }
  for (const sku of world.skus.keys()) {
    const left = 3 - bought;
    const [allotted, available] = world.isInDrop(sku) ? [left, 0] : [0, left];
    expect(world.stock(sku)).toMatchObject({ onHand: 3, held: 0, sold: bought, allotted, available });
  }
  // Exactly those that were bought use the coupon.
  if (world.shape !== 'holds') expect(world.coupon).toMatchObject({ used: bought, reserved: 0 });
}

function expectPaid(view: OrderView, payments: readonly Payment[]): void {
  expect(payments.map(({ status }) => status)).toEqual(['captured']);
  const { amount, refunded } = payments[0]!;
  expect(amount).toEqual(view.total);
  expect(view.paymentStatus).toBe(refunded > 0 ? 'partially_refunded' : 'captured');
  expect(view.refunded!.amount).toBe(refunded);
}

test.each([
  ['holds', 500, ['confirmed', 'payment_failed', 'expired', 'cancelled', 'refunded']],
  ['both', 500, ['confirmed', 'payment_failed', 'expired', 'cancelled', 'refunded']],
  ['free', 200, ['confirmed', 'cancelled']],
] as const)(
  'orders of %s come to rest with money, stock and coupons in agreement, whatever was lost, repeated or late',
  (shape, numRuns, wanted) => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.tuple(card, card),
        fc.array(fault, { minLength: 10, maxLength: 150, size: 'max' }),
        ([first, second], faults) => {
          const world = new OrderWorld(
            new Map([
              ['o1', first],
              ['o2', second],
            ]),
            shape,
          );
          for (const each of faults) suffer(world, each);
          world.heal();
          // Late duplicates may have left a hold to an order that is over: time takes it back.
          world.advance(600_000);
          world.heal();
          world.restart();
          expectRest(world);
          for (const orderId of orderIds) {
            const { status } = world.view(orderId);
            ends.set(status, (ends.get(status) ?? 0) + 1);
          }
        },
      ),
      { numRuns },
    );
    // The stories must reach every end, or they prove little.
    for (const status of wanted) expect(ends.get(status) ?? 0).toBeGreaterThan(0);
  },
);

test('without faults, an order whose holds live and whose card is good is confirmed', () => {
  const good: Card = { authorize: 'ok', canCapture: true };
  const world = new OrderWorld(
    new Map([
      ['o1', good],
      ['o2', good],
    ]),
  );
  world.heal();
  expect(orderIds.map((orderId) => world.view(orderId).status)).toEqual(['confirmed', 'confirmed']);
  expectRest(world);
});
