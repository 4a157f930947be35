/** The requests of a checkout and its quote on the wire; what a checkout answers with is an order. */
import Type, { type Static } from 'typebox';
import { Closed, exampleUuid, Id, Nullable, Open, Timestamp, Uuid } from '../../gateway/schemas.ts';
import { NewAddress } from '../accounts/schemas.ts';
import { CouponCode } from '../cart/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money } from '../pricing/schemas.ts';

const holdsPerOrderMax = 20;
const codesMax = 20;

const Method = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$', examples: ['standard'] });
const couponCodes = Type.Optional(Type.Array(CouponCode, { maxItems: codesMax, uniqueItems: true }));
/** What is bought: one of them at the least. */
const goods = {
  holdIds: Type.Optional(Type.Array(Uuid, { minItems: 1, maxItems: holdsPerOrderMax, uniqueItems: true })),
  cartId: Type.Optional(Id('cart')),
};

export const CheckoutRequest = Closed(
  {
    ...goods,
    quoteId: Type.Optional(Id('quote')),
    shippingAddress: Type.Optional(NewAddress),
    shippingAddressId: Type.Optional(Id('address')),
    shippingMethod: Type.Optional(Method),
    paymentMethod: Type.Optional(
      Type.String({
        pattern: '^pm_[A-Za-z0-9_]{1,100}$',
        examples: ['pm_card_visa'],
        description: 'Not needed where there is nothing to pay',
      }),
    ),
    couponCodes,
  },
  { title: 'CheckoutRequest' },
);
export type CheckoutRequest = Static<typeof CheckoutRequest>;

export const QuoteRequest = Closed(
  {
    ...goods,
    shippingAddress: Type.Optional(NewAddress),
    shippingAddressId: Type.Optional(Id('address')),
    shippingMethod: Type.Optional(Method),
    couponCodes,
  },
  { title: 'QuoteRequest' },
);
export type QuoteRequest = Static<typeof QuoteRequest>;

const Day = Type.String({ format: 'date', examples: ['2026-12-01'] });

const QuoteLine = Open(
  {
    holdId: Nullable(Type.String({ examples: [exampleUuid] }), { examples: [null] }),
    sku: Sku,
    sellerId: Id('account'),
    quantity: Type.Integer({ minimum: 1 }),
    unitPrice: Money,
    lineTotal: Type.Object(Money.properties, { description: 'Before discounts' }),
    discounts: Type.Array(
      Open({
        source: Type.String({ examples: ['coupon SAVE10', 'promotion prm_…', 'offer off_…'] }),
        amount: Money,
      }),
    ),
    discount: Money,
    taxable: Type.Object(Money.properties, { description: 'After discounts' }),
    tax: Open({
      rate: Type.String({ examples: ['0.0625'] }),
      amount: Money,
      inclusive: Type.Boolean({ description: 'Whether the price contains it' }),
    }),
  },
  { title: 'QuoteLine' },
);

export const Quote = Open(
  {
    quoteId: Id('quote'),
    expiresAt: Timestamp,
    currency: Type.String({ examples: ['USD'] }),
    lines: Type.Array(QuoteLine),
    shippingOptions: Type.Array(Open({ method: Method, amount: Money, estimatedDelivery: Day })),
    shippingMethod: Nullable(Method),
    estimatedDelivery: Nullable(Day),
    couponCodes: Type.Array(Type.String()),
    subtotal: Money,
    discount: Money,
    shipping: Money,
    tax: Money,
    rounding: Money,
    total: Money,
  },
  { title: 'Quote' },
);
export type Quote = Static<typeof Quote>;

/** What a client must know before it asks somebody to pay. */
export const CheckoutOptions = Open(
  {
    payments: Type.Enum(['sandbox', 'stripe'], {
      examples: ['sandbox'],
      description: 'Who takes the money; `sandbox`: nobody, and the test cards work',
    }),
    isQuoted: Type.Boolean({
      description:
        'Whether tables of taxes and shipping are set: what a checkout comes to is then what its quote says',
    }),
  },
  { title: 'CheckoutOptions' },
);
export type CheckoutOptions = Static<typeof CheckoutOptions>;
