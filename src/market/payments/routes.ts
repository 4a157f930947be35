/**
 * Payments: one of the caller's, and what the payment provider reports about them. The order's actor judges a report:
 * repeated, late and reordered ones change nothing they should not, so every report that is ours is simply passed on.
 *
 * 1. Only bodies with a good signature are read; the signature is over the exact bytes.
 * 2. 2xx means that the actor has it (or never will want it): anything else makes the provider send it again.
 */
import { paymentReported, readOrder } from '../../actors/order/commands.ts';
import { accepted, scopeOf } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { recentPaymentsOf } from './live.ts';
import { Payment, paymentIdCharsMax, WebhookTaken } from './schemas.ts';
import { orderOfPayment } from './store.ts';
import { paymentJson } from './views.ts';
import { readWebhook } from './webhook.ts';

/** So long after it was made an event about an unknown payment is asked for again. */
const youngMs = 60_000;
const webhookBytesMax = 1024 * 1024;

/** The payment as its order's actor has it; pushes and the read model only say which order that is. */
const readPayment = route({
  method: 'GET',
  path: '/v1/payments/{paymentId}',
  params: { paymentId: Payment.properties.paymentId },
  operationId: 'getPayment',
  summary: 'One payment of the caller',
  tag: 'Orders',
  who: 'signed-in',
  replies: { 200: { description: 'The payment', schema: Payment } },
  refusals: ['not_found'],
  async handle({ services, identity, params: { paymentId } }) {
    const unknown = new DoorbusterError('not_found', 'there is no such payment');
    if (paymentId.length > paymentIdCharsMax) throw unknown;
    const orderId =
      recentPaymentsOf(services).get(paymentId) ?? (await orderOfPayment(services.database, paymentId));
    if (orderId === null) throw unknown;
    const order = accepted(await services.ask(readOrder, orderId, { buyerId: scopeOf(identity) }));
    if (order.paymentId !== paymentId) throw unknown;
    return reply(200, paymentJson(order, paymentId));
  },
});

const receiveWebhook = route({
  method: 'POST',
  path: '/v1/webhooks/stripe',
  operationId: 'receivePaymentWebhook',
  summary: 'Payment events, signed by the provider',
  tag: 'Webhooks',
  who: 'anybody',
  isRaw: true,
  bodyBytesMax: webhookBytesMax,
  headers: { 'stripe-signature': "The provider's signature of the body" },
  replies: { 200: { description: 'Taken', schema: WebhookTaken } },
  refusals: ['invalid_signature', 'validation_failed'],
  async handle({ services, rawBody, headers }) {
    const signature = headers['stripe-signature'];
    if (!signature) throw new DoorbusterError('invalid_signature', 'The Stripe-Signature header is missing');
    const event = readWebhook(rawBody, signature, services.webhookSecret);
    if (event !== null) {
      const orderId = event.orderId ?? (await orderOfPayment(services.database, event.report.paymentId));
      // The tables may not have the payment yet; one that they still lack later is not ours.
      if (orderId === null && services.now() - event.createdAtMs < youngMs)
        throw new DoorbusterError('busy', 'the payment of this event is not known yet');
      if (orderId !== null && isId('order', orderId)) {
        const answer = await services.ask(paymentReported, orderId, event.report);
        if (answer.code !== 'not_found') accepted(answer);
      }
    }
    return reply(200, { received: true });
  },
});

export const routes: readonly Route[] = [readPayment, receiveWebhook];
