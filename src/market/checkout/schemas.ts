/** The request of a checkout on the wire; what it answers with is an order. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Open, Uuid } from '../../gateway/schemas.ts';
import { NewAddress } from '../accounts/schemas.ts';
import { ShippingMethod } from '../orders/schemas.ts';

const holdsPerOrderMax = 20;

export const CheckoutRequest = Closed(
  {
    holdIds: Type.Array(Uuid, { minItems: 1, maxItems: holdsPerOrderMax, uniqueItems: true }),
    shippingAddress: Type.Optional(NewAddress),
    shippingAddressId: Type.Optional(Id('address')),
    shippingMethod: Type.Optional(ShippingMethod),
    paymentMethod: Type.String({ pattern: '^pm_[A-Za-z0-9_]{1,100}$', examples: ['pm_card_visa'] }),
    couponCodes: Type.Optional(Type.Array(Type.String(), { maxItems: 0 })),
  },
  { title: 'CheckoutRequest' },
);
export type CheckoutRequest = Static<typeof CheckoutRequest>;

/** What a client must know before it asks somebody to pay. */
export const CheckoutOptions = Open(
  {
    payments: Type.Enum(['sandbox', 'stripe'], {
      examples: ['sandbox'],
      description: 'Who takes the money; `sandbox`: nobody, and the test cards work',
    }),
  },
  { title: 'CheckoutOptions' },
);
export type CheckoutOptions = Static<typeof CheckoutOptions>;
