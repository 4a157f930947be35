import { describe, expect, test } from 'vitest';
import { type QuoteInput, quoteOf, worthOf, worthOfUnits } from '../../../src/market/pricing/quote.ts';
import {
  codeOf,
  figures,
  freeShipping,
  inputOf,
  lineOf,
  off,
  offerOf,
  percent,
  promotionOf,
  quote,
  usd,
} from './quoting.ts';

const none = { subtotal: 0, discount: 0, shipping: 0, tax: 0, rounding: 0, total: 0 };
const refusal = (lines: QuoteInput['lines'], change: Partial<QuoteInput>) => quoteOf(inputOf(lines, change));

describe('without discounts, taxes and rates', () => {
  test('the total is what the lines cost, and express 9.99', () => {
    const lines = [lineOf('A', 1999, { quantity: 2 }), lineOf('B', 500)];
    expect(figures(quote(lines))).toEqual({ ...none, subtotal: 4498, total: 4498 });
    expect(figures(quote(lines, { method: 'express' }))).toEqual({
      ...{ ...none, subtotal: 4498 },
      ...{ shipping: 999, total: 5497 },
    });
    expect(quote(lines).shippingOptions).toEqual([
      { method: 'standard', amount: usd(0), minDays: 5, maxDays: 5 },
      { method: 'express', amount: usd(999), minDays: 2, maxDays: 2 },
    ]);
  });

  test.each([
    ['JPY', 10],
    ['BHD', 9_990],
    ['MGA', 1_000],
  ])('express costs what can be charged in %s: %i', (currency, amount) => {
    const line = lineOf('A', 100, { currency });
    expect(quote([line], { currency, method: 'express' }).shipping).toEqual({ amount, currency });
  });

  test('without an address there is neither tax nor shipping, and no method', () => {
    const rates = { tax: [{ country: 'US', rate: '0.1', inclusive: false }], shipping: [] };
    const open = quote([lineOf('A', 1000)], { destination: null, method: 'express', rates });
    expect(figures(open)).toEqual({ ...none, subtotal: 1000, total: 1000 });
    expect([open.method, open.shippingOptions]).toEqual([null, []]);
  });
});

describe('tax', () => {
  const tax = [
    { country: 'US', rate: '0.05', inclusive: false },
    { country: 'US', state: 'NY', rate: '0.0625', inclusive: false },
    { country: 'US', category: 'Food', rate: '0.01', inclusive: false },
    { country: 'US', category: 'Food > Sweets', rate: '0.02', inclusive: false },
    { country: 'US', state: 'NY', category: 'Food', rate: '0.015', inclusive: false },
    { country: 'DE', rate: '0.19', inclusive: true },
  ];
  const rates = { tax, shipping: [] };
  const rateOf = (country: string, state: string | undefined, category: string | null) =>
    quote([lineOf('A', 1000, { category })], { rates, destination: { country, state } }).lines[0]!.tax.rate;

  test.each([
    ['US', undefined, null, '0.05'],
    ['US', 'CA', null, '0.05'],
    ['US', 'NY', null, '0.0625'],
    ['US', ' ny ', null, '0.0625'],
    ['US', 'CA', 'Food > Fruit', '0.01'],
    ['US', 'CA', 'Food > Sweets > Gum', '0.02'],
    ['US', 'NY', 'Food', '0.015'],
    // The longer path is the more specific one, whatever is said of the state.
    ['US', 'NY', 'Food > Sweets', '0.02'],
    ['US', 'NY', 'Foods', '0.0625'],
    ['DE', undefined, 'Food', '0.19'],
    ['FR', undefined, null, '0'],
  ])('in %s %s of %s is %s', (country, state, category, expected) => {
    expect(rateOf(country, state, category)).toBe(expected);
  });

  test('is added where it is exclusive: 6.25 % of 9.99 and of 2 × 0.08, once per line', () => {
    const result = quote([lineOf('A', 999), lineOf('B', 8, { quantity: 2 })], {
      rates,
      destination: { country: 'US', state: 'NY' },
    });
    expect(result.lines.map((line) => line.tax.amount.amount)).toEqual([62, 1]);
    expect(figures(result)).toEqual({ ...none, subtotal: 1015, tax: 63, total: 1078 });
  });

  test('is contained where it is inclusive: 19 % in 119.00 are 19.00, and the total stays', () => {
    const result = quote([lineOf('A', 11_900)], { rates, destination: { country: 'DE' } });
    expect(result.lines[0]!.tax).toEqual({ rate: '0.19', amount: usd(1_900), inclusive: true });
    expect(figures(result)).toEqual({ ...none, subtotal: 11_900, tax: 1_900, total: 11_900 });
  });

  test('is of what is left after discounts, and never of shipping', () => {
    const result = quote([lineOf('A', 10_000)], {
      ...{ rates, destination: { country: 'US' }, method: 'express', codes: [codeOf('TEN')] },
    });
    expect(result.lines[0]).toMatchObject({ discount: usd(1_000), taxable: usd(9_000) });
    expect(figures(result)).toEqual({
      ...{ subtotal: 10_000, discount: 1_000, shipping: 999, tax: 450, rounding: 0, total: 10_449 },
    });
  });
});

