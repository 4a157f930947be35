/**
 * The calls of the payment provider that we make, as its SDK names them. There are two ways in: the SDK itself, and for the
 * sandbox sandbox-client.ts. Both throw the SDK's errors.
 */
import type Stripe from 'stripe';

interface Keyed {
  readonly idempotencyKey: string;
}

/** One page of a list, newest first. */
export interface Page<Item> {
  readonly data: Item[];
  readonly has_more: boolean;
}

interface OfPayment {
  readonly payment_intent: string;
  readonly limit: number;
}

export interface ProviderApi {
  readonly paymentIntents: {
    create(params: Stripe.PaymentIntentCreateParams, options: Keyed): Promise<Stripe.PaymentIntent>;
    capture(id: string, params: { amount_to_capture: number }, options: Keyed): Promise<Stripe.PaymentIntent>;
    cancel(id: string, params: object, options: Keyed): Promise<Stripe.PaymentIntent>;
    retrieve(id: string, params: { expand: string[] }): Promise<Stripe.PaymentIntent>;
    search(params: { query: string; limit: number }): Promise<Page<Stripe.PaymentIntent>>;
  };
  readonly refunds: {
    create(params: { payment_intent: string }, options: Keyed): Promise<Stripe.Refund>;
    list(params: OfPayment): Promise<Page<Stripe.Refund>>;
  };
  readonly disputes: { list(params: OfPayment): Promise<Page<Stripe.Dispute>> };
  readonly events: { list(params: Stripe.EventListParams): Promise<Page<Stripe.Event>> };
}
