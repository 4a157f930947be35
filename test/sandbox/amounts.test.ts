import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currencies, providerAmount } from '../../src/protocol/currencies.ts';
import { newOrderId, paymentOf, type TestSandbox, testSandbox } from './support.ts';

let provider: TestSandbox;
beforeAll(async () => {
  provider = await testSandbox();
});
afterAll(() => provider.stop());

const charge = (amount: number, currency: string) =>
  provider.stripe.paymentIntents.create({ ...paymentOf(newOrderId()), amount, currency });

async function refusal(call: Promise<unknown>) {
  const error = (await call.then(
    () => null,
    (reason: unknown) => reason,
  )) as Stripe.errors.StripeError | null;
  return error && { status: error.statusCode, type: error.rawType, code: error.code, param: error.param };
}
const bad = (code: string | undefined, param: string) => ({
  ...{ status: 400, type: 'invalid_request_error' },
  ...{ code, param },
});

describe('the sandbox refuses what the provider refuses', () => {
  test('case 03: charges beyond the bounds of each currency, and takes the bounds themselves', async () => {
    for (const [currency, { least, greatest, step }] of currencies) {
      const [smallest, largest] = [least, greatest].map((amount) => providerAmount({ amount, currency }));
      const by = Math.max(1, providerAmount({ amount: step, currency }));
      const code = currency.toLowerCase();
      expect((await charge(smallest!, code)).amount).toBe(smallest);
      expect((await charge(largest!, code)).amount).toBe(largest);
      const tooLarge = await refusal(charge(largest! + by, code));
      // Twelve digits are all that any amount has.
      const isLongest = largest === 999_999_999_999;
      const large = bad(isLongest ? 'parameter_invalid_integer' : 'amount_too_large', 'amount');
      expect([code, tooLarge]).toEqual([code, large]);
      if (smallest! <= by) continue;
      expect([code, await refusal(charge(smallest! - by, code))]).toEqual([
        code,
        bad('amount_too_small', 'amount'),
      ]);
    }
  });

  test('case 02: digits that must be 0, in charges, captures and refunds', async () => {
    for (const [currency, amount] of [
      ['isk', 199_050],
      ['ugx', 500_001],
      ['kwd', 5_124],
    ] as const)
      expect(await refusal(charge(amount, currency))).toEqual(bad('invalid_charge_amount', 'amount'));
    const { id } = await charge(199_000, 'isk');
    const { paymentIntents, refunds } = provider.stripe;
    expect(await refusal(paymentIntents.capture(id, { amount_to_capture: 1_990 }))).toEqual(
      bad('invalid_charge_amount', 'amount_to_capture'),
    );
    await paymentIntents.capture(id);
    expect(await refusal(refunds.create({ payment_intent: id, amount: 1_990 }))).toEqual(
      bad('invalid_charge_amount', 'amount'),
    );
    expect((await refunds.create({ payment_intent: id, amount: 1_900 })).amount).toBe(1_900);
  });

  test('case 02: a currency that it does not know', async () => {
    for (const currency of ['zzz', 'bgn', 'us', 'dollars', 'ÄÖÜ'])
      expect(await refusal(charge(1_000, currency))).toEqual(bad(undefined, 'currency'));
  });
});
