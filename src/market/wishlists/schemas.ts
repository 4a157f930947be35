/** Wishlists on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, Timestamp } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money } from '../pricing/schemas.ts';

const wish = {
  sku: Sku,
  productId: Type.String({ examples: ['prd_01939f2a-7c00-7abc-8def-0123456789ab'] }),
  title: Type.String({ examples: ['Console'] }),
  imageUrl: Nullable(Type.String(), { examples: [null] }),
  price: Money,
  available: Type.Integer(),
  isForSale: Type.Boolean(),
};

const WishlistItem = Open(
  { ...wish, notifyWhenBack: Type.Boolean(), addedAt: Timestamp },
  { title: 'WishlistItem' },
);

export const Wishlist = Open(
  {
    wishlistId: Id('wishlist'),
    name: Type.String({ examples: ['Birthday'] }),
    isShared: Type.Boolean({ description: 'Whether somebody may have its link' }),
    items: Type.Array(WishlistItem),
    createdAt: Timestamp,
  },
  { title: 'Wishlist' },
);
export type Wishlist = Static<typeof Wishlist>;
export type WishlistItem = Static<typeof WishlistItem>;

/** Says nothing of whose it is. */
export const SharedWishlist = Open(
  { name: Type.String({ examples: ['Birthday'] }), items: Type.Array(Open(wish)) },
  { title: 'SharedWishlist' },
);

export const WishlistLink = Open(
  { url: Type.String({ examples: ['http://127.0.0.1:8080/v1/wishlists/shared/…'] }) },
  { title: 'WishlistLink' },
);

export const NewWishlist = Closed({ name: Line(100, { examples: ['Birthday'] }) }, { title: 'NewWishlist' });
export const NewWish = Closed({ notifyWhenBack: Type.Optional(Type.Boolean()) }, { title: 'NewWish' });
