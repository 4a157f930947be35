import { describe, expect, test } from 'vitest';
import { cartDecider } from '../../../src/actors/cart/decide.ts';
import { given, step } from '../given.ts';
import { add, dayMs, goods } from './story.ts';

const cart = (accountId = 'acc_1') => given(cartDecider, accountId);
const usd = (amount: number) => ({ amount, currency: 'USD' });
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const read = { type: 'ReadCart' } as const;

describe('a cart', () => {
  test('adds up what is added, and keeps the price that was seen first', () => {
    cart()
      .when(add('A', 2), 1_000)
      .then({
        code: 'ok',
        events: [{ type: 'CartCurrencySet', currency: 'USD', isChosen: false }, { type: 'CartItemAdded' }],
        reply: {
          currency: 'USD',
          lines: [{ ...goods('A'), quantity: 2, priceAtAdd: usd(1_000), addedAtMs: 1_000 }],
        },
        pushes: [{ topic: 'buyer/acc_1', type: 'cart.updated', body: { accountId: 'acc_1', version: 2 } }],
      })
      .when(add('A', 3, { prices: [usd(1_500)] }), 2_000)
      .then({ code: 'ok', reply: { lines: [{ quantity: 5, priceAtAdd: usd(1_000) }], version: 3 } })
      .when({ type: 'SetQuantity', sku: 'A', quantity: 4 }, 3_000)
      .then({ code: 'ok', reply: { lines: [{ sku: 'A', quantity: 4 }] } })
      .when({ type: 'RemoveFromCart', sku: 'A' }, 4_000)
      .then({ code: 'ok', reply: { lines: [], currency: null, expiresAtMs: null } })
      .when({ type: 'RemoveFromCart', sku: 'A' }, 5_000)
      .then({ code: 'ok', events: [], pushes: [] })
      .when({ type: 'SetQuantity', sku: 'A', quantity: 1 }, 6_000)
      .then({ code: 'not_found' });
  });

  test('knows the repeat of an addition', () => {
    cart()
      .when(add('A', 2, { additionId: 'req_1' }), 1_000)
      .then({ code: 'ok' })
      .when(add('A', 2, { additionId: 'req_1' }), 2_000)
      .then({ code: 'ok', events: [], reply: { lines: [{ quantity: 2 }] } })
      .when(add('A', 2, { additionId: 'req_2' }), 3_000)
      .then({ code: 'ok', reply: { lines: [{ quantity: 4 }] } });
  });

  test('has at most 99 units of a SKU and 100 lines', () => {
    const full = cart();
    for (let n = 0; n < 100; n++) step(cartDecider, full.state, add(`S${n}`), 1_000);
    full
      .when(add('S0', 98), 2_000)
      .then({ code: 'ok' })
      .when(add('S0'), 2_000)
      .then({ code: 'quantity_limit', reply: { limit: 99 }, events: [] })
      .when({ type: 'SetQuantity', sku: 'S1', quantity: 100 }, 2_000)
      .then({ code: 'quantity_limit' })
      .when(add('ONE-MORE'), 2_000)
      .then({ code: 'cart_full', reply: { limit: 100 }, events: [] });
    for (const quantity of [0, -1, 1.5, Number.NaN])
      full.when(add('S1', quantity), 2_000).then({ code: 'validation_failed' });
  });

  test('is changed on the base of a version only when it still has it', () => {
    cart()
      .when(add('A'), 1_000)
      .then({ code: 'ok', reply: { version: 2 } })
      .when(add('B', 1, { versions: ['1'] }), 1_000)
      .then({ code: 'stale_version', reply: { version: 2 }, events: [] })
      .when({ type: 'EmptyCart', versions: ['7', '2'] }, 1_000)
      .then({ code: 'ok', reply: { lines: [], version: 3 } });
  });

  test('takes the currency of its first line and exchanges others at the rates of that moment', () => {
    const rates = { EUR: '1.1' };
    cart()
      .when(add('A', 1, { rates }), 1_000)
      .then({ code: 'ok', reply: { currency: 'USD', rates } })
      .when(add('B', 1, { prices: [eur(1_000)], rates: { EUR: '2' } }), 1_000)
      .then({ code: 'ok', reply: { lines: [{}, { priceAtAdd: usd(1_100) }], rates } })
      .when(add('C', 1, { prices: [eur(1_000), usd(999)] }), 1_000)
      .then({ code: 'ok', reply: { lines: [{}, {}, { priceAtAdd: usd(999) }] } })
      .when(add('D', 1, { prices: [{ amount: 5, currency: 'JPY' }] }), 1_000)
      .then({ code: 'no_exchange_rate', reply: { from: 'JPY', to: 'USD' } })
      .when({ type: 'SetCurrency', currency: 'EUR', rates: {} }, 1_000)
      .then({ code: 'cart_not_empty' })
      .when({ type: 'SetCurrency', currency: 'USD', rates: {} }, 1_000)
      .then({ code: 'ok', events: [] });
  });

  test('keeps a currency that its buyer chose when the last line goes', () => {
    cart()
      .when({ type: 'SetCurrency', currency: 'EUR', rates: { USD: '0.9' } }, 1_000)
      .then({ code: 'ok', reply: { currency: 'EUR' } })
      .when(add('A'), 1_000)
      .then({ code: 'ok', reply: { lines: [{ priceAtAdd: eur(900) }] } })
      .when({ type: 'RemoveFromCart', sku: 'A' }, 1_000)
      .then({ code: 'ok', reply: { currency: 'EUR' } });
  });

  test('has at most 20 coupon codes', () => {
    const many = cart();
    for (let n = 0; n < 20; n++) step(cartDecider, many.state, { type: 'AddCoupon', code: `C${n}` }, 1_000);
    many
      .when({ type: 'AddCoupon', code: 'C0' }, 1_000)
      .then({ code: 'ok', events: [] })
      .when({ type: 'AddCoupon', code: 'C20' }, 1_000)
      .then({ code: 'coupon_not_applicable', reply: { reason: 'too_many' } })
      .when({ type: 'RemoveCoupon', code: 'C0' }, 1_000)
      .then({ code: 'ok' })
      .when({ type: 'AddCoupon', code: 'C20' }, 1_000)
      .then({ code: 'ok' });
  });

  test('is over 30 days after its last change, and leaves no timer', () => {
    cart()
      .when(add('A'), 0)
      .then({ code: 'ok', reply: { expiresAtMs: 30 * dayMs }, deadline: Number.POSITIVE_INFINITY })
      .when(read, 30 * dayMs - 1)
      .then({ code: 'ok', reply: { lines: [{ sku: 'A' }] } })
      .when(read, 30 * dayMs)
      .then({ code: 'ok', events: [], reply: { lines: [], version: 3, expiresAtMs: null } })
      .when({ type: 'CartOrdered', orderId: 'o1', lines: [] }, 30 * dayMs)
      .then({
        code: 'ok',
        events: [{ type: 'CartEmptied', reason: 'expired' }, { type: 'CartItemsOrdered' }],
      })
      .when(add('B', 1, { versions: ['4'] }), 30 * dayMs)
      .then({ code: 'ok', reply: { lines: [{ sku: 'B' }] } });
  });
});

