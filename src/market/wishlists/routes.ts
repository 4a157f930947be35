/** Wishlists of whoever asks, guests included, and those whose link somebody has. */
import Type from 'typebox';
import { idParam, iso } from '../../gateway/handling.ts';
import { type Route, reply, route, type Services } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { levelsOf } from '../cart/levels-index.ts';
import { keptGoodsOf } from '../catalog/goods-store.ts';
import { Sku, skuPattern } from '../inventory/schemas.ts';
import { NewWish, NewWishlist, SharedWishlist, Wishlist, WishlistLink } from './schemas.ts';
import { type StoredWishlist, wishlistsOf } from './store.ts';

const common = { tag: 'Wishlists', who: 'signed-in' } as const;
const one = { 200: { description: 'The wishlist', schema: Wishlist } } as const;

/** What nobody knows any more is left out. */
async function wishesOf(services: Services, { items }: StoredWishlist) {
  const shown = await Promise.all(
    items.map(async ({ sku, notify, addedAt }) => {
      const [goods, units] = await Promise.all([
        keptGoodsOf(services).get(sku),
        levelsOf(services).recent(sku),
      ]);
      if (goods === null) return [];
      const { productId, title, imageUrl, prices, isForSale } = goods;
      const wish = { sku, productId, title, imageUrl, price: prices[0], isForSale };
      const available = isForSale ? Math.max(0, units ?? 0) : 0;
      return [{ wish: { ...wish, available }, notifyWhenBack: notify, addedAt: iso(Date.parse(addedAt)) }];
    }),
  );
  return shown.flat();
}

async function wishlistJson(services: Services, stored: StoredWishlist): Promise<Wishlist> {
  const wishes = await wishesOf(services, stored);
  return {
    wishlistId: stored.wishlist_id,
    name: stored.name,
    isShared: stored.is_shared,
    items: wishes.map(({ wish, notifyWhenBack, addedAt }) => ({ ...wish, notifyWhenBack, addedAt })),
    createdAt: stored.created_at.toISOString(),
  };
}

const list = route({
  ...common,
  method: 'GET',
  path: '/v1/wishlists',
  operationId: 'listWishlists',
  summary: 'Your wishlists, the oldest first',
  query: PageQuery,
  replies: { 200: { description: 'A page of wishlists', schema: Page(Wishlist) } },
  refusals: ['busy'],
  async handle({ services, identity, query }) {
    const { rows, nextCursor } = await wishlistsOf(services).list(identity.accountId, query);
    return reply(200, {
      items: await Promise.all(rows.map((row) => wishlistJson(services, row))),
      nextCursor,
    });
  },
});

const create = route({
  ...common,
  method: 'POST',
  path: '/v1/wishlists',
  operationId: 'createWishlist',
  summary: 'Begin a wishlist',
  body: NewWishlist,
  mints: 'wishlist',
  replies: { 201: { description: 'The wishlist', schema: Wishlist } },
  refusals: ['card_data_refused', 'wishlist_full', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const stored = await wishlistsOf(services).create(identity.accountId, mintedId, body.name);
    return reply(201, await wishlistJson(services, stored));
  },
});

const remove = route({
  ...common,
  method: 'DELETE',
  path: '/v1/wishlists/{wishlistId}',
  operationId: 'removeWishlist',
  summary: 'Remove a wishlist, its link too',
  replies: { 204: { description: 'Removed' } },
  refusals: ['not_found', 'busy'],
  async handle({ services, identity, params }) {
    await wishlistsOf(services).remove(identity.accountId, idParam('wishlist', params.wishlistId));
    return reply(204);
  },
});

const add = route({
  ...common,
  method: 'POST',
  path: '/v1/wishlists/{wishlistId}/items/{sku}',
  params: { sku: Sku },
  operationId: 'addWish',
  summary: 'Wish for a SKU; `notifyWhenBack` remembers that you want to hear when it is back',
  body: NewWish,
  replies: one,
  refusals: ['not_found', 'unknown_sku', 'wishlist_full', 'busy'],
  async handle({ services, identity, params, body }) {
    const wishlistId = idParam('wishlist', params.wishlistId);
    const goods = skuPattern.test(params.sku) ? await keptGoodsOf(services).get(params.sku) : null;
    if (goods?.isForSale !== true)
      throw new DoorbusterError('unknown_sku', 'Nothing of that SKU is for sale');
    const { accountId } = identity;
    const lists = wishlistsOf(services);
    const stored = await lists.add(accountId, wishlistId, goods.sku, body.notifyWhenBack ?? false);
    return reply(200, await wishlistJson(services, stored));
  },
});

const take = route({
  ...common,
  method: 'DELETE',
  path: '/v1/wishlists/{wishlistId}/items/{sku}',
  params: { sku: Sku },
  operationId: 'removeWish',
  summary: 'Take a SKU out; one that is not there is out',
  replies: one,
  refusals: ['not_found', 'busy'],
  async handle({ services, identity, params }) {
    const wishlistId = idParam('wishlist', params.wishlistId);
    const stored = await wishlistsOf(services).take(identity.accountId, wishlistId, params.sku);
    return reply(200, await wishlistJson(services, stored));
  },
});

const share = route({
  ...common,
  method: 'POST',
  path: '/v1/wishlists/{wishlistId}/share',
  operationId: 'shareWishlist',
  summary: 'A link by which anybody can read it; the one before ends',
  isConfidential: true,
  replies: { 200: { description: 'The link', schema: WishlistLink } },
  refusals: ['not_found', 'busy'],
  async handle({ services, identity, params }) {
    const wishlistId = idParam('wishlist', params.wishlistId);
    const token = await wishlistsOf(services).share(identity.accountId, wishlistId);
    return reply(200, { url: `${services.publicUrl}/v1/wishlists/shared/${token}` });
  },
});

const shared = route({
  method: 'GET',
  path: '/v1/wishlists/shared/{token}',
  params: {
    token: Type.String({ pattern: '^[A-Za-z0-9_-]{32}$', examples: ['Zq3v8Qb0mJx1Kp5rT7yW2dF4gH6sLcNe'] }),
  },
  operationId: 'getSharedWishlist',
  summary: 'A wishlist by its link; whose it is is not told',
  tag: 'Wishlists',
  who: 'anybody',
  replies: { 200: { description: 'The wishlist', schema: SharedWishlist } },
  refusals: ['not_found', 'busy'],
  async handle({ services, params }) {
    const stored = await wishlistsOf(services).shared(params.token);
    const wishes = await wishesOf(services, stored);
    return reply(200, { name: stored.name, items: wishes.map(({ wish }) => wish) });
  },
});

export const routes: readonly Route[] = [list, create, remove, add, take, share, shared];
