import { describe, expect, test } from 'vitest';
import type { SkuCommand } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import { given } from '../given.ts';
import {
  attach,
  dayMs,
  drop,
  heard,
  minuteMs,
  opened,
  openedAt,
  placed,
  placeHold,
  price,
  readStock,
  registered,
  reported,
} from './story.ts';

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
      .then({ code: 'created', reply: { onHand: 4, available: 0, allotted: 4 } })
      .when(adjust('a1', -6), openedAt)
      .then({ code: 'ok', events: [], reply: { onHand: 4 } })
      .when(adjust('a1', -5), openedAt)
      .then({ code: 'exists_with_different' })
      .when(adjust('a2', 3, null), openedAt)
      .then({ code: 'created', reply: { onHand: 7 } });
  });

  test('a sale gets its units once, from what is left, and only from the owner', () => {
    const open = (saleId: string, quantity: number, sellerId = 'acc_seller') =>
      ({ ...opened, type: 'OpenAllocation', saleId, quantity, sellerId }) as SkuCommand;
    given(skuDecider, 'PS-1').when(open('sal_1', 4), 1).then({ code: 'unknown_sku' });
    drop()
      .when(open('sal_1', 4), openedAt)
      .then({ code: 'ok', events: [] })
      .when(open('sal_1', 5), openedAt)
      .then({ code: 'exists_with_different' })
      .when(open('sal_2', 1, 'acc_other'), openedAt)
      .then({ code: 'unknown_sku' })
      .when(open('sal_2', 7), openedAt)
      .then({ code: 'insufficient_stock', reply: { available: 6 } })
      .when(open('sal_2', 6), openedAt)
      .then({
        code: 'created',
        pushes: [{ topic: 'sale/sal_2', type: 'stock.level', body: { saleId: 'sal_2', level: 'low' } }],
        deadline: openedAt + 1,
      })
      .when({ type: 'Tick' }, openedAt + 1)
      .then({
        code: 'ok',
        pendingMessages: [
          { id: `report:PS-1:sal_1:${openedAt}`, kind: 'sale', key: 'sal_1', command: { available: 4 } },
          { id: `report:PS-1:sal_2:${openedAt + 1}`, kind: 'sale', key: 'sal_2', command: { available: 6 } },
        ],
      });
  });

  test('a SKU that left the catalogue is sold in no new sale; the one there is goes on', () => {
    given(skuDecider, 'PS-1').when({ type: 'RetireSku' }, 1).then({ code: 'not_found' });
    drop()
      .when({ type: 'RetireSku' }, openedAt)
      .then({ code: 'ok', events: [{ type: 'SkuRetired' }], reply: { onHand: 10 } })
      .when({ type: 'RetireSku' }, openedAt)
      .then({ code: 'ok', events: [] })
      .when(
        { ...opened, type: 'OpenAllocation', saleId: 'sal_2', sellerId: 'acc_seller' } as SkuCommand,
        openedAt,
      )
      .then({ code: 'unknown_sku' })
      .when(placeHold('h1'), openedAt)
      .then({ code: 'created' });
  });

  test('a SKU that came back into the catalogue is sold in new sales', () => {
    given(skuDecider, 'PS-1').when({ type: 'ReinstateSku' }, 1).then({ code: 'not_found' });
    drop()
      .when({ type: 'ReinstateSku' }, openedAt)
      .then({ code: 'ok', events: [] })
      .when({ type: 'RetireSku' }, openedAt)
      .then({ code: 'ok' })
      .when({ type: 'ReinstateSku' }, openedAt)
      .then({ code: 'ok', events: [{ type: 'SkuReinstated' }], reply: { onHand: 10 } })
      .when(
        {
          ...opened,
          type: 'OpenAllocation',
          saleId: 'sal_2',
          sellerId: 'acc_seller',
          quantity: 1,
        } as SkuCommand,
        openedAt,
      )
      .then({ code: 'created' });
  });

  test('while a sale is paused for holds it gives none; the newest revision counts', () => {
    const pause = (revision: number, isPaused: boolean) =>
      ({ type: 'PauseAllocation', saleId: 'sal_1', isPaused, revision }) as const;
    drop()
      .when(placeHold('h1'), openedAt)
      .then({ code: 'created' })
      .when(pause(1, true), openedAt)
      .then({ code: 'ok', events: [{ type: 'AllotmentPaused' }] })
      .when(placeHold('h2', { buyerId: 'bob' }), openedAt)
      .then({ code: 'sale_paused' })
      .when(placeHold('h1'), openedAt)
      .then({ code: 'ok', reply: { holdId: 'h1', state: 'held' } })
      .when(pause(2, false), openedAt)
      .then({ code: 'ok' })
      .when(pause(1, true), openedAt)
      .then({ code: 'ok', events: [] })
      .when(placeHold('h2', { buyerId: 'bob' }), openedAt)
      .then({ code: 'created' });
  });

  test('closing a sale gives its unheld units back; its live holds resolve as ever', () => {
    drop()
      .when(placeHold('h1', { quantity: 2 }), openedAt)
      .then({ code: 'created' })
      .when({ type: 'CloseAllocation', saleId: 'sal_1' }, openedAt + 1)
      .then({
        code: 'ok',
        events: [{ type: 'AllotmentClosed', freed: 2 }],
        pushes: [{ body: { level: 'none' } }],
      })
      .when({ type: 'CloseAllocation', saleId: 'sal_1' }, openedAt + 2)
      .then({ code: 'ok', events: [] })
      .when(readStock, openedAt + 2)
      .then({ code: 'ok', reply: { onHand: 10, held: 2, available: 8, allotted: 0 } })
      .when(placeHold('h2', { buyerId: 'bob' }), openedAt + 3)
      .then({ code: 'sale_ended' })
      .when({ type: 'VoidHold', holdId: 'h1', buyerId: 'ann' }, openedAt + 4)
      .then({ code: 'ok', events: [{ type: 'HoldVoided', isFreed: true }], pushes: [] })
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

  test('case 01: is not given to an admission whose end is no time', () => {
    for (const admissionExpiresAtMs of [Number.NaN, Number.NEGATIVE_INFINITY])
      drop()
        .when(placeHold('h1', { admissionExpiresAtMs }), openedAt)
        .then({ code: 'admission_expired', events: [] });
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
      .then({ code: 'ok', reply: { held: 0, available: 6, allotted: 4 } });
  });

  test('is warned about 30 s before its end, however short it is; at once when it lives no longer', () => {
    given(skuDecider, 'PS-1')
      .events(registered, { ...opened, holdSeconds: 45 }, reported(openedAt))
      .when(placeHold('h1'), openedAt)
      .then({ code: 'created', deadline: openedAt + 15_000, pushes: [] })
      .when({ type: 'Tick' }, openedAt + 15_000)
      .then({ code: 'ok', pushes: [{ type: 'hold.expiring', body: { holdId: 'h1' } }] });
    given(skuDecider, 'PS-1')
      .events(registered, { ...opened, holdSeconds: 30 }, reported(openedAt))
      .when(placeHold('h1'), openedAt)
      .then({
        code: 'created',
        pushes: [{ topic: 'buyer/ann', type: 'hold.expiring', body: { holdId: 'h1', state: 'held' } }],
        deadline: openedAt + 30_000,
      });
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
      reported(openedAt),
    );
    // Every second one is an order's, which ends before all others.
    for (let i = 0; i < 5_000; i++) {
      many.events({ ...placed(`h${i}`), buyerId: `b${i}`, expiresAtMs: openedAt + 9_000 });
      const untilMs = openedAt + 8_999 - i;
      if (i % 2 === 0)
        many.events({
          ...{ type: 'HoldAttached', holdId: `h${i}`, orderId: `o${i}` },
          ...{ expiresAtMs: untilMs, atMs: openedAt },
        });
    }
    const { decided } = many.when({ type: 'Tick' }, openedAt + 10_000);
    expect(decided.events).toHaveLength(2_000);
    expect(decided.events[0]).toMatchObject({ holdId: 'h4998' });
    expect(decided.events[1_999]).toMatchObject({ holdId: 'h1000' });
    expect(skuDecider.deadline(many.state, openedAt + 10_000)).toBe(openedAt + 10_001);
    many.when({ type: 'Tick' }, openedAt + 10_001);
    many.when({ type: 'Tick' }, openedAt + 10_002);
    many
      .when(readStock, openedAt + 10_003)
      .then({ code: 'ok', reply: { held: 0, available: 0, allotted: 100_000 } });
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
    const id = `report:PS-1:sal_1:${openedAt + 100}`;
    drop()
      .events(heard(openedAt))
      .when({ type: 'CloseAllocation', saleId: 'sal_1' }, openedAt + 1)
      .then({ code: 'ok', deadline: openedAt + 100 })
      .when({ type: 'Tick' }, openedAt + 100)
      .then({ code: 'ok', pendingMessages: [{ id, command: { available: 0 } }] })
      .when({ type: 'Answered', id, code: 'not_found', body: null }, openedAt + 102)
      .then({ code: 'ok', pendingMessages: [], deadline: openedAt + 1 + dayMs })
      .when({ type: 'Tick' }, openedAt + 1 + dayMs)
      .then({ code: 'ok', events: [{ type: 'HoldsForgotten' }], deadline: Number.POSITIVE_INFINITY })
      .when(placeHold('h1'), openedAt + 2)
      .then({ code: 'unknown_sku' });
  });
});
