/** How a payment stands, from what a provider's API may say of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Payments } from '../../../src/market/payments/effects.ts';
import { quiet } from '../../sandbox/support.ts';

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** What is found when the charge says that so much went back, and these are its refunds. */
async function standing(amountRefunded: number, refunds: readonly object[], hasMore = false) {
  return (await examined(amountRefunded, refunds, { hasMore })).answer;
}

/** The same, and as what it is counted. */
async function examined(
  amountRefunded: number,
  refunds: readonly object[],
  { hasMore = false, disputed = false } = {},
) {
  const intent = {
    ...{ id: 'pi_1', object: 'payment_intent', status: 'succeeded', currency: 'usd' },
    ...{ amount: 1_000, amount_received: 1_000 },
    latest_charge: { id: 'ch_1', object: 'charge', disputed, amount_refunded: amountRefunded },
  };
  const provider = createServer((request, response) => {
    const dispute = {
      id: 'dp_1',
      object: 'dispute',
      status: 'needs_response',
      amount: 1_000,
      currency: 'usd',
    };
    const lists: Record<string, object> = {
      refunds: { object: 'list', data: refunds, has_more: hasMore },
      disputes: { object: 'list', data: [dispute], has_more: false },
    };
    const [, , kind = ''] = request.url!.split(/[/?]/);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(lists[kind] ?? intent));
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const sandboxUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const payments = new Payments({ stripe: { secretKey: null, sandboxUrl }, log: quiet, now: Date.now });
  try {
    const answer = await payments.handle({
      ...{ type: 'ExaminePayment', orderId: 'ord_1', paymentId: 'pi_1', idempotencyKey: 'ord_1:examine:9' },
    });
    return { answer, counted: payments.numbers().results.map(({ code }) => code) };
  } finally {
    await payments.stop();
    provider.close();
  }
}

test('case 04: a refund that failed does not count, whether or not the charge still counts it', async () => {
  const failed = { id: 're_1', status: 'failed', amount: 1_000 };
  const found = (refunded: number) => ({
    code: 'ok',
    body: { captured: usd(1_000), refunded: usd(refunded), disputed: null },
  });
  expect(await standing(1_000, [failed])).toEqual(found(0));
  expect(await standing(0, [failed])).toEqual(found(0));
  expect(await standing(1_000, [{ ...failed, status: 'canceled' }])).toEqual(found(0));
  const rest = [
    { id: 're_2', status: 'succeeded', amount: 300 },
    { id: 're_3', status: 'pending', amount: 200 },
  ];
  expect(await standing(1_000, [failed, ...rest])).toEqual(found(500));
  expect(await standing(500, [failed, ...rest])).toEqual(found(500));
  // More refunds than one page has: the charge is believed.
  expect(await standing(900, [failed], true)).toEqual(found(900));
});

test('case 04: money that others moved is counted as that', async () => {
  const succeeded = [{ id: 're_1', status: 'succeeded', amount: 400 }];
  expect((await examined(0, [])).counted).toEqual(['ok']);
  expect((await examined(400, succeeded)).counted).toEqual(['refunded']);
  expect((await examined(0, [], { disputed: true })).counted).toEqual(['disputed']);
});
