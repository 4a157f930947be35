/**
 * The shapes of sales, tickets, holds and orders on the wire: what requests are checked against, what `views.ts`
 * makes, and what `/openapi.json` says, in one place.
 */
import Type from 'typebox';
import { Address, Closed, Id, Money, Nullable, Sku, Timestamp, Uuid } from './schemas.ts';

/** The ranges a sale may move in. */
export const saleLimits = {
  titleCharsMax: 200,
  itemsMax: 50,
  /** All SKU codes of a sale together: they travel in the admission token, and a request's headers end at 4 KiB. */
  skuCharsMax: 1_500,
  quantityMax: 1_000_000,
  purchaseLimitMax: 100,
  releasePerSecondMax: 100_000,
  activeLimitMax: 1_000_000,
  admissionSecondsMin: 10,
  admissionSecondsMax: 3_600,
  claimSecondsMin: 5,
  overAdmissionMax: 10,
  holdSecondsMin: 5,
  holdSecondsMax: 3_600,
  paymentSecondsMin: 30,
  paymentSecondsMax: 3_600,
  durationDaysMax: 366,
} as const;
export const holdsPerOrderMax = 20;
const accessCodeCharsMax = 64;

const integer = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum });
const count = Type.Integer({ minimum: 0 });

// ---------------------------------------------------------------- sales

const rates = {
  releasePerSecond: integer(1, saleLimits.releasePerSecondMax),
  activeLimit: integer(1, saleLimits.activeLimitMax),
  admissionSeconds: integer(saleLimits.admissionSecondsMin, saleLimits.admissionSecondsMax),
  claimSeconds: integer(saleLimits.claimSecondsMin, saleLimits.admissionSecondsMax),
  overAdmission: Type.Number({ minimum: 1, maximum: saleLimits.overAdmissionMax }),
};
const method = Type.Literal('fifo');
const itemProperties = {
  sku: Sku,
  quantity: integer(1, saleLimits.quantityMax),
  price: Money,
  purchaseLimit: integer(1, saleLimits.purchaseLimitMax),
};
const holdSeconds = integer(saleLimits.holdSecondsMin, saleLimits.holdSecondsMax);
const paymentSeconds = integer(saleLimits.paymentSecondsMin, saleLimits.paymentSecondsMax);

export const NewSale = Closed(
  {
    title: Type.String({ minLength: 1, maxLength: saleLimits.titleCharsMax }),
    items: Type.Array(
      Closed({ ...itemProperties, purchaseLimit: Type.Optional(itemProperties.purchaseLimit) }),
      { minItems: 1, maxItems: saleLimits.itemsMax },
    ),
    prequeueAt: Type.Optional(Nullable(Timestamp)),
    startsAt: Type.Optional(Timestamp),
    endsAt: Timestamp,
    queueing: Type.Optional(Type.Partial(Type.Object({ method, ...rates }), { additionalProperties: false })),
    holdSeconds: Type.Optional(holdSeconds),
    paymentSeconds: Type.Optional(paymentSeconds),
    inviteOnly: Type.Optional(Type.Literal(false)),
  },
  { title: 'NewSale' },
);
export const SaleChange = Closed(
  { queueing: Type.Partial(Type.Object(rates), { additionalProperties: false, minProperties: 1 }) },
  { title: 'SaleChange' },
);
const Phase = Type.Enum(['scheduled', 'prequeue', 'active', 'paused', 'sold_out', 'ended']);
export const Sale = Closed(
  {
    saleId: Id('sale'),
    sellerId: Type.String(),
    title: Type.String(),
    phase: Phase,
    items: Type.Array(Closed(itemProperties, { title: 'SaleItem' })),
    stock: Type.Enum(['pending', 'ready', 'refused'], {
      description: 'Whether the units of every item are set aside',
    }),
    prequeueAt: Nullable(Timestamp),
    startsAt: Timestamp,
    endsAt: Timestamp,
    queueing: Closed({ method, ...rates }),
    holdSeconds,
    paymentSeconds,
    inviteOnly: Type.Boolean(),
    createdAt: Timestamp,
  },
  { title: 'Sale' },
);
export const SaleStatus = Closed(
  {
    saleId: Id('sale'),
    phase: Phase,
    queueLength: count,
    activeAdmissions: count,
    joined: count,
    released: count,
    completed: count,
    expired: count,
    left: count,
    inflowPerSecond: Type.Number({ minimum: 0 }),
    outflowPerSecond: Type.Number({ minimum: 0 }),
    items: Type.Array(Closed({ sku: Sku, quantity: count, available: count, held: count, sold: count })),
    oversold: count,
  },
  { title: 'SaleStatus' },
);

