/** Payments on the wire. */
import Type, { type Static } from 'typebox';
import { Id, Nullable, Open, Rarely, Timestamp } from '../../gateway/schemas.ts';
import { Money } from '../pricing/schemas.ts';

/** Of an id that the provider gives. */
export const paymentIdCharsMax = 255;

export const paymentStatuses = [
  'none',
  'authorized',
  'captured',
  'voided',
  'partially_refunded',
  'refunded',
  'failed',
] as const;

export const Payment = Open(
  {
    paymentId: Type.String({ examples: ['pi_3QkZ5xAbCdEfGh12'] }),
    orderId: Id('order'),
    status: Type.Enum(paymentStatuses, { examples: ['captured'] }),
    amount: Nullable(Money),
    refunded: Rarely(Money),
    disputed: Rarely(Money),
    orderCreatedAt: Timestamp,
  },
  { title: 'Payment' },
);
export type Payment = Static<typeof Payment>;

export const WebhookTaken = Open({ received: Type.Boolean() });
