import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CouponCommand, DiscountTerms } from '../../../src/actors/coupon/commands.ts';
import * as declared from '../../../src/actors/coupon/commands.ts';
import { couponDecider } from '../../../src/actors/coupon/decide.ts';
import type { CouponEvent } from '../../../src/actors/coupon/events.ts';
import { buyersMax, takesMax } from '../../../src/actors/coupon/state.ts';
import { given, step } from '../given.ts';

function termsOf(change: Partial<DiscountTerms> = {}): DiscountTerms {
  return {
    sellerId: 'acc_seller',
    discount: { kind: 'percent', basisPoints: 1_000 },
    limit: null,
    limitPerBuyer: null,
    startsAtMs: null,
    endsAtMs: null,
    minimumSubtotal: null,
    scope: { skus: null, categories: null, sellerId: null },
    stackable: false,
    priority: 0,
    ...change,
  };
}

const defined = (change: Partial<DiscountTerms> = {}): CouponEvent => ({
  ...{ type: 'CouponDefined', kind: 'coupon', terms: termsOf(change), atMs: 1 },
});
const coupon = (change: Partial<DiscountTerms> = {}) =>
  given(couponDecider, 'SAVE10').events(defined(change));
const define = (terms: DiscountTerms): CouponCommand => ({ type: 'DefineCoupon', kind: 'coupon', terms });
const take = (orderId: string, buyerId = 'acc_b'): CouponCommand => ({
  ...{ type: 'TakeCoupon', orderId, buyerId },
});
const commit = (orderId: string): CouponCommand => ({ type: 'CommitCoupon', orderId });
const release = (orderId: string): CouponCommand => ({ type: 'ReleaseCoupon', orderId });
const read: CouponCommand = { type: 'ReadCoupon', sellerId: null };

describe('the terms of a coupon', () => {
  test('are defined once; the same again changes nothing, others are refused', () => {
    given(couponDecider, 'SAVE10')
      .when(read, 5)
      .then({ code: 'not_found' })
      .when(define(termsOf()), 10)
      .then({ code: 'created', reply: { key: 'SAVE10', used: 0, reserved: 0, version: 1, createdAtMs: 10 } })
      .when(define(termsOf()), 11)
      .then({ code: 'ok', events: [], reply: { createdAtMs: 10 } })
      .when(define(termsOf({ sellerId: 'acc_other' })), 12)
      .then({ code: 'exists_with_different', events: [] });
  });

  test('are changed and removed by their seller alone, based on the version that is', () => {
    const terms = termsOf({ priority: 3 });
    coupon()
      .when({ type: 'ChangeCoupon', sellerId: 'acc_other', versions: null, terms }, 10)
      .then({ code: 'not_found', events: [] })
      .when({ type: 'ChangeCoupon', sellerId: 'acc_seller', versions: ['7'], terms }, 10)
      .then({ code: 'stale_version', events: [] })
      .when({ type: 'ChangeCoupon', sellerId: 'acc_seller', versions: ['1'], terms }, 10)
      .then({ code: 'ok', reply: { version: 2, terms: { priority: 3 } } })
      .when({ type: 'RemoveCoupon', sellerId: 'acc_other', versions: null }, 11)
      .then({ code: 'not_found' })
      .when({ type: 'RemoveCoupon', sellerId: null, versions: ['1'] }, 11)
      .then({ code: 'stale_version' })
      .when({ type: 'RemoveCoupon', sellerId: null, versions: ['2'] }, 11)
      .then({ code: 'ok', events: [{ type: 'CouponRemoved' }] })
      .when(take('o1'), 12)
      .then({ code: 'unknown_coupon' })
      .when(read, 12)
      .then({ code: 'not_found' });
  });

  test('of the marketplace’s own are nobody’s to change but an administrator’s', () => {
    coupon({ sellerId: null })
      .when({ type: 'ReadCoupon', sellerId: 'acc_seller' }, 10)
      .then({ code: 'not_found' })
      .when(read, 10)
      .then({ code: 'ok' });
  });

  test('that are no times and no counts are refused before they are written', () => {
    for (const change of [
      { startsAtMs: Number.NaN },
      { endsAtMs: 0.5 },
      { limit: -1 },
      { limitPerBuyer: -1 },
    ])
      given(couponDecider, 'SAVE10')
        .when(define(termsOf(change)), 10)
        .then({ code: 'validation_failed', events: [] });
    coupon()
      .when({ type: 'ChangeCoupon', sellerId: null, versions: null, terms: termsOf({ limit: 0.5 }) }, 10)
      .then({ code: 'validation_failed', events: [] });
  });
});

