/** Holds that are assigned to orders, and how holds are found. */
import { describe, expect, test } from 'vitest';
import type { SkuCommand } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import {
  attach,
  dayMs,
  drop,
  heard,
  minuteMs,
  openedAt,
  placed,
  placeHold,
  readStock,
  registered,
  reported,
} from './story.ts';

describe('a hold in an order', () => {
  const untilMs = openedAt + 6 * minuteMs;
  const taken = () =>
    drop()
      .events(placed('h1'))
      .when(attach('h1', 'ord_1', untilMs), openedAt + 1);
  const commit = (holdId: string, orderId: string): SkuCommand => ({ type: 'CommitHold', holdId, orderId });
  const release = (holdId: string, orderId: string): SkuCommand => ({
    type: 'ReleaseHold',
    holdId,
    orderId,
  });

  test('never ends earlier than its buyer was shown', () => {
    drop()
      .events(placed('h1'))
      .when(attach('h1', 'ord_1', openedAt + minuteMs), openedAt + 1)
      .then({ code: 'ok', reply: { state: 'committing', expiresAtMs: openedAt + 5 * minuteMs } });
  });

  test('lives as long as the order needs it, and no other order gets it', () => {
    taken()
      .then({
        code: 'ok',
        events: [{ type: 'HoldAttached', expiresAtMs: untilMs }],
        reply: { state: 'committing', orderId: 'ord_1', title: 'Console', sellerId: 'acc_seller' },
        deadline: untilMs,
      })
      .when(attach('h1', 'ord_1', untilMs), openedAt + 2)
      .then({ code: 'ok', events: [] })
      .when(attach('h1', 'ord_2', untilMs), openedAt + 2)
      .then({ code: 'hold_in_use' })
      .when(attach('h1', 'ord_1', untilMs, 'bob'), openedAt + 2)
      .then({ code: 'not_found' })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt + 2)
      .then({ code: 'hold_in_use' })
      .when(commit('h1', 'ord_2'), openedAt + 2)
      .then({ code: 'hold_in_use' })
      .when(release('h1', 'ord_2'), openedAt + 2)
      .then({ code: 'ok', events: [] });
  });

  test('assigned until the very time it would have ended anyway, it still expires once', () => {
    const endsAt = openedAt + 5 * minuteMs;
    drop()
      .events(placed('h1'))
      .when(attach('h1', 'ord_1', endsAt), openedAt)
      .then({ code: 'ok' })
      .when({ type: 'Tick' }, endsAt)
      .then({ code: 'ok', events: [{ type: 'HoldExpired', holdId: 'h1' }] });
  });

  test('is committed once, and returned to the sale when its order is undone', () => {
    taken()
      .then({ code: 'ok' })
      .when(commit('h1', 'ord_1'), openedAt + 2)
      .then({ code: 'ok', events: [{ type: 'HoldCommitted', quantity: 1 }] })
      .when(commit('h1', 'ord_1'), openedAt + 3)
      .then({ code: 'ok', events: [] })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt + 3)
      .then({ code: 'wrong_state' })
      .when(readStock, openedAt + 3)
      .then({ code: 'ok', reply: { onHand: 10, held: 0, sold: 1, available: 6, allotted: 3 } })
      .when(release('h1', 'ord_1'), openedAt + 4)
      .then({ code: 'ok', events: [{ type: 'UnitsReturned', quantity: 1 }] })
      .when(release('h1', 'ord_1'), openedAt + 5)
      .then({ code: 'ok', events: [] })
      .when(commit('h1', 'ord_1'), openedAt + 5)
      .then({ code: 'hold_expired' })
      .when(attach('h1', 'ord_1', untilMs), openedAt + 5)
      .then({ code: 'hold_expired' })
      .when(readStock, openedAt + 6)
      .then({ code: 'ok', reply: { sold: 0, available: 6, allotted: 4 } });
  });

  test('released before it was committed, it is voided', () => {
    taken()
      .then({ code: 'ok' })
      .when(release('h1', 'ord_1'), openedAt + 2)
      .then({ code: 'ok', events: [{ type: 'HoldVoided' }] });
  });

  test('cannot be committed at or after its deadline, nor without having been assigned', () => {
    taken().then({ code: 'ok' }).when(commit('h1', 'ord_1'), untilMs).then({ code: 'hold_expired' });
    drop().events(placed('h1')).when(commit('h1', 'ord_1'), openedAt).then({ code: 'not_found' });
    drop().when(commit('h9', 'ord_1'), openedAt).then({ code: 'not_found' });
  });

  test('an order that comes too late for its own deadline does not get it', () => {
    drop()
      .events(placed('h1'))
      .when(attach('h1', 'ord_1', openedAt + 1), openedAt + 1)
      .then({ code: 'hold_expired', events: [] });
  });

  const retake = (holdId: string, replaces: string, orderId = 'ord_1'): SkuCommand => ({
    type: 'RetakeHold',
    holdId,
    replaces,
    orderId,
    untilMs: untilMs + minuteMs,
  });

  test('case 01: is not taken, nor taken again, until a time that is none', () => {
    for (const noTime of [Number.NaN, Number.POSITIVE_INFINITY, openedAt + 60_000.5]) {
      drop()
        .events(placed('h1'))
        .when(attach('h1', 'ord_1', noTime), openedAt + 1)
        .then({ code: 'hold_expired', events: [] });
      taken()
        .then({ code: 'ok' })
        .when({ ...retake('h1:again', 'h1'), untilMs: noTime } as SkuCommand, untilMs)
        .then({ code: 'hold_expired', events: [] });
    }
  });

  test('that ended is taken again under a new id while there is stock; the ended one leaves first', () => {
    taken()
      .then({ code: 'ok' })
      .when(retake('h1:again', 'h1'), openedAt + 2)
      .then({ code: 'not_found' })
      .when(retake('h1:again', 'h1', 'ord_2'), untilMs)
      .then({ code: 'not_found' })
      .when(retake('h1:again', 'h1'), untilMs)
      .then({
        code: 'created',
        events: [
          { type: 'HoldExpired', holdId: 'h1' },
          { type: 'HoldPlaced', holdId: 'h1:again', orderId: 'ord_1', ticketNumber: 1 },
        ],
        reply: { state: 'committing', orderId: 'ord_1', expiresAtMs: untilMs + minuteMs },
      })
      .when(retake('h1:again', 'h1'), untilMs + 1)
      .then({ code: 'ok', events: [] })
      .when(retake('h1:again', 'h1', 'ord_2'), untilMs + 1)
      .then({ code: 'exists_with_different' })
      .when(commit('h1:again', 'ord_1'), untilMs + 2)
      .then({ code: 'ok', events: [{ type: 'HoldCommitted' }] });
  });

  test('the ended hold itself counts neither towards the limit nor against the stock', () => {
    const both = { ...placed('h1'), quantity: 2 };
    const others = { ...placed('b'), buyerId: 'bob', quantity: 2, expiresAtMs: untilMs + dayMs };
    drop()
      .events(both, others)
      .when(attach('h1', 'ord_1', untilMs), openedAt)
      .then({ code: 'ok' })
      .when(retake('h1:again', 'h1'), untilMs)
      .then({ code: 'created', reply: { quantity: 2, state: 'committing' } })
      .when(readStock, untilMs)
      .then({ code: 'ok', reply: { held: 4, allotted: 0 } });
  });

  test('that died is not taken again when others have bought the rest or the buyer has enough', () => {
    const dead = () => taken().then({ code: 'ok' }).when({ type: 'Tick' }, untilMs).then({ code: 'ok' });
    const other = (holdId: string, buyerId: string, quantity: number) =>
      ({ ...placed(holdId), buyerId, quantity, expiresAtMs: untilMs + dayMs, atMs: untilMs }) as SkuEvent;
    dead()
      .events(other('b', 'bob', 2), other('e', 'eve', 2))
      .when(retake('h1:again', 'h1'), untilMs)
      .then({ code: 'sold_out', reply: { available: 0 } });
    dead()
      .events(other('a', 'ann', 2))
      .when(retake('h1:again', 'h1'), untilMs)
      .then({ code: 'purchase_limit', reply: { limit: 2, owned: 2 } });
    dead()
      .events({ type: 'AllotmentClosed', saleId: 'sal_1', atMs: untilMs })
      .when(retake('h1:again', 'h1'), untilMs)
      .then({ code: 'sold_out', reply: { available: 0 } });
  });
});

