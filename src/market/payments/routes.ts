/**
 * Payments: one of the caller's, and what the payment provider reports about them. The order's actor judges a report:
 * repeated, late and reordered ones change nothing they should not, so every report that is ours is simply passed on.
 *
 * 1. Only bodies with a good signature are read; the signature is over the exact bytes.
 * 2. 2xx means that the actor has it (or never will want it): anything else makes the provider send it again.
 */
import { readOrder } from '../../actors/order/commands.ts';
import { accepted, scopeOf } from '../../gateway/handling.ts';
import { type Route, reply, route, type Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { deliver } from './deliver.ts';
import { recentPaymentsOf } from './live.ts';
import { Payment, paymentIdCharsMax, WebhookTaken } from './schemas.ts';
import { orderOfPayment } from './store.ts';
import { paymentJson } from './views.ts';
import { readWebhook } from './webhook.ts';

/** So long after it was made an event about an unknown payment is asked for again. */
const youngMs = 60_000;
const webhookBytesMax = 1024 * 1024;

/** Which order that is, as far as pushes and tables have told. */
async function orderOf(services: Services, paymentId: string): Promise<string | null> {
  return recentPaymentsOf(services).get(paymentId) ?? (await orderOfPayment(services.database, paymentId));
}

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
    const orderId = await orderOf(services, paymentId);
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
    const told = readWebhook(rawBody, signature, services.webhookSecret);
    if (told === null) return reply(200, { received: true });
    const { ask, log } = services;
    const delivery = await deliver(told, {
      ...{ ask, log },
      orderOf: (paymentId) => orderOf(services, paymentId),
      isYoung: (createdAtMs) => services.now() - createdAtMs < youngMs,
    });
    if (delivery === 'busy')
      throw new DoorbusterError('busy', 'the order of this payment cannot be told yet');
    return reply(200, { received: true });
  },
});

export const routes: readonly Route[] = [readPayment, receiveWebhook];
