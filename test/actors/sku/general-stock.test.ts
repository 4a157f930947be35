/** Ten consoles, four of them set aside for a drop: what orders take of the other six for carts' lines. */
import { describe, expect, test } from 'vitest';
import type { TakeStock } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import { skuVersion } from '../../../src/actors/sku/snapshot.ts';
import { dayMs, drop, minuteMs, openedAt, placeHold, price, readStock } from './story.ts';

const untilMs = openedAt + 5 * minuteMs;

function take(holdId: string, quantity: number, change: Partial<TakeStock> = {}): TakeStock {
  return { type: 'TakeStock', holdId, buyerId: 'ann', orderId: 'ord_1', quantity, untilMs, ...change };
}

const stock = (held: number, sold: number) => ({
  code: 'ok' as const,
  reply: { onHand: 10, held, sold, allotted: 4, available: 6 - held - sold },
});

describe('free stock for a cart’s line', () => {
  test('is a hold of no sale that belongs to its order, and the same again changes nothing', () => {
    const story = drop()
      .when(take('h1', 2), openedAt)
      .then({
        code: 'created',
        events: [{ type: 'StockTaken', holdId: 'h1', orderId: 'ord_1', quantity: 2, expiresAtMs: untilMs }],
        reply: { saleId: null, state: 'committing', unitPrice: price, quantity: 2, orderId: 'ord_1' },
        pushes: [],
      })
      .when(readStock, openedAt)
      .then(stock(2, 0))
      .when(take('h1', 2), openedAt + 1)
      .then({ code: 'ok', events: [], reply: { state: 'committing' } })
      .when(take('h1', 3), openedAt + 1)
      .then({ code: 'exists_with_different' })
      .when(take('h1', 2, { orderId: 'ord_2' }), openedAt + 1)
      .then({ code: 'exists_with_different' });
    expect([...skuDecider.allNames!(story.state)]).toEqual(['h1']);
  });

  test('is sold when its order commits it, and free again when the order gives it up, before or after', () => {
    drop()
      .when(take('h1', 2), openedAt)
      .then({ code: 'created' })
      .when(take('h2', 1, { orderId: 'ord_2' }), openedAt)
      .then({ code: 'created' })
      .when({ type: 'CommitHold', holdId: 'h1', orderId: 'ord_1' }, openedAt + 1)
      .then({ code: 'ok', events: [{ type: 'HoldCommitted' }] })
      .when({ type: 'ReleaseHold', holdId: 'h2', orderId: 'ord_2' }, openedAt + 1)
      .then({ code: 'ok', events: [{ type: 'HoldVoided', isFreed: true }], pushes: [] })
      .when(readStock, openedAt + 1)
      .then(stock(0, 2))
      .when({ type: 'ReleaseHold', holdId: 'h1', orderId: 'ord_1' }, openedAt + 2)
      .then({ code: 'ok', events: [{ type: 'UnitsReturned', isFreed: true }] })
      .when(readStock, openedAt + 2)
      .then(stock(0, 0));
  });

  test('comes back by itself when its time is over, and can be taken once more by its paid order', () => {
    drop()
      .when(take('h1', 6), openedAt)
      .then({ code: 'created', deadline: untilMs })
      .when({ type: 'Tick' }, untilMs)
      .then({ code: 'ok', events: [{ type: 'HoldExpired', isFreed: true }] })
      .when({ type: 'CommitHold', holdId: 'h1', orderId: 'ord_1' }, untilMs)
      .then({ code: 'hold_expired' })
      .when(
        {
          type: 'RetakeHold',
          holdId: 'h1:again',
          replaces: 'h1',
          orderId: 'ord_1',
          untilMs: untilMs + minuteMs,
        },
        untilMs,
      )
      .then({
        code: 'created',
        events: [{ type: 'StockTaken', holdId: 'h1:again', quantity: 6 }],
        reply: { saleId: null, state: 'committing' },
      })
      .when(readStock, untilMs)
      .then(stock(6, 0));
  });

  test('ends at five of six when one is retaken late and another has the rest', () => {
    drop()
      .when(take('h1', 4), openedAt)
      .then({ code: 'created' })
      .when(take('h2', 5, { orderId: 'ord_2', untilMs: untilMs + dayMs }), untilMs - 1)
      .then({ code: 'insufficient_stock', reply: { available: 2 } })
      .when({ type: 'Tick' }, untilMs)
      .then({ code: 'ok' })
      .when(take('h2', 5, { orderId: 'ord_2', untilMs: untilMs + dayMs }), untilMs)
      .then({ code: 'created' })
      .when(
        { type: 'RetakeHold', holdId: 'h1:again', replaces: 'h1', orderId: 'ord_1', untilMs: untilMs + 1 },
        untilMs,
      )
      .then({ code: 'insufficient_stock', reply: { available: 1 } });
  });

  test('never touches what a drop set aside, and names the drop when that is all there is', () => {
    drop()
      .when(take('h1', 7), openedAt)
      .then({ code: 'insufficient_stock', reply: { available: 6 } })
      .when(take('h1', 6), openedAt)
      .then({ code: 'created' })
      .when(take('h2', 1), openedAt)
      .then({ code: 'only_in_sale', reply: { saleId: 'sal_1' } })
      .when(placeHold('d1', { quantity: 2 }), openedAt)
      .then({ code: 'created' })
      .when(placeHold('d2', { quantity: 2, buyerId: 'bob' }), openedAt)
      .then({ code: 'created' })
      // The drop has nothing left either.
      .when(take('h2', 1), openedAt)
      .then({ code: 'sold_out', reply: { available: 0 } });
  });

  test('is taken of what is sold, for a time that is to come', () => {
    drop()
      .when(take('h1', 0), openedAt)
      .then({ code: 'validation_failed' })
      .when(take('h1', 1.5), openedAt)
      .then({ code: 'validation_failed' })
      .when(take('h1', 1, { untilMs: openedAt }), openedAt)
      .then({ code: 'hold_expired' })
      .when(take('h1', 1, { untilMs: Number.NaN }), openedAt)
      .then({ code: 'hold_expired' })
      .when({ type: 'RetireSku' }, openedAt)
      .then({ code: 'ok' })
      .when(take('h1', 1), openedAt)
      .then({ code: 'unknown_sku' });
    expect(skuDecider.decide(skuDecider.initial('X'), take('h1', 1), openedAt).code).toBe('unknown_sku');
  });

  test('is no buyer’s for ever: a buyer whose holds are forgotten costs nothing', () => {
    const story = drop().when(take('h1', 1), openedAt).then({ code: 'created' });
    story
      .when({ type: 'CommitHold', holdId: 'h1', orderId: 'ord_1' }, openedAt + 1)
      .then({ code: 'ok' })
      .when({ type: 'Tick' }, openedAt + 31 * dayMs)
      .then({ code: 'ok' });
    expect([...skuDecider.allNames!(story.state)]).toEqual([]);
    expect(story.state.general).toMatchObject({ sold: 1, held: 0, holdCount: 0 });
    expect(story.state.general!.buyers.unitsOf('ann')).toBe(0);
    story.when(readStock, openedAt + 31 * dayMs).then(stock(0, 1));
  });

  test('leaves the state of a SKU that no cart ever took from as it was in the version before', () => {
    const now = skuDecider.snapshot(drop().state) as { general: unknown };
    const { general, ...before } = now;
    expect(general).toBeNull();
    expect(skuDecider.snapshot(skuDecider.restore('PS-1', before, 5))).toEqual(now);
    expect(skuVersion).toBe(6);
  });
});