describe('an order', () => {
  test('takes a coupon once, uses it when it is paid, and gives it back when it is over', () => {
    coupon({ limit: 1 })
      .when(take('o1'), 10)
      .then({ code: 'created', events: [{ type: 'CouponTaken', orderId: 'o1', buyerId: 'acc_b' }] })
      .when(take('o1'), 11)
      .then({ code: 'ok', events: [] })
      .when(take('o2'), 12)
      .then({ code: 'coupon_exhausted', events: [] })
      .when(read, 12)
      .then({ code: 'ok', reply: { used: 0, reserved: 1 } })
      .when(commit('o1'), 13)
      .then({ code: 'ok', events: [{ type: 'CouponCommitted' }] })
      .when(commit('o1'), 14)
      .then({ code: 'ok', events: [] })
      .when(read, 14)
      .then({ code: 'ok', reply: { used: 1, reserved: 0 } })
      .when(release('o1'), 15)
      .then({ code: 'ok', events: [{ type: 'CouponReleased', was: 'used' }] })
      .when(release('o1'), 16)
      .then({ code: 'ok', events: [] })
      .when(commit('o1'), 17)
      .then({ code: 'ok', events: [] })
      .when(take('o2'), 18)
      .then({ code: 'created' });
  });

  test('that gave it back, also before its take arrived, does not get it any more', () => {
    coupon({ limit: 1 })
      .when(release('o1'), 10)
      .then({ code: 'ok', events: [{ type: 'CouponReleased', was: 'nothing' }] })
      .when(take('o1'), 11)
      .then({ code: 'wrong_state', events: [] })
      .when(read, 11)
      .then({ code: 'ok', reply: { used: 0, reserved: 0 } });
  });

  test('gets it within its time, or when it was promised within its time', () => {
    coupon({ startsAtMs: 100, endsAtMs: 200 })
      .when(take('o1'), 99)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'not_started' } })
      .when({ type: 'CheckCoupon', buyerId: 'acc_b' }, 100)
      .then({ code: 'ok', events: [], reply: { key: 'SAVE10' } })
      .when(take('o1'), 100)
      .then({ code: 'created' })
      .when(take('o2'), 200)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'ended' } })
      .when({ ...take('o2'), quotedAtMs: 199 } as CouponCommand, 200)
      .then({ code: 'created' });
  });

  test('of a buyer who has used it as often as one may gets none, others do', () => {
    coupon({ limitPerBuyer: 1, limit: 2 })
      .when(take('o1', 'acc_1'), 10)
      .then({ code: 'created' })
      .when(take('o2', 'acc_1'), 11)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'buyer_limit' } })
      .when({ type: 'CheckCoupon', buyerId: 'acc_1' }, 11)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'buyer_limit' } })
      .when(take('o3', 'acc_2'), 12)
      .then({ code: 'created' })
      .when(take('o4', 'acc_3'), 13)
      .then({ code: 'coupon_exhausted' })
      .when(release('o1'), 14)
      .then({ code: 'ok' })
      .when(take('o5', 'acc_1'), 15)
      .then({ code: 'created' });
  });

  test('keeps what it took when the limits become smaller; buyers are counted from when there is a limit', () => {
    const terms = termsOf({ limit: 1, limitPerBuyer: 1 });
    coupon()
      .when(take('o1', 'acc_1'), 10)
      .then({ code: 'created' })
      .when(take('o2', 'acc_2'), 10)
      .then({ code: 'created' })
      .when({ type: 'ChangeCoupon', sellerId: null, versions: null, terms }, 11)
      .then({ code: 'ok' })
      .when(commit('o1'), 12)
      .then({ code: 'ok', events: [{ type: 'CouponCommitted' }] })
      .when(take('o3', 'acc_1'), 13)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'buyer_limit' } })
      .when(take('o3', 'acc_3'), 13)
      .then({ code: 'coupon_exhausted' });
  });
});

