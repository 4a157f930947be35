import { describe, expect, test } from 'vitest';
import { skuDecider } from '../../src/actors/sku.ts';
import type { PlaceHold, SkuCommand } from '../../src/protocol/commands.ts';
import type { SkuEvent } from '../../src/protocol/events.ts';
import { given } from './given.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const openedAt = 1_000_000;
const price = { amount: 49_900, currency: 'USD' };

const registered: SkuEvent = {
  type: 'SkuRegistered',
  productId: 'prd_1',
  sellerId: 'acc_seller',
  title: 'Console',
  price,
  stock: 10,
  atMs: openedAt,
};
const opened: SkuEvent = {
  type: 'AllotmentOpened',
  saleId: 'sal_1',
  quantity: 4,
  price,
  purchaseLimit: 2,
  holdSeconds: 300,
  atMs: openedAt,
};

function drop() {
  return given(skuDecider, 'PS-1').events(registered, opened);
}

function placeHold(holdId: string, change: Partial<PlaceHold> = {}): PlaceHold {
  return {
    type: 'PlaceHold',
    holdId,
    saleId: 'sal_1',
    buyerId: 'ann',
    ticketNumber: 1,
    quantity: 1,
    admissionExpiresAtMs: openedAt + dayMs,
    ...change,
  };
}

function attach(holdId: string, orderId: string, untilMs: number, buyerId = 'ann'): SkuCommand {
  return { type: 'AttachHold', holdId, buyerId, orderId, untilMs };
}

const readStock: SkuCommand = { type: 'ReadStock' };

describe('stock as the seller sees it', () => {
  const register: SkuCommand = {
    type: 'RegisterSku',
    productId: 'prd_1',
    sellerId: 'acc_seller',
    title: 'Console',
    price,
    stock: 10,
  };

  test('a registered SKU can be registered again with the same content only, even after it changed', () => {
    given(skuDecider, 'PS-1')
      .when(readStock, 1)
      .then({ code: 'not_found', reply: null })
      .when(register, 2)
      .then({
        code: 'created',
        reply: { onHand: 10, available: 10, held: 0, sold: 0, allotted: 0, asOfMs: 2 },
      })
      .when({ type: 'ChangeSku', title: 'Console II' }, 3)
      .then({ code: 'ok', events: [{ type: 'SkuChanged', title: 'Console II', price }] })
      .when({ type: 'ChangeSku', title: 'Console II' }, 4)
      .then({ code: 'ok', events: [] })
      .when(register, 5)
      .then({ code: 'ok', events: [], reply: { title: 'Console II' } })
      .when({ ...register, stock: 11 }, 6)
      .then({ code: 'exists_with_different' });
  });

  test('only units that no sale has set aside can be taken away', () => {
    const adjust = (adjustmentId: string, delta: number, sellerId: string | null = 'acc_seller') =>
      ({ type: 'AdjustStock', adjustmentId, delta, reason: 'count', sellerId }) as const;
    drop()
      .when(adjust('a1', -7), openedAt)
      .then({ code: 'insufficient_stock', reply: { available: 6 } })
      .when(adjust('a1', -1, 'acc_other'), openedAt)
      .then({ code: 'forbidden' })
      .when(adjust('a1', 0.5), openedAt)
      .then({ code: 'validation_failed' })
      .when(adjust('a1', -6), openedAt)
      .then({ code: 'created', reply: { onHand: 4, available: 4, allotted: 4 } })
      .when(adjust('a1', -6), openedAt)
      .then({ code: 'ok', events: [], reply: { onHand: 4 } })
      .when(adjust('a1', -5), openedAt)
      .then({ code: 'exists_with_different' })
      .when(adjust('a2', 3, null), openedAt)
      .then({ code: 'created', reply: { onHand: 7 } });
  });

  test('a sale gets its units once, from what is left, and only from the owner', () => {
    const open = (saleId: string, quantity: number, sellerId = 'acc_seller') =>
      ({ ...opened, type: 'OpenAllotment', saleId, quantity, sellerId }) as SkuCommand;
    given(skuDecider, 'PS-1').when(open('sal_1', 4), 1).then({ code: 'unknown_sku' });
    drop()
      .when(open('sal_1', 4), openedAt)
      .then({ code: 'ok', events: [] })
      .when(open('sal_1', 5), openedAt)
      .then({ code: 'exists_with_different' })
      .when(open('sal_2', 1, 'acc_other'), openedAt)
      .then({ code: 'forbidden' })
      .when(open('sal_2', 7), openedAt)
      .then({ code: 'insufficient_stock', reply: { available: 6 } })
      .when(open('sal_2', 6), openedAt)
      .then({
        code: 'created',
        pushes: [{ topic: 'sale/sal_2', type: 'stock.level', body: { saleId: 'sal_2', level: 'low' } }],
        owes: [
          { id: 'report:PS-1:sal_1:1', kind: 'sale', key: 'sal_1', command: { available: 4, tickets: [] } },
          { id: 'report:PS-1:sal_2:1', kind: 'sale', key: 'sal_2', command: { available: 6, tickets: [] } },
        ],
      });
  });

  test('closing a sale gives its unheld units back; its live holds resolve as ever', () => {
    drop()
      .when(placeHold('h1', { quantity: 2 }), openedAt)
      .then({ code: 'created' })
      .when({ type: 'CloseAllotment', saleId: 'sal_1' }, openedAt + 1)
      .then({ code: 'ok', events: [{ type: 'AllotmentClosed' }], pushes: [{ body: { level: 'none' } }] })
      .when({ type: 'CloseAllotment', saleId: 'sal_1' }, openedAt + 2)
      .then({ code: 'ok', events: [] })
      .when(readStock, openedAt + 2)
      .then({ code: 'ok', reply: { onHand: 10, held: 2, available: 8, allotted: 0 } })
      .when(placeHold('h2', { buyerId: 'bob' }), openedAt + 3)
      .then({ code: 'sold_out', reply: { available: 0 } })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt + 4)
      .then({ code: 'ok', pushes: [] })
      .when({ ...registered, type: 'AdjustStock', adjustmentId: 'a', delta: -10, reason: '' }, openedAt + 5)
      .then({ code: 'created', reply: { onHand: 0 } });
  });
});

