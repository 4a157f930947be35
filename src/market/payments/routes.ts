/**
 * What the payment provider tells us. The order's actor judges it: repeated, late and reordered reports change
 * nothing they should not, so every report that is ours is simply passed on.
 *
 * 1. Only bodies with a good signature are read; the signature is over the exact bytes.
 * 2. 2xx means that the actor has it (or never will want it): anything else makes the provider send it again.
 */

import Type from 'typebox';
import type { PaymentReported } from '../../actors/order/commands.ts';
import { accepted } from '../../gateway/ask.ts';
import type { Route } from '../../gateway/route.ts';
import { Closed } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';

/**
 * Verifies and reads a webhook's body: what it reports about which order, or null when it is nothing about payments
 * of ours. Refuses with a DoorbusterError `invalid_signature`.
 */
export type ReadWebhook = (
  rawBody: Uint8Array,
  signature: string,
  secret: string,
) => { orderId: string; report: PaymentReported } | null;

export function webhookRoute(readWebhook: ReadWebhook): Route {
  return {
    method: 'POST',
    path: '/v1/webhooks/stripe',
    operationId: 'receivePaymentWebhook',
    summary: 'Payment events, signed by the provider',
    tag: 'Webhooks',
    auth: 'none',
    isRaw: true,
    headers: ['stripe-signature'],
    responses: {
      200: { description: 'Taken', schema: Closed({ received: Type.Boolean() }) },
    },
    refusals: ['invalid_signature'],
    async handle({ services, rawBody, headers }) {
      const signature = headers['stripe-signature'];
      if (!signature)
        throw new DoorbusterError('invalid_signature', 'The Stripe-Signature header is missing');
      const event = readWebhook(rawBody, signature, services.webhookSecret);
      if (event !== null && isId('order', event.orderId)) {
        const answer = await services.shards.ask('order', event.orderId, event.report);
        if (answer.code !== 'not_found') accepted(answer);
      }
      return { status: 200, body: { received: true } };
    },
  };
}