describe('shipping', () => {
  const shipping = [
    { method: 'post', country: '*', amount: usd(900), minDays: 5, maxDays: 9 },
    { method: 'post', country: 'DE', maxWeightGrams: 1_000, amount: usd(300), minDays: 1, maxDays: 3 },
    { method: 'post', country: 'DE', maxWeightGrams: 5_000, amount: usd(700), minDays: 1, maxDays: 3 },
    { method: 'courier', country: 'DE', amount: usd(2_000), minDays: 1, maxDays: 1 },
  ];
  const rates = { tax: [], shipping };
  const offered = (country: string, weightGrams: number, quantity = 1) =>
    quote([lineOf('A', 100, { weightGrams, quantity })], {
      ...{ rates, destination: { country }, method: null },
    }).shippingOptions.map(({ method, amount }) => [method, amount.amount]);

  test('is offered by country and by the weight of all units', () => {
    expect(offered('FR', 100_000)).toEqual([['post', 900]]);
    expect(offered('DE', 1_000)).toEqual([
      ['courier', 2_000],
      ['post', 300],
    ]);
    expect(offered('DE', 500, 3)).toEqual([
      ['courier', 2_000],
      ['post', 700],
    ]);
    // Germany has entries of its own for the post, so the one for all does not hold for it.
    expect(offered('DE', 5_001)).toEqual([['courier', 2_000]]);
  });

  test('by a method that is not offered is refused, and says what is', () => {
    const heavy = [lineOf('A', 100, { weightGrams: 5_001 })];
    expect(refusal(heavy, { rates, destination: { country: 'DE' }, method: 'post' })).toEqual({
      refused: 'shipping_not_available',
      details: { method: 'post', country: 'DE', offered: ['courier'] },
    });
  });

  test('is converted into the currency of the order, and not offered without a rate', () => {
    const line = lineOf('A', 100, { currency: 'EUR' });
    const toGermany = { ...{ currency: 'EUR', rates, destination: { country: 'DE' } } };
    const result = quote([line], { ...toGermany, method: 'post', exchange: { USD: '0.9' } });
    expect(figures(result)).toEqual({ ...none, subtotal: 100, shipping: 270, total: 370 });
    expect(refusal([line], { ...toGermany, method: 'post' })).toMatchObject({
      refused: 'shipping_not_available',
    });
  });

  test('is paid to the seller of the largest part after discounts', () => {
    const lines = [lineOf('A', 100, { sellerId: 'acc_a' }), lineOf('B', 110, { sellerId: 'acc_b' })];
    expect(quote(lines).shippingSellerId).toBe('acc_b');
    const half = codeOf('HALF', { sellerId: 'acc_b', discount: percent(5_000) });
    expect(quote(lines, { codes: [half] }).shippingSellerId).toBe('acc_a');
  });

  test('is free by a code of the marketplace, and by a seller’s own for what this seller ships', () => {
    const lines = [lineOf('A', 100), lineOf('B', 500, { sellerId: 'acc_b' })];
    const express = { method: 'express' };
    const free = (sellerId: string | null) => [codeOf('FREE', { sellerId, discount: freeShipping })];
    const result = quote(lines, { ...express, codes: free(null) });
    expect(figures(result)).toEqual({ ...none, subtotal: 600, total: 600 });
    expect(result.shippingOptions.map(({ amount }) => amount.amount)).toEqual([0, 0]);
    expect(figures(quote(lines, { ...express, codes: free('acc_b') })).shipping).toBe(0);
    expect(refusal(lines, { ...express, codes: free('acc_a') })).toEqual({
      refused: 'coupon_not_applicable',
      details: { couponCode: 'FREE', reason: 'other_seller' },
    });
  });
});