describe("a buyer's hold", () => {
  test('a second hold with the same id changes nothing; other content is refused', () => {
    drop()
      .when(placeHold('h1', { quantity: 2 }), openedAt + 5)
      .then({
        code: 'created',
        events: [{ type: 'HoldPlaced', holdId: 'h1', expiresAtMs: openedAt + 5 + 5 * minuteMs }],
        reply: { state: 'held', sku: 'PS-1', unitPrice: price, title: 'Console', orderId: null },
        deadline: openedAt + 5 + 5 * minuteMs - 30_000,
      })
      .when(placeHold('h1', { quantity: 2, admissionExpiresAtMs: 0 }), openedAt + 6)
      .then({ code: 'ok', events: [], reply: { state: 'held', quantity: 2 } })
      .when(placeHold('h1', { quantity: 1 }), openedAt + 6)
      .then({ code: 'exists_with_different', events: [] })
      .when(placeHold('h1', { quantity: 2, buyerId: 'bob' }), openedAt + 6)
      .then({ code: 'exists_with_different' });
  });

  test('is refused for the first reason that applies: sale, admission, limit, stock', () => {
    drop()
      .when(placeHold('h', { quantity: 0 }), openedAt)
      .then({ code: 'validation_failed' })
      .when(placeHold('h', { saleId: 'sal_9', admissionExpiresAtMs: 0 }), openedAt)
      .then({ code: 'unknown_sku' })
      .when(placeHold('h', { quantity: 9, admissionExpiresAtMs: openedAt }), openedAt)
      .then({ code: 'admission_expired' })
      .when(placeHold('h', { quantity: 9 }), openedAt)
      .then({ code: 'purchase_limit', reply: { limit: 2, owned: 0 } })
      .when(placeHold('h1', { quantity: 2 }), openedAt)
      .then({ code: 'created' })
      .when(placeHold('h2'), openedAt)
      .then({ code: 'purchase_limit', reply: { limit: 2, owned: 2 } })
      .when(placeHold('h3', { buyerId: 'bob' }), openedAt)
      .then({ code: 'created' })
      .when(placeHold('h4', { buyerId: 'eve', quantity: 2 }), openedAt)
      .then({ code: 'insufficient_stock', reply: { available: 1 } })
      .when(placeHold('h5', { buyerId: 'eve' }), openedAt)
      .then({ code: 'created', pushes: [{ topic: 'sale/sal_1', body: { level: 'none' } }] })
      .when(placeHold('h6', { buyerId: 'joe' }), openedAt)
      .then({ code: 'sold_out', reply: { available: 0 } });
  });

  test('is warned about 30 s before its end, then expires, and the buyer is told both times', () => {
    const endsAt = openedAt + 5 * minuteMs;
    drop()
      .when(placeHold('h1', { quantity: 2 }), openedAt)
      .then({ code: 'created' })
      .when({ type: 'Tick' }, endsAt - 30_000)
      .then({
        code: 'ok',
        events: [{ type: 'HoldsWarned', upToMs: endsAt }],
        pushes: [{ topic: 'buyer/ann', type: 'hold.expiring', body: { holdId: 'h1', state: 'held' } }],
        deadline: endsAt,
      })
      .when({ type: 'Tick' }, endsAt - 1)
      .then({ code: 'ok', events: [], pushes: [] })
      .when({ type: 'Tick' }, endsAt)
      .then({
        code: 'ok',
        events: [{ type: 'HoldExpired', holdId: 'h1', quantity: 2 }],
        pushes: [{ topic: 'buyer/ann', type: 'hold.expired', body: { holdId: 'h1', state: 'expired' } }],
        deadline: endsAt + dayMs,
      })
      .when(readStock, endsAt)
      .then({ code: 'ok', reply: { held: 0, available: 10, allotted: 4 } });
  });

  test('a short hold is not warned about', () => {
    given(skuDecider, 'PS-1')
      .events(registered, { ...opened, holdSeconds: 59 })
      .when(placeHold('h1'), openedAt)
      .then({ code: 'created', deadline: openedAt + 59_000 });
  });

  test('whose time is over is over even before the clock has been there', () => {
    const endsAt = openedAt + 5 * minuteMs;
    const late = () => drop().events({ ...placed('h1'), expiresAtMs: endsAt });
    late()
      .when(attach('h1', 'ord_1', endsAt + 9), endsAt)
      .then({ code: 'hold_expired', events: [] });
    late()
      .when({ type: 'ReadHold', holdId: 'h1', buyerId: 'ann' }, endsAt)
      .then({ code: 'ok', events: [], reply: { state: 'expired' } });
    late()
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, endsAt)
      .then({ code: 'ok', events: [{ type: 'HoldExpired' }], reply: { state: 'expired' } });
  });

  test('can be given back once; somebody else cannot see it', () => {
    drop()
      .when(placeHold('h1'), openedAt)
      .then({ code: 'created' })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'bob' }, openedAt)
      .then({ code: 'not_found' })
      .when({ type: 'ReadHold', holdId: 'h1', buyerId: 'bob' }, openedAt)
      .then({ code: 'not_found' })
      .when({ type: 'ReadHold', holdId: 'h1', buyerId: null }, openedAt)
      .then({ code: 'ok', reply: { buyerId: 'ann' } })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt)
      .then({ code: 'ok', events: [{ type: 'HoldVoided', quantity: 1 }], reply: { state: 'voided' } })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt)
      .then({ code: 'ok', events: [], reply: { state: 'voided' } })
      .when(placeHold('h1'), openedAt)
      .then({ code: 'ok', events: [], reply: { state: 'voided' } });
  });

  test('five thousand holds that end together expire in bounded turns, in order', () => {
    const many = given(skuDecider, 'PS-1').events(
      { ...registered, stock: 100_000 },
      { ...opened, quantity: 100_000 },
    );
    for (let i = 0; i < 5_000; i++)
      many.events({ ...placed(`h${i}`), buyerId: `b${i}`, expiresAtMs: openedAt + 9_000 - i });
    const { decided } = many.when({ type: 'Tick' }, openedAt + 10_000);
    expect(decided.events).toHaveLength(2_000);
    expect(decided.events[0]).toMatchObject({ holdId: 'h4999' });
    expect(decided.events[1_999]).toMatchObject({ holdId: 'h3000' });
    expect(skuDecider.deadline(many.state, openedAt + 10_000)).toBe(openedAt + 10_001);
    many.when({ type: 'Tick' }, openedAt + 10_001);
    many.when({ type: 'Tick' }, openedAt + 10_002);
    many.when(readStock, openedAt + 10_003).then({ code: 'ok', reply: { held: 0, available: 100_000 } });
  });

  test('is forgotten a day after it ended, but bought units still count towards the limit', () => {
    const ended = openedAt + 10;
    drop()
      .events(placed('h1'), placed('h2'))
      .events({ type: 'HoldVoided', holdId: 'h1', quantity: 1, atMs: ended })
      .events({ type: 'HoldAttached', holdId: 'h2', orderId: 'ord_1', expiresAtMs: ended + 9, atMs: ended })
      .events({ type: 'HoldCommitted', holdId: 'h2', quantity: 1, atMs: ended })
      .when({ type: 'Tick' }, ended + dayMs)
      .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: ended + 30 * dayMs })
      .when({ type: 'ReadHold', holdId: 'h1', buyerId: 'ann' }, ended + dayMs)
      .then({ code: 'not_found' })
      .when({ type: 'ReadHold', holdId: 'h2', buyerId: 'ann' }, ended + dayMs)
      .then({ code: 'ok', reply: { state: 'committed' } })
      .when({ type: 'Tick' }, ended + 30 * dayMs)
      .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }] })
      .when(placeHold('h3', { quantity: 2, admissionExpiresAtMs: ended + 31 * dayMs }), ended + 30 * dayMs)
      .then({ code: 'purchase_limit', reply: { limit: 2, owned: 1 } });
  });

  test('a closed sale is forgotten a day later when nothing of it is left', () => {
    drop()
      .events({ type: 'ReportAcknowledged', saleId: 'sal_1', seq: 1 })
      .when({ type: 'CloseAllotment', saleId: 'sal_1' }, openedAt + 1)
      .then({ code: 'ok', owes: [{ id: 'report:PS-1:sal_1:2', command: { available: 0 } }] })
      .when({ type: 'Answered', id: 'report:PS-1:sal_1:2', code: 'not_found', body: null }, openedAt + 2)
      .then({ code: 'ok', owes: [], deadline: openedAt + 1 + dayMs })
      .when({ type: 'Tick' }, openedAt + 1 + dayMs)
      .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: Number.POSITIVE_INFINITY })
      .when(placeHold('h1'), openedAt + 2)
      .then({ code: 'unknown_sku' });
  });
});

