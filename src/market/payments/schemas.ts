/** Payments on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Timestamp } from '../../gateway/schemas.ts';
import { Money } from '../pricing/schemas.ts';

export const PaymentStatus = Type.Enum(['none', 'authorized', 'captured', 'voided', 'refunded', 'failed']);

export const Payment = Closed(
  {
    paymentId: Type.String(),
    orderId: Id('order'),
    status: PaymentStatus,
    amount: Nullable(Money),
    orderCreatedAt: Timestamp,
  },
  { title: 'Payment' },
);
export type Payment = Static<typeof Payment>;

export const WebhookTaken = Closed({ received: Type.Boolean() });
