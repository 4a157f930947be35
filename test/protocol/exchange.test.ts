import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currencies } from '../../src/protocol/currencies.ts';
import { crossRate, exchanged, isRate } from '../../src/protocol/exchange.ts';

const money = (amount: number, currency: string) => ({ amount, currency });

test('a price is exchanged in major units, rounded half up to what the provider charges', () => {
  expect(exchanged(money(1_000, 'USD'), '0.9', 'EUR')).toEqual(money(900, 'EUR'));
  expect(exchanged(money(1_000, 'USD'), '156.25', 'JPY')).toEqual(money(1_563, 'JPY'));
  expect(exchanged(money(1_563, 'JPY'), '0.0064', 'USD')).toEqual(money(1_000, 'USD'));
  expect(exchanged(money(199, 'USD'), '0.377', 'BHD')).toEqual(money(750, 'BHD'));
  expect(exchanged(money(1, 'USD'), '0.5', 'EUR')).toEqual(money(1, 'EUR'));
});

test('what costs something never becomes free', () => {
  expect(exchanged(money(1, 'USD'), '0.0001', 'EUR')).toEqual(money(1, 'EUR'));
  expect(exchanged(money(0, 'USD'), '0.9', 'EUR')).toEqual(money(0, 'EUR'));
});

test('what is no decimal above 0 is no rate', () => {
  for (const text of ['0', '0.0', '', '-1', '1e3', '1.', '.5', ' 1', '1234567890123'])
    expect(isRate(text)).toBe(false);
  for (const text of ['1', '0.0064', '156.25', '000.1']) expect(isRate(text)).toBe(true);
  expect(() => exchanged(money(1, 'USD'), '1e3', 'EUR')).toThrow(/cannot exchange/);
  expect(() => exchanged(money(1, 'USD'), '1', 'XXX')).toThrow(/cannot exchange/);
});

test('a rate across a third currency', () => {
  expect(crossRate('1', '0.9')).toBe('1.111111111111');
  expect(crossRate('0.9', '1')).toBe('0.9');
  expect(crossRate('150', '0.9')).toBe('166.666666666667');
  expect(crossRate('7', '7')).toBe('1');
});

const code = fc.constantFrom('USD', 'EUR', 'JPY', 'BHD', 'ISK', 'MGA', 'KWD', 'IDR');
const rate = fc
  .integer({ min: 1, max: 10 ** 9 })
  .map((n) => (n / 1e6).toFixed(6))
  .filter(isRate);

test('an exchanged price is a multiple of the step, and within half of one of the exact one', () => {
  fc.assert(
    fc.property(code, code, rate, fc.integer({ min: 0, max: 10 ** 9 }), (from, to, factor, amount) => {
      const { step, digits } = currencies.get(to)!;
      const result = exchanged(money(amount, from), factor, to);
      const exact = (amount / 10 ** currencies.get(from)!.digits) * Number(factor) * 10 ** digits;
      expect(result.amount % step).toBe(0);
      const isRaised = result.amount === step && exact < step;
      if (!isRaised)
        expect(Math.abs(result.amount - exact)).toBeLessThanOrEqual(step / 2 + exact * 1e-12 + 1e-6);
    }),
  );
});