function placed(holdId: string): Extract<SkuEvent, { type: 'HoldPlaced' }> {
  return {
    type: 'HoldPlaced',
    holdId,
    saleId: 'sal_1',
    buyerId: 'ann',
    ticketNumber: 1,
    quantity: 1,
    expiresAtMs: openedAt + 5 * minuteMs,
    atMs: openedAt,
  };
}

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

  test('attached until the very time it would have ended anyway, it still expires once', () => {
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
      .then({ code: 'ok', reply: { onHand: 10, held: 0, sold: 1, available: 9, allotted: 3 } })
      .when(release('h1', 'ord_1'), openedAt + 4)
      .then({ code: 'ok', events: [{ type: 'UnitsReturned', quantity: 1 }] })
      .when(release('h1', 'ord_1'), openedAt + 5)
      .then({ code: 'ok', events: [] })
      .when(commit('h1', 'ord_1'), openedAt + 5)
      .then({ code: 'hold_expired' })
      .when(attach('h1', 'ord_1', untilMs), openedAt + 5)
      .then({ code: 'hold_expired' })
      .when(readStock, openedAt + 6)
      .then({ code: 'ok', reply: { sold: 0, available: 10, allotted: 4 } });
  });

  test('released before it was committed, it is voided', () => {
    taken()
      .then({ code: 'ok' })
      .when(release('h1', 'ord_1'), openedAt + 2)
      .then({ code: 'ok', events: [{ type: 'HoldVoided' }] });
  });

  test('cannot be committed at or after its deadline, nor without having been attached', () => {
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

  test('that died is taken again under a new id while there is stock; the dead one leaves first', () => {
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

  test('the dead hold itself counts neither towards the limit nor against the stock', () => {
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
    .events({ type: 'ReportAcknowledged', saleId: 'sal_1', seq: 1 })
    .events({ type: 'ReportAcknowledged', saleId: 'sal_1', seq: 2 });
  story
    .when({ type: 'Tick' }, soldAt + 1 + dayMs)
    .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: soldAt + 2 + dayMs })
    .when({ type: 'Tick' }, soldAt + 2 + dayMs)
    .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: Number.POSITIVE_INFINITY })
    .when(placeHold('h2', { admissionExpiresAtMs: soldAt + 9 * dayMs }), soldAt + 2 + dayMs)
    .then({ code: 'unknown_sku' });
});