describe('a quote', () => {
  const save = (quoteId: string, expiresAtMs = 900_000) =>
    ({ type: 'SaveQuote', quoteId, body: { of: quoteId }, expiresAtMs }) as const;
  const use = (quoteId: string, orderId: string) => ({ type: 'UseQuote', quoteId, orderId }) as const;

  test('serves one order, which may ask again', () => {
    cart()
      .when(save('q1'), 0)
      .then({ code: 'ok' })
      .when(save('q1'), 0)
      .then({ code: 'ok', events: [] })
      .when(use('q1', 'o1'), 899_999)
      .then({ code: 'ok', reply: { body: { of: 'q1' } } })
      .when(use('q1', 'o1'), 950_000)
      .then({ code: 'ok', events: [], reply: { body: { of: 'q1' } } })
      .when(use('q1', 'o2'), 899_999)
      .then({ code: 'wrong_state' })
      .when(use('q2', 'o1'), 0)
      .then({ code: 'not_found' });
  });

  test('ends at its time', () => {
    cart()
      .when(save('q1'), 0)
      .then({ code: 'ok' })
      .when(use('q1', 'o1'), 900_000)
      .then({ code: 'not_found', events: [] });
  });

  test('yields to the fifth after it, and is bounded', () => {
    const asked = cart();
    for (let n = 0; n < 6; n++) step(cartDecider, asked.state, save(`q${n}`), 0);
    asked
      .when(use('q0', 'o1'), 1)
      .then({ code: 'not_found' })
      .when(use('q1', 'o1'), 1)
      .then({ code: 'ok' })
      .when({ type: 'SaveQuote', quoteId: 'big', body: 'x'.repeat(70_000), expiresAtMs: 5 }, 1)
      .then({ code: 'validation_failed' });
  });
});