test('a sale whose returned hold was forgotten is forgotten with it', () => {
  const soldAt = openedAt + 1;
  const story = drop()
    .events(placed('h1'))
    .events({ type: 'HoldAttached', holdId: 'h1', orderId: 'ord_1', expiresAtMs: soldAt + 9, atMs: soldAt })
    .events({ type: 'HoldCommitted', holdId: 'h1', quantity: 1, atMs: soldAt })
    .events({ type: 'UnitsReturned', holdId: 'h1', quantity: 1, atMs: soldAt + 1 })
    .events({ type: 'AllotmentClosed', saleId: 'sal_1', atMs: soldAt + 2 })
    .events(heard(openedAt), reported(soldAt + 3), heard(soldAt + 3));
  story
    .when({ type: 'Tick' }, soldAt + 1 + dayMs)
    .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: soldAt + 2 + dayMs })
    .when({ type: 'Tick' }, soldAt + 2 + dayMs)
    .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: Number.POSITIVE_INFINITY })
    .when(placeHold('h2', { admissionExpiresAtMs: soldAt + 9 * dayMs }), soldAt + 2 + dayMs)
    .then({ code: 'unknown_sku' });
});

test('a SKU is found by the ids of its holds', () => {
  const { state } = drop().events(placed('h1'), placed('h2'));
  expect(skuDecider.names!(placed('h1'), state)).toEqual({ add: ['h1'] });
  expect(skuDecider.names!(registered, state)).toBeNull();
  expect([...skuDecider.allNames!(state)]).toEqual(['h1', 'h2']);
  expect(skuDecider.hasName!(state, 'h1')).toBe(true);
  expect(skuDecider.hasName!(state, 'h3')).toBe(false);
});
