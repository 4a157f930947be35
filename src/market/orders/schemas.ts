/** Orders on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, pageQuery, Timestamp } from '../../gateway/schemas.ts';
import { Address } from '../accounts/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { PaymentStatus } from '../payments/schemas.ts';
import { Money } from '../pricing/schemas.ts';

export const ShippingMethod = Type.Enum(['standard', 'express']);

const OrderStatus = Type.Enum([
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
]);

const OrderLine = Open(
  {
    holdId: Type.String(),
    saleId: Id('sale'),
    sku: Sku,
    title: Type.String(),
    sellerId: Type.String(),
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    lineTotal: Money,
    discount: Money,
    tax: Money,
  },
  { title: 'OrderLine' },
);

export const Order = Open(
  {
    orderId: Id('order'),
    orderNumber: Type.String(),
    status: OrderStatus,
    paymentStatus: PaymentStatus,
    paymentId: Nullable(Type.String()),
    failure: Nullable(Open({ code: Type.String(), declineCode: Nullable(Type.String()) })),
    lines: Type.Array(OrderLine),
    subtotal: Nullable(Money),
    discount: Nullable(Money),
    shipping: Nullable(Money),
    tax: Nullable(Money),
    total: Nullable(Money),
    refunded: Nullable(Money),
    disputed: Nullable(Money),
    shippingAddress: Address,
    shippingMethod: ShippingMethod,
    estimatedDelivery: Nullable(Type.String({ format: 'date' })),
    createdAt: Timestamp,
    version: Type.Integer({ minimum: 0 }),
  },
  { title: 'Order' },
);
export type Order = Static<typeof Order>;

export const OrderQuery = Closed({ ...pageQuery, status: Type.Optional(OrderStatus) });