describe('an order of the cart', () => {
  test('takes its units out, once', () => {
    const lines = [
      { sku: 'A', quantity: 2 },
      { sku: 'B', quantity: 9 },
      { sku: 'C', quantity: 1 },
    ];
    cart()
      .when(add('A', 5), 0)
      .then({ code: 'ok' })
      .when(add('B', 1), 0)
      .then({ code: 'ok' })
      .when({ type: 'CartOrdered', orderId: 'o1', lines }, 1)
      .then({ code: 'ok', pushes: [{ type: 'cart.updated' }] })
      .when({ type: 'CartOrdered', orderId: 'o1', lines }, 2)
      .then({ code: 'ok', events: [] })
      .when(read, 3)
      .then({ code: 'ok', reply: { lines: [{ sku: 'A', quantity: 3 }] } });
  });
});

describe('a guest’s cart', () => {
  const handOver = { type: 'HandOverCart', toAccountId: 'acc_2', mergeId: 'm1' } as const;

  test('goes to the account, and is sent until it is there', () => {
    const guest = cart('acc_1').when(add('A', 60), 0).then({ code: 'ok' });
    const { decided } = guest.when(handOver, 1);
    expect(decided.reply).toMatchObject({ mergeId: 'm1', lines: [{ sku: 'A', quantity: 60 }] });
    guest
      .when(handOver, 2)
      .then({
        code: 'ok',
        events: [],
        reply: { mergeId: 'm1' },
        pendingMessages: [{ id: 'm1', kind: 'cart', key: 'acc_2' }],
      })
      .when(read, 2)
      .then({ code: 'ok', reply: { lines: [] } })
      .when({ type: 'Answered', id: 'm1', code: 'ok', body: null }, 3)
      .then({ code: 'ok', events: [{ type: 'CartHandoverTaken' }], pendingMessages: [] })
      .when({ ...handOver, mergeId: 'm2' }, 4)
      .then({ code: 'ok', events: [], reply: null });
    const [message] = [{ type: 'MergeCart' as const, ...(decided.reply as object) }];
    cart('acc_2')
      .when(add('A', 50), 0)
      .then({ code: 'ok' })
      .when(message as never, 1)
      .then({ code: 'ok', reply: { lines: [{ sku: 'A', quantity: 99 }] } })
      .when(message as never, 2)
      .then({ code: 'ok', events: [] });
  });

  test('is exchanged into the account’s currency where a rate leads there', () => {
    const content = {
      type: 'MergeCart',
      ...{ mergeId: 'm1', currency: 'EUR', rates: {}, couponCodes: ['X'] },
      lines: [{ ...goods('B'), quantity: 1, priceAtAdd: eur(1_000), addedAtMs: 0 }],
    } as const;
    cart()
      .when(add('A', 1, { rates: { EUR: '1.1' } }), 0)
      .then({ code: 'ok' })
      .when(content, 1)
      .then({ code: 'ok', reply: { lines: [{}, { priceAtAdd: usd(1_100) }], couponCodes: ['X'] } });
    cart()
      .when(add('A'), 0)
      .then({ code: 'ok' })
      .when(content, 1)
      .then({ code: 'ok', reply: { lines: [{ sku: 'A' }] } });
    cart()
      .when(content, 1)
      .then({ code: 'ok', reply: { currency: 'EUR', lines: [{ sku: 'B' }] } });
  });

  test('of an erased account leaves nothing behind', () => {
    cart()
      .when(add('A'), 0)
      .then({ code: 'ok' })
      .when({ type: 'SaveQuote', quoteId: 'q1', body: 'where I live', expiresAtMs: 9 }, 0)
      .then({ code: 'ok' })
      .when(handOver, 1)
      .then({ code: 'ok' })
      .when({ type: 'ForgetCart' }, 2)
      .then({ code: 'ok', pendingMessages: [] })
      .when({ type: 'UseQuote', quoteId: 'q1', orderId: 'o1' }, 3)
      .then({ code: 'not_found' });
    cart().when({ type: 'ForgetCart' }, 0).then({ code: 'ok', events: [] });
  });
});
