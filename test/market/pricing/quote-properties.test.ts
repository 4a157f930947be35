/** What holds of every quote, whatever the lines, the discounts and the rates, in currencies of 0, 2 and 3 digits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiscountTerms } from '../../../src/actors/coupon/commands.ts';
import { type QuoteInput, quoteOf, worthOf, worthOfUnits } from '../../../src/market/pricing/quote.ts';
import { currencies } from '../../../src/protocol/currencies.ts';
import { codeOf, freeShipping, inputOf, lineOf, off, offerOf, percent, promotionOf } from './quoting.ts';

const currency = fc.constantFrom('USD', 'JPY', 'BHD', 'MGA', 'UGX');
const sellers = ['acc_a', 'acc_b', 'acc_c'];
const categories = [null, 'Food', 'Food > Sweets', 'Books'];
const rate = fc.constantFrom('0', '0.05', '0.0625', '0.19', '0.077', '0.333333333333333333', '1');

const lines = (code: string) =>
  fc
    .array(
      fc.record({
        amount: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 99_999_999 })),
        quantity: fc.integer({ min: 1, max: 99 }),
        sellerId: fc.constantFrom(...sellers),
        category: fc.constantFrom(...categories),
        weightGrams: fc.integer({ min: 0, max: 3_000 }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((all) => all.map(({ amount, ...rest }, i) => lineOf(`S${i}`, amount, { ...rest, currency: code })));

const terms = (code: string): fc.Arbitrary<Partial<DiscountTerms>> =>
  fc.record({
    discount: fc.oneof(
      fc.integer({ min: 0, max: 10_000 }).map((hundredths) => percent(hundredths)),
      fc.integer({ min: 0, max: 5_000_000 }).map((amount) => off(amount, code)),
      fc.constant(freeShipping),
    ),
    sellerId: fc.constantFrom(null, ...sellers),
    limit: fc.constantFrom(null, 5),
    stackable: fc.constantFrom(true, true, false),
    priority: fc.integer({ min: 0, max: 3 }),
    scope: fc.record({
      skus: fc.constantFrom(null, null, ['S0', 'S1']),
      categories: fc.constantFrom(null, null, ['Food']),
      sellerId: fc.constantFrom(null, null, 'acc_a'),
    }),
  });

const rates = (code: string) =>
  fc.record({
    tax: fc.array(
      fc.record({
        country: fc.constant('US'),
        category: fc.constantFrom(undefined, 'Food', 'Food > Sweets'),
        state: fc.constantFrom(undefined, 'NY'),
        rate,
        inclusive: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    shipping: fc.array(
      fc.record({
        method: fc.constantFrom('standard', 'express'),
        country: fc.constantFrom('US', '*'),
        amount: fc.integer({ min: 0, max: 99_999 }).map((amount) => ({ amount, currency: code })),
        minDays: fc.constant(1),
        maxDays: fc.constant(9),
      }),
      { maxLength: 3 },
    ),
  });

const input: fc.Arbitrary<QuoteInput> = currency.chain((code) =>
  fc
    .record({
      lines: lines(code),
      codes: fc.array(terms(code), { maxLength: 3 }),
      promotions: fc.array(terms(code), { maxLength: 4 }),
      rates: rates(code),
      offered: fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 2 }),
      method: fc.constantFrom(null, 'standard', 'express'),
    })
    .map(({ lines: all, codes, promotions, offered, ...rest }) =>
      inputOf(all, {
        ...{ ...rest, currency: code, destination: { country: 'US', state: 'NY' } },
        codes: codes.map((each, i) => codeOf(`CODE${i}`, each)),
        promotions: promotions.map((each, i) => promotionOf(`prm_${i}`, each)),
        offers: offered.map((hundredths, i) =>
          offerOf(`off_${i}`, `S${i}`, { offered: percent(hundredths) }),
        ),
      }),
    ),
);

test('figures add up exactly, no discount exceeds its line, and refunds of all units are the total', () => {
  let quotes = 0;
  let discounted = 0;
  fc.assert(
    fc.property(input, (given) => {
      const quote = quoteOf(given);
      if ('refused' in quote) return;
      quotes++;
      const { subtotal, discount, shipping, rounding, total } = quote;
      const add = (amounts: readonly number[]) => amounts.reduce((sum, amount) => sum + amount, 0);
      for (const line of quote.lines) {
        expect(line.lineTotal.amount).toBe(line.unitPrice.amount * line.quantity);
        expect(line.discount.amount).toBe(add(line.discounts.map(({ amount }) => amount.amount)));
        expect(line.taxable.amount).toBe(line.lineTotal.amount - line.discount.amount);
        expect(line.taxable.amount).toBeGreaterThanOrEqual(0);
        for (const each of line.discounts) expect(each.amount.amount).toBeGreaterThan(0);
        expect(line.tax.amount.amount).toBeLessThanOrEqual(line.taxable.amount);
      }
      if (discount.amount > 0) discounted++;
      expect(subtotal.amount).toBe(add(quote.lines.map((line) => line.lineTotal.amount)));
      expect(discount.amount).toBe(add(quote.lines.map((line) => line.discount.amount)));
      expect(quote.tax.amount).toBe(add(quote.lines.map((line) => line.tax.amount.amount)));
      const exclusive = add(quote.lines.map(({ tax }) => (tax.inclusive ? 0 : tax.amount.amount)));
      expect(total.amount).toBe(
        subtotal.amount - discount.amount + shipping.amount + exclusive + rounding.amount,
      );
      const { step } = currencies.get(given.currency)!;
      expect(total.amount % step).toBe(0);
      expect(Math.abs(rounding.amount) * 2).toBeLessThanOrEqual(step);
      // Unit by unit, in any parts, exactly what was paid for the lines goes back.
      const back = quote.lines.map((line) => {
        const units = Array.from({ length: line.quantity }, (_, before) =>
          worthOfUnits(worthOf(line), line.quantity, before, 1),
        );
        for (const unit of units) expect(unit.amount).toBeGreaterThanOrEqual(0);
        return add(units.map(({ amount }) => amount));
      });
      expect(add(back) + shipping.amount + rounding.amount).toBe(total.amount);
    }),
    { numRuns: 1_000 },
  );
  // The cases must be quotes, and of discounts, or they prove little.
  expect(quotes).toBeGreaterThan(300);
  expect(discounted).toBeGreaterThan(150);
});

test('the order of lines, codes, promotions and rates changes nothing', () => {
  fc.assert(
    fc.property(input, (given) => {
      const quote = quoteOf(given);
      const turned = quoteOf({
        ...given,
        lines: given.lines.toReversed(),
        codes: given.codes.toReversed(),
        promotions: given.promotions.toReversed(),
        offers: given.offers.toReversed(),
        rates: { tax: distinct(given.rates.tax).toReversed(), shipping: given.rates.shipping },
      });
      const straight = quoteOf({ ...given, rates: { ...given.rates, tax: distinct(given.rates.tax) } });
      if ('refused' in quote || 'refused' in turned || 'refused' in straight) {
        expect(turned).toEqual(straight);
        return;
      }
      expect({ ...turned, lines: turned.lines.toReversed() }).toEqual(straight);
    }),
    { numRuns: 500 },
  );
});

/** A table has one entry for a place and category. */
function distinct(tax: QuoteInput['rates']['tax']): QuoteInput['rates']['tax'] {
  return [...new Map(tax.map((each) => [`${each.state} ${each.category}`, each])).values()];
}