describe('codes', () => {
  const lines = [
    lineOf('A', 1_000, { quantity: 2, category: 'Electronics > Phones' }),
    lineOf('B', 505, { sellerId: 'acc_b', category: 'Books' }),
  ];
  const discountsOf = (change: Partial<QuoteInput>) =>
    quote(lines, change).lines.map(({ discounts }) =>
      discounts.map(({ source, amount }) => `${source} ${amount.amount}`),
    );

  test('take a percentage off each line: 12.5 % of 20.00 and of 5.05', () => {
    expect(discountsOf({ codes: [codeOf('SAVE', { discount: percent(1_250) })] })).toEqual([
      ['coupon SAVE 250'],
      ['coupon SAVE 63'],
    ]);
  });

  test('take an amount off in all, by value, the remainder off the largest', () => {
    expect(discountsOf({ codes: [codeOf('FIVE', { discount: off(500) })] })).toEqual([
      ['coupon FIVE 400'],
      ['coupon FIVE 100'],
    ]);
    // 0.01 is less than a share for each: the largest gets it.
    expect(discountsOf({ codes: [codeOf('CENT', { discount: off(1) })] })).toEqual([['coupon CENT 1'], []]);
  });

  test('never take more than there is: the total is 0 then, and not less', () => {
    const all = quote(lines, { codes: [codeOf('ALL', { discount: off(9_999) })] });
    expect(figures(all)).toEqual({ ...none, subtotal: 2_505, discount: 2_505, total: 0 });
  });

  test('of the higher priority come first, each on what the former left', () => {
    const ten = codeOf('TEN', { discount: percent(1_000), priority: 1 });
    const five = codeOf('FIVE', { discount: off(500), priority: 2 });
    expect(discountsOf({ codes: [ten, five] })).toEqual([
      ['coupon FIVE 400', 'coupon TEN 160'],
      ['coupon FIVE 100', 'coupon TEN 41'],
    ]);
    expect(discountsOf({ codes: [{ ...ten, priority: 3 }, five] })).toEqual([
      ['coupon TEN 200', 'coupon FIVE 400'],
      ['coupon TEN 51', 'coupon FIVE 100'],
    ]);
  });

  test('are for the lines of their seller, SKUs and categories only', () => {
    const scope = { skus: null, categories: null, sellerId: null };
    expect(discountsOf({ codes: [codeOf('OWN', { sellerId: 'acc_b' })] })).toEqual([[], ['coupon OWN 51']]);
    expect(discountsOf({ codes: [codeOf('SKU', { scope: { ...scope, skus: ['A'] } })] })).toEqual([
      ['coupon SKU 200'],
      [],
    ]);
    const electronics = codeOf('CAT', { scope: { ...scope, categories: ['Electronics', 'Toys'] } });
    expect(discountsOf({ codes: [electronics] })).toEqual([['coupon CAT 200'], []]);
    const theirs = codeOf('SELL', { scope: { ...scope, sellerId: 'acc_b' } });
    expect(discountsOf({ codes: [theirs] })).toEqual([[], ['coupon SELL 51']]);
  });

  test.each([
    ['not_started', { startsAtMs: 1_001 }],
    ['ended', { endsAtMs: 1_000 }],
    ['scope', { sellerId: 'acc_c' }],
    ['minimum_subtotal', { minimumSubtotal: usd(2_506) }],
    // What it is for must cost so much: the other seller's line does not help.
    ['minimum_subtotal', { sellerId: 'acc_b', minimumSubtotal: usd(506) }],
    ['currency', { discount: off(500, 'EUR') }],
    ['currency', { minimumSubtotal: { amount: 1, currency: 'EUR' } }],
  ])('that do not apply are refused: %s', (reason, change) => {
    expect(refusal(lines, { codes: [codeOf('X', change)] })).toEqual({
      refused: 'coupon_not_applicable',
      details: { couponCode: 'X', reason },
    });
  });

  test('in another currency are converted where there is a rate', () => {
    const code = codeOf('EURO', {
      discount: off(450, 'EUR'),
      minimumSubtotal: { amount: 900, currency: 'EUR' },
    });
    expect(figures(quote(lines, { codes: [code], exchange: { EUR: '1.25' } })).discount).toBe(563);
  });

  test('that do not stack are refused beside others, and good alone', () => {
    const alone = codeOf('ALONE', { stackable: false });
    expect(figures(quote(lines, { codes: [alone] })).discount).toBe(251);
    expect(refusal(lines, { codes: [codeOf('OTHER'), alone] })).toEqual({
      refused: 'coupon_not_applicable',
      details: { couponCode: 'ALONE', reason: 'not_stackable' },
    });
  });
});