describe('what the sale is told', () => {
  const answered = (seq: number) =>
    ({ type: 'Answered', id: `report:PS-1:sal_1:${seq}`, code: 'ok', body: null }) as const;

  test('one report at a time: changes gather while it is unanswered, and the last value wins', () => {
    const first = { id: 'report:PS-1:sal_1:1', command: { seq: 1, available: 4, held: 0, sold: 0 } };
    drop()
      .when(placeHold('h1', { ticketNumber: 7 }), openedAt)
      .then({ code: 'created', owes: [first] })
      .when(placeHold('h2', { ticketNumber: 7 }), openedAt)
      .then({ code: 'created', owes: [first] })
      .when(placeHold('h3', { ticketNumber: 8, buyerId: 'bob' }), openedAt)
      .then({ code: 'created', owes: [first] })
      .when({ type: 'VoidHold', holdId: 'h2', buyerId: 'ann' }, openedAt)
      .then({ code: 'ok', owes: [first] })
      .when(answered(1), openedAt)
      .then({
        code: 'ok',
        events: [{ type: 'ReportAcknowledged', saleId: 'sal_1', seq: 1 }],
        owes: [
          {
            id: 'report:PS-1:sal_1:2',
            command: {
              available: 2,
              held: 2,
              sold: 0,
              tickets: [
                [7, 1, 0],
                [8, 1, 0],
              ],
            },
          },
        ],
      })
      .when(answered(1), openedAt)
      .then({ code: 'ok', events: [] })
      .when(answered(2), openedAt)
      .then({ code: 'ok', owes: [] })
      .when({ type: 'VoidHold', holdId: 'h3', buyerId: 'bob' }, openedAt)
      .then({ code: 'ok', owes: [{ id: 'report:PS-1:sal_1:3', command: { tickets: [[8, 0, 0]] } }] });
  });

  test('a report names at most 5,000 tickets; the rest follow in the next', () => {
    const many = given(skuDecider, 'PS-1').events(
      { ...registered, stock: 9_000 },
      { ...opened, quantity: 9_000 },
    );
    for (let i = 1; i <= 6_000; i++) many.events({ ...placed(`h${i}`), buyerId: `b${i}`, ticketNumber: i });
    const told = [1, 2, 3].map((seq) => {
      const [report] = skuDecider.owes(many.state);
      many.when(answered(seq), openedAt).then({ code: 'ok', events: [{ type: 'ReportAcknowledged', seq }] });
      return (report!.command as unknown as { tickets: unknown[] }).tickets.length;
    });
    expect(told).toEqual([0, 5_000, 1_000]);
    expect(skuDecider.owes(many.state)).toEqual([]);
  });

  test('a SKU is found by the ids of its holds', () => {
    expect(skuDecider.names!(placed('h1'))).toEqual({ add: 'h1' });
    expect(skuDecider.names!(registered)).toBeNull();
    expect([...skuDecider.allNames!(drop().events(placed('h1'), placed('h2')).state)]).toEqual(['h1', 'h2']);
  });
});
