import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currencies, fromProvider, providerAmount, whyNotChargeable } from '../../src/protocol/currencies.ts';

const usd = (amount: number) => ({ amount, currency: 'USD' });

describe('the table of currencies', () => {
  test('case 02: our amounts are ISO minor units, the provider’s are its own', () => {
    const both = (amount: number, currency: string) => providerAmount({ amount, currency });
    expect(both(1_990, 'ISK')).toBe(199_000);
    expect(both(5_000, 'UGX')).toBe(500_000);
    expect(both(150_000, 'MGA')).toBe(1_500);
    expect(both(1_990, 'USD')).toBe(1_990);
    expect(both(500, 'JPY')).toBe(500);
    expect(both(5_120, 'KWD')).toBe(5_120);
    expect(both(1_045, 'HUF')).toBe(1_045);
    // One that was sold once and is not any more goes back as it came.
    expect(both(1_990, 'BGN')).toBe(1_990);
  });

  test('case 02: has only codes in use, each with the digits that ISO 4217 gives it', () => {
    expect(currencies.size).toBe(137);
    for (const code of ['ZZZ', 'HRK', 'ANG', 'BGN', 'XXX', 'XAU', 'BTC', 'usd', ''])
      expect([code, currencies.has(code)]).toEqual([code, false]);
    const digitsOf = (digits: number) =>
      [...currencies].flatMap(([code, rules]) => (rules.digits === digits ? [code] : []));
    expect(digitsOf(0).join(' ')).toBe('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF');
    expect(digitsOf(3).join(' ')).toBe('BHD JOD KWD OMR TND');
    for (const [code, { digits }] of currencies)
      expect([code, [0, 2, 3].includes(digits)]).toEqual([code, true]);
  });

  test('case 03: says what is too small, too great or between two steps', () => {
    expect(whyNotChargeable(usd(50))).toBeNull();
    expect(whyNotChargeable(usd(99_999_999))).toBeNull();
    expect(whyNotChargeable(usd(49))).toMatch('at least 50');
    expect(whyNotChargeable(usd(100_000_000))).toMatch('at most 99999999');
    expect(whyNotChargeable(usd(Number.NaN))).toMatch('at least');
    expect(whyNotChargeable({ amount: 5_124, currency: 'KWD' })).toMatch('multiple of 10');
    expect(whyNotChargeable({ amount: 150, currency: 'MGA' })).toMatch('multiple of 100');
    expect(whyNotChargeable({ amount: 99, currency: 'MGA' })).toMatch('at least 100');
    // Two of its decimals are always 00, so it has two digits less.
    expect(whyNotChargeable({ amount: 999_999, currency: 'ISK' })).toBeNull();
    expect(whyNotChargeable({ amount: 1_000_000, currency: 'ISK' })).toMatch('at most 999999');
    expect(whyNotChargeable({ amount: 9_999_999_900, currency: 'MGA' })).toBeNull();
    expect(whyNotChargeable({ amount: 99_999_990, currency: 'BHD' })).toBeNull();
    expect(whyNotChargeable({ amount: 999_999_999_999, currency: 'IDR' })).toBeNull();
    expect(whyNotChargeable({ amount: 17_499, currency: 'HUF' })).toMatch('at least 17500');
    expect(whyNotChargeable({ amount: 1_000, currency: 'ZZZ' })).toMatch('cannot be charged in ZZZ');
  });

  test('case 02: whatever can be charged goes to the provider and back without a change', () => {
    const charge = fc.constantFrom(...currencies.keys()).chain((currency) => {
      const { step, least, greatest } = currencies.get(currency)!;
      const steps = fc.integer({ min: Math.ceil(least / step), max: greatest / step });
      return steps.map((count) => ({ amount: count * step, currency }));
    });
    fc.assert(
      fc.property(charge, (money) => {
        expect(whyNotChargeable(money)).toBeNull();
        const amount = providerAmount(money);
        expect(Number.isSafeInteger(amount) && amount > 0).toBe(true);
        expect(String(amount).length).toBeLessThanOrEqual(12);
        expect(fromProvider(amount, money.currency.toLowerCase())).toEqual(money);
      }),
      { numRuns: 2_000 },
    );
  });
});