describe('promotions', () => {
  const lines = [lineOf('A', 1_000), lineOf('B', 1_000, { sellerId: 'acc_b' })];
  const sources = (change: Partial<QuoteInput>) =>
    quote(lines, change).lines.map(({ discounts }) => discounts.map(({ source }) => source));

  test('that stack are added to codes; one that does not yields to a code for one of its lines', () => {
    const code = codeOf('OWN', { sellerId: 'acc_b' });
    expect(sources({ codes: [code], promotions: [promotionOf('p1')] })).toEqual([
      ['promotion p1'],
      ['coupon OWN', 'promotion p1'],
    ]);
    expect(sources({ codes: [code], promotions: [promotionOf('p1', { stackable: false })] })).toEqual([
      [],
      ['coupon OWN'],
    ]);
    const elsewhere = promotionOf('p1', { stackable: false, sellerId: 'acc_a' });
    expect(sources({ codes: [code], promotions: [elsewhere] })).toEqual([['promotion p1'], ['coupon OWN']]);
  });

  test('that do not stack stand alone among promotions: the one of the higher priority stays', () => {
    const alone = promotionOf('p1', { stackable: false, priority: 2 });
    expect(sources({ promotions: [alone, promotionOf('p2', { priority: 1 })] })).toEqual([
      ['promotion p1'],
      ['promotion p1'],
    ]);
    expect(sources({ promotions: [{ ...alone, priority: 0 }, promotionOf('p2', { priority: 1 })] })).toEqual([
      ['promotion p2'],
      ['promotion p2'],
    ]);
  });

  test('that do not apply are left out, without a refusal', () => {
    const late = promotionOf('p1', { startsAtMs: 2_000 });
    const dear = promotionOf('p2', { minimumSubtotal: usd(9_999) });
    expect(sources({ promotions: [late, dear] })).toEqual([[], []]);
  });

  test('and offers with a limit are named, when they changed a figure', () => {
    const limited = { limit: 5 };
    const promotions = [
      promotionOf('p1', limited),
      promotionOf('p2', { ...limited, sellerId: 'acc_c' }),
      promotionOf('p3'),
      promotionOf('p4', { ...limited, discount: freeShipping }),
    ];
    const offers = [offerOf('off_1', 'A', { isLimited: true }), offerOf('off_2', 'Z', { isLimited: true })];
    expect(quote(lines, { promotions, offers }).promotions).toEqual(['off_1', 'p1']);
    expect(quote(lines, { promotions, method: 'express' }).promotions).toEqual(['p1', 'p4']);
  });
});

describe('personal offers', () => {
  const lines = [lineOf('A', 1_000, { quantity: 3 }), lineOf('B', 1_000)];

  test('are a price or a percentage of one SKU, before everything else; the best of several holds', () => {
    const offers = [
      offerOf('off_1', 'A', { offered: { kind: 'price', price: usd(800) } }),
      offerOf('off_2', 'A', { offered: percent(1_000) }),
    ];
    const result = quote(lines, { offers, codes: [codeOf('TEN')] });
    expect(result.lines[0]!.discounts).toEqual([
      { source: 'offer off_1', amount: usd(600) },
      { source: 'coupon TEN', amount: usd(240) },
    ]);
    expect(result.lines[1]!.discounts).toEqual([{ source: 'coupon TEN', amount: usd(100) }]);
  });

  test('of another seller, of another time, or dearer than the price, change nothing', () => {
    const offers = [
      offerOf('off_1', 'A', { sellerId: 'acc_b' }),
      offerOf('off_2', 'A', { startsAtMs: 1_001 }),
      offerOf('off_3', 'A', { endsAtMs: 1_000 }),
      offerOf('off_4', 'A', { offered: { kind: 'price', price: usd(1_200) } }),
      offerOf('off_5', 'A', { offered: { kind: 'price', price: { amount: 1, currency: 'EUR' } } }),
    ];
    expect(figures(quote(lines, { offers })).discount).toBe(0);
  });
});

test('a total that the provider cannot charge is rounded half up to its step, and says by how much', () => {
  const line = lineOf('A', 1_235, { currency: 'BHD' });
  expect(figures(quote([line], { currency: 'BHD' }))).toEqual({
    ...{ ...none, subtotal: 1_235, rounding: 5, total: 1_240 },
  });
  const cheaper = codeOf('ONE', { discount: off(1, 'BHD') });
  expect(figures(quote([line], { currency: 'BHD', codes: [cheaper] }))).toEqual({
    ...{ ...none, subtotal: 1_235, discount: 1, rounding: -4, total: 1_230 },
  });
});

test('what goes back for units of a line: each its share, the last one the remainder', () => {
  const [line] = quote([lineOf('A', 333, { quantity: 3 })], {
    ...{
      codes: [codeOf('TEN')],
      rates: { tax: [{ country: 'US', rate: '0.07', inclusive: false }], shipping: [] },
    },
  }).lines;
  // 9.99 − 1.00 + 0.63
  const worth = worthOf(line!);
  expect(worth).toEqual(usd(962));
  expect([0, 1, 2].map((before) => worthOfUnits(worth, 3, before, 1).amount)).toEqual([320, 320, 322]);
  expect(worthOfUnits(worth, 3, 0, 3)).toEqual(worth);
  expect(worthOfUnits(worth, 3, 1, 2).amount).toBe(642);
});

test('more than can be counted exactly is refused', () => {
  const lines = Array.from({ length: 100 }, (_, i) => lineOf(`S${i}`, 1_000_000_000_000, { quantity: 99 }));
  expect(refusal(lines, {})).toMatchObject({ refused: 'validation_failed' });
});