// ---------------------------------------------------------------- tickets

export const JoinRequest = Closed(
  {
    requestId: Type.Optional(Uuid),
    accessCode: Type.Optional(Type.String({ minLength: 1, maxLength: accessCodeCharsMax })),
  },
  { title: 'JoinRequest' },
);
export const Ticket = Closed(
  {
    ticketId: Id('ticket'),
    saleId: Id('sale'),
    status: Type.Enum(['prequeued', 'waiting', 'admitted', 'completed', 'expired', 'left']),
    ticketNumber: Nullable(Type.Integer({ minimum: 1 })),
    nowServing: count,
    usersAhead: count,
    queueLength: count,
    waitTimeSeconds: Type.Number({ minimum: 0 }),
    waitTimeKnown: Type.Boolean(),
    outlook: Type.Enum(['likely', 'uncertain', 'unlikely', 'sold_out']),
    admission: Nullable(Closed({ token: Type.String(), expiresAt: Timestamp })),
    pollAfterSeconds: Type.Number({ minimum: 0 }),
    asOf: Timestamp,
  },
  { title: 'Ticket' },
);

// ---------------------------------------------------------------- holds

export const HoldRequest = Closed(
  { holdId: Uuid, sku: Sku, quantity: integer(1, saleLimits.purchaseLimitMax) },
  { title: 'HoldRequest' },
);
export const Hold = Closed(
  {
    holdId: Uuid,
    saleId: Id('sale'),
    sku: Sku,
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    state: Type.Enum(['held', 'committing', 'committed', 'voided', 'expired']),
    expiresAt: Timestamp,
  },
  { title: 'Hold' },
);

// ---------------------------------------------------------------- orders

const ShippingMethod = Type.Enum(['standard', 'express']);

export const CheckoutRequest = Closed(
  {
    holdIds: Type.Array(Uuid, { minItems: 1, maxItems: holdsPerOrderMax, uniqueItems: true }),
    shippingAddress: Type.Optional(Address),
    shippingAddressId: Type.Optional(Id('address')),
    shippingMethod: Type.Optional(ShippingMethod),
    paymentMethod: Type.String({ pattern: '^pm_[A-Za-z0-9_]{1,100}$' }),
    couponCodes: Type.Optional(Type.Array(Type.String(), { maxItems: 0 })),
  },
  { title: 'CheckoutRequest' },
);
export const OrderStatus = Type.Enum([
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
const PaymentStatus = Type.Enum(['none', 'authorized', 'captured', 'voided', 'refunded', 'failed']);
const OrderLine = Closed(
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
export const Order = Closed(
  {
    orderId: Id('order'),
    orderNumber: Type.String(),
    status: OrderStatus,
    paymentStatus: PaymentStatus,
    paymentId: Nullable(Type.String()),
    failure: Nullable(Closed({ code: Type.String(), declineCode: Nullable(Type.String()) })),
    lines: Type.Array(OrderLine),
    subtotal: Nullable(Money),
    discount: Nullable(Money),
    shipping: Nullable(Money),
    tax: Nullable(Money),
    total: Nullable(Money),
    shippingAddress: Address,
    shippingMethod: ShippingMethod,
    estimatedDelivery: Nullable(Type.String({ format: 'date' })),
    createdAt: Timestamp,
    version: count,
  },
  { title: 'Order' },
);
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
