/** A payment intent's state as the order actor hears it, whether from a webhook or from asking. */
import type Stripe from 'stripe';
import type { PaymentReported } from '../../actors/order/commands.ts';

export interface OrderReport {
  readonly orderId: string;
  readonly report: PaymentReported;
}

export function report(
  orderId: string | undefined,
  paymentId: string,
  status: PaymentReported['status'],
  declineCode: string | null = null,
): OrderReport | null {
  // A payment without an order of ours was made by someone else with the same account.
  if (!orderId) return null;
  return { orderId, report: { type: 'PaymentReported', paymentId, status, declineCode } };
}

export function declineCodeOf(intent: Stripe.PaymentIntent): string | null {
  const error = intent.last_payment_error;
  return error ? (error.decline_code ?? error.code ?? 'generic_decline') : null;
}

/** null while nothing is decided, or when the payment is not ours. */
export function reportOf(intent: Stripe.PaymentIntent): OrderReport | null {
  const orderId = intent.metadata?.orderId;
  switch (intent.status) {
    case 'requires_capture':
      return report(orderId, intent.id, 'authorized');
    case 'succeeded':
      return report(orderId, intent.id, isRefunded(intent.latest_charge) ? 'refunded' : 'captured');
    case 'canceled':
      return report(orderId, intent.id, 'voided');
    case 'requires_payment_method': {
      const declineCode = declineCodeOf(intent);
      return declineCode === null ? null : report(orderId, intent.id, 'declined', declineCode);
    }
    default:
      return null;
  }
}

function isRefunded(charge: Stripe.PaymentIntent['latest_charge']): boolean {
  return typeof charge === 'object' && charge !== null && charge.refunded;
}
