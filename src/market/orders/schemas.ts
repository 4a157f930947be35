/** Orders on the wire. */
import Type, { type Static } from 'typebox';
import {
  Closed,
  exampleId,
  exampleUuid,
  Id,
  Nullable,
  Open,
  pageQuery,
  Rarely,
  Timestamp,
} from '../../gateway/schemas.ts';
import { Address } from '../accounts/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { paymentStatuses } from '../payments/schemas.ts';
import { Money } from '../pricing/schemas.ts';

const orderStatuses = [
  'pending',
  'authorizing',
  'committing',
  'confirmed',
  'payment_failed',
  'expired',
  'cancelled',
  'shipped',
  'delivered',
  'returned',
  'refunded',
] as const;
const OrderStatus = Type.Enum(orderStatuses);

const OrderLine = Open(
  {
    holdId: Type.String({ examples: [exampleUuid] }),
    saleId: Nullable(Id('sale')),
    sku: Sku,
    productId: Type.String({ examples: [exampleId('product')] }),
    title: Type.String({ examples: ['Console'] }),
    sellerId: Type.String({ examples: [exampleId('account')] }),
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    lineTotal: Money,
    discount: Money,
    tax: Money,
    taxRate: Type.Optional(Type.String({ examples: ['0.0625'] })),
    taxInclusive: Type.Optional(Type.Boolean()),
  },
  { title: 'OrderLine' },
);

export const Order = Open(
  {
    orderId: Id('order'),
    orderNumber: Type.String({ examples: ['DB-7Q2M-4XKD-9PWV'] }),
    status: Type.Enum(orderStatuses, { examples: ['confirmed'] }),
    paymentStatus: Type.Enum(paymentStatuses, { examples: ['captured'] }),
    paymentId: Nullable(Type.String({ examples: ['pi_3QkZ5xAbCdEfGh12'] })),
    failure: Rarely(Open({ code: Type.String(), declineCode: Nullable(Type.String()) })),
    lines: Type.Array(OrderLine),
    subtotal: Nullable(Money),
    discount: Nullable(Money),
    shipping: Nullable(Money),
    tax: Nullable(Money),
    rounding: Nullable(Money),
    total: Nullable(Money),
    refunded: Rarely(Money),
    disputed: Rarely(Money),
    shippingAddress: Address,
    shippingMethod: Type.String({ examples: ['standard'] }),
    couponCodes: Type.Array(Type.String()),
    estimatedDelivery: Nullable(Type.String({ format: 'date' })),
    createdAt: Timestamp,
    version: Type.Integer({ minimum: 0 }),
  },
  { title: 'Order' },
);
export type Order = Static<typeof Order>;

export const OrderQuery = Closed({ ...pageQuery, status: Type.Optional(OrderStatus) });
