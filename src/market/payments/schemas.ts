/** Payments on the wire. */
import Type, { type Static } from 'typebox';
import { Id, Nullable, Open, Timestamp } from '../../gateway/schemas.ts';
import { Money } from '../pricing/schemas.ts';

export const PaymentStatus = Type.Enum([
  'none',
  'authorized',
  'captured',
  'voided',
  'partially_refunded',
  'refunded',
  'failed',
]);

export const Payment = Open(
  {
    paymentId: Type.String(),
    orderId: Id('order'),
    status: PaymentStatus,
    amount: Nullable(Money),
    refunded: Nullable(Money),
    disputed: Nullable(Money),
    orderCreatedAt: Timestamp,
  },
  { title: 'Payment' },
);
export type Payment = Static<typeof Payment>;

export const WebhookTaken = Open({ received: Type.Boolean() });
