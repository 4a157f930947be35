/** Giving back a payment that was disputed once: the provider's own words decide whether the bank has the money. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Payments } from '../../../src/market/payments/effects.ts';
import { quiet } from '../../sandbox/support.ts';

const intent = {
  ...{ id: 'pi_1', object: 'payment_intent', status: 'succeeded', currency: 'usd' },
  ...{ amount: 1_000, amount_received: 1_000 },
  // A charge stays disputed when its dispute was won.
  latest_charge: { id: 'ch_1', object: 'charge', disputed: true, amount_refunded: 0 },
};

let provider: Server;
let payments: Payments;
afterEach(async () => {
  await payments.stop();
  provider.close();
});

/** A provider that refuses refunds with these codes, one after another, and then makes one. Answers with how many were asked for. */
async function refundRefused(...codes: string[]): Promise<{ code: string; asked: number }> {
  let asked = 0;
  provider = createServer((request, response) => {
    request.resume();
    const refusal = request.method === 'POST' ? codes[asked++] : undefined;
    const error = { type: 'invalid_request_error', code: refusal, message: 'Refused.' };
    const made = { id: 're_1', object: 'refund', payment_intent: 'pi_1', status: 'succeeded', amount: 1_000 };
    const read = request.url!.startsWith('/v1/refunds')
      ? { object: 'list', data: [], has_more: false }
      : intent;
    const done = request.method === 'POST' ? made : read;
    response.writeHead(refusal === undefined ? 200 : 400, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refusal === undefined ? done : { error }));
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const sandboxUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  payments = new Payments({
    ...{ stripe: { secretKey: null, sandboxUrl }, log: quiet, now: Date.now },
    ...{ timeoutMs: 2_000, pauseMs: 1 },
  });
  const { code } = await payments.handle({
    ...{ type: 'RefundPayment', orderId: 'ord_1', paymentId: 'pi_1' },
    ...{ amount: { amount: 1_000, currency: 'USD' }, idempotencyKey: 'ord_1:refund' },
  });
  return { code, asked };
}

test('a refund that is refused for another reason is tried again until it is made, although there was a dispute', async () => {
  expect(await refundRefused('balance_insufficient')).toEqual({ code: 'ok', asked: 2 });
});

test('a refund of what the bank has taken back is not made a second time', async () => {
  expect(await refundRefused('charge_disputed', 'charge_disputed')).toEqual({ code: 'ok', asked: 1 });
});
