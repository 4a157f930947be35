/** A payment intent's state as the audit compares it with its order's. */
import type Stripe from 'stripe';
import type { PaymentStatus } from '../../actors/order/commands.ts';
import { fromProvider } from '../../protocol/currencies.ts';
import type { Money } from '../../protocol/money.ts';

export interface PaymentReport {
  readonly status: Extract<PaymentStatus, 'authorized' | 'captured' | 'voided' | 'refunded'> | 'declined';
  readonly captured: Money;
  readonly refunded: Money;
}

/** null while nothing is decided. */
export function reportOf(intent: Stripe.PaymentIntent): PaymentReport | null {
  const status = statusOf(intent);
  const { currency, amount_received: captured } = intent;
  const refunded = chargeOf(intent)?.amount_refunded ?? 0;
  return (
    status && {
      status,
      captured: fromProvider(captured, currency),
      refunded: fromProvider(refunded, currency),
    }
  );
}

function statusOf(intent: Stripe.PaymentIntent): PaymentReport['status'] | null {
  switch (intent.status) {
    case 'requires_capture':
      return 'authorized';
    case 'succeeded':
      return chargeOf(intent)?.refunded ? 'refunded' : 'captured';
    case 'canceled':
      return 'voided';
    case 'requires_payment_method':
      return declineCodeOf(intent) === null ? null : 'declined';
    default:
      return null;
  }
}

export function declineCodeOf(intent: Stripe.PaymentIntent): string | null {
  const error = intent.last_payment_error;
  return error ? (error.decline_code ?? error.code ?? 'generic_decline') : null;
}

/** The intent's charge where it was asked for (`expand`), else null. */
export function chargeOf({ latest_charge: charge }: Stripe.PaymentIntent): Stripe.Charge | null {
  return typeof charge === 'object' ? charge : null;
}