describe('what a coupon remembers is bounded', () => {
  test('the oldest orders that are over are forgotten; with as many under way the next one waits', () => {
    const full = coupon();
    const taken = (n: number): CouponEvent => ({
      ...{ type: 'CouponTaken', orderId: `o${n}`, buyerId: 'acc_b', atMs: n },
    });
    for (let n = 0; n < takesMax; n++) full.events(taken(n));
    full
      .when(take('one-more'), 5)
      .then({ code: 'busy', events: [] })
      .when(commit('o7'), 5)
      .then({ code: 'ok' })
      .when(take('one-more'), 5)
      .then({ code: 'created' });
    expect(full.state.takeByOrder.size).toBe(takesMax);
    expect([full.state.takeByOrder.has('o7'), full.state.used, full.state.reserved]).toEqual([
      ...[false, 1, takesMax],
    ]);
    // Nothing is given back twice, or by one who is forgotten.
    full.when(release('o7'), 6).then({ code: 'ok', events: [{ was: 'nothing' }] });
    expect(full.state.used).toBe(1);
  });

  test('a coupon with a limit for each buyer is exhausted after so many buyers', () => {
    const full = coupon({ limitPerBuyer: 2 });
    for (let n = 0; n < buyersMax; n++)
      full.events(
        { type: 'CouponTaken', orderId: `o${n}`, buyerId: `acc_${n}`, atMs: n },
        { type: 'CouponCommitted', orderId: `o${n}`, atMs: n },
      );
    full
      .when(take('new', 'acc_new'), 5)
      .then({ code: 'coupon_exhausted' })
      .when(take('again', 'acc_3'), 5)
      .then({ code: 'created' });
  });
});

test('for any story: exactly within the limits, and snapshot or replay at any point live on alike', () => {
  const order = fc.nat({ max: 11 });
  const command: fc.Arbitrary<CouponCommand> = fc.oneof(
    { weight: 5, arbitrary: order.map((n) => take(`o${n}`, `acc_${n % 3}`)) },
    { weight: 3, arbitrary: order.map((n) => commit(`o${n}`)) },
    { weight: 2, arbitrary: order.map((n) => release(`o${n}`)) },
  );
  const limits = fc.record({
    limit: fc.integer({ min: 1, max: 6 }),
    limitPerBuyer: fc.constantFrom(null, 1, 2),
  });
  fc.assert(
    fc.property(limits, fc.array(command, { maxLength: 60 }), (terms, story) => {
      const state = couponDecider.initial('SAVE10');
      const events: CouponEvent[] = [defined(terms)];
      couponDecider.evolve(state, events[0]!);
      /** What the orders know: an order has it from its accepted take until its release. */
      const having = new Map<string, string>();
      const over = new Set<string>();
      for (const [at, each] of story.entries()) {
        const twin = couponDecider.restore('SAVE10', structuredClone(couponDecider.snapshot(state)), 1);
        const isRoom =
          having.size < terms.limit &&
          (each.type !== 'TakeCoupon' ||
            terms.limitPerBuyer === null ||
            [...having.values()].filter((buyer) => buyer === each.buyerId).length < terms.limitPerBuyer);
        const decided = step(couponDecider, state, each, at);
        expect(step(couponDecider, twin, each, at)).toEqual(decided);
        expect(twin).toEqual(state);
        events.push(...decided.events);
        if (each.type === 'TakeCoupon' && !having.has(each.orderId) && !over.has(each.orderId))
          // No unit of the limit stays unused, and none is given beyond it.
          expect(decided.code === 'created').toBe(isRoom);
        if (each.type === 'TakeCoupon' && decided.code === 'created') having.set(each.orderId, each.buyerId);
        if (each.type === 'ReleaseCoupon') {
          having.delete(each.orderId);
          over.add(each.orderId);
        }
        expect(state.used + state.reserved).toBe(having.size);
        expect(having.size).toBeLessThanOrEqual(terms.limit);
      }
      const replayed = couponDecider.initial('SAVE10');
      for (const event of events) couponDecider.evolve(replayed, event);
      expect(replayed).toEqual(state);
    }),
    { numRuns: 500 },
  );
});

test('every declared command is decided, also of a code that nobody knows', () => {
  const fields = { orderId: 'o1', buyerId: 'acc_b', sellerId: null, versions: null, kind: 'coupon' };
  const codes = Object.values(declared).map(({ kind, type }) => {
    expect(kind).toBe('coupon');
    const command = { type, ...fields, terms: termsOf() } as CouponCommand;
    return [type, couponDecider.decide(couponDecider.initial('NEW'), command, 5).code];
  });
  expect(Object.fromEntries(codes)).toEqual({
    DefineCoupon: 'created',
    ChangeCoupon: 'not_found',
    RemoveCoupon: 'not_found',
    ReadCoupon: 'not_found',
    CheckCoupon: 'unknown_coupon',
    TakeCoupon: 'unknown_coupon',
    CommitCoupon: 'ok',
    ReleaseCoupon: 'ok',
  });
});
