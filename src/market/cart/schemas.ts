/** Carts on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, Timestamp } from '../../gateway/schemas.ts';
import { currencies } from '../../protocol/currencies.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money } from '../pricing/schemas.ts';

const CartItem = Open(
  {
    sku: Sku,
    productId: Type.String({ examples: ['prd_01939f2a-7c00-7abc-8def-0123456789ab'] }),
    sellerId: Id('account'),
    title: Type.String({ examples: ['Console'] }),
    imageUrl: Nullable(Type.String(), { examples: [null] }),
    quantity: Type.Integer(),
    unitPrice: Type.Object(Money.properties, { description: 'Now' }),
    priceAtAdd: Money,
    priceChanged: Type.Boolean({ description: 'Whether the two differ' }),
    lineTotal: Money,
    available: Type.Integer({ description: 'Units that are there for everybody; none is held for a cart' }),
    availability: Type.Enum(['ok', 'low', 'insufficient', 'gone'], {
      description: '`insufficient`: fewer than `quantity` are there; `gone`: not for sale any more',
    }),
  },
  { title: 'CartItem' },
);

export const Cart = Open(
  {
    cartId: Id('cart'),
    currency: Nullable(Type.String({ examples: ['USD'] })),
    exchangeRate: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'Of the currencies of lines into that of the cart, as it was when the cart got its currency: decimals',
      }),
    ),
    items: Type.Array(CartItem),
    couponCodes: Type.Array(Type.String({ examples: ['SAVE10'] })),
    subtotal: Money,
    discount: Money,
    itemCount: Type.Integer({ description: 'Units' }),
    version: Type.Integer(),
    expiresAt: Nullable(Timestamp),
  },
  { title: 'Cart' },
);
export type Cart = Static<typeof Cart>;
export type CartItem = Static<typeof CartItem>;

/** As it is kept; paths take it in small letters, too. */
export const couponPattern = /^[A-Z0-9_-]{3,40}$/;
export const CouponCode = Type.String({ pattern: '^[A-Za-z0-9_-]{3,40}$', examples: ['SAVE10'] });

/** More than a line may have is refused by the cart, which says how many. */
const Quantity = Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [2] });

export const CartAddition = Closed({ sku: Sku, quantity: Quantity }, { title: 'CartAddition' });
export const CartQuantity = Closed({ quantity: Quantity }, { title: 'CartQuantity' });
export const CartCurrency = Closed(
  {
    currency: Type.Enum([...currencies.keys()], {
      examples: ['EUR'],
      description: 'ISO 4217',
      '~must': 'must be a currency that is charged here, such as USD',
    }),
  },
  { title: 'CartCurrency' },
);
