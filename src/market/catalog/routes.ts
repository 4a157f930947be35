/** The catalogue: what is sold, by whom, at which regular price. */
import { etagHeader, ifMatchHeader } from '../../gateway/etag.ts';
import { idParam, invalid } from '../../gateway/handling.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import type { Database } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { shownPagesOf } from '../categories/shown-index.ts';
import { findBranch } from '../categories/store.ts';
import { viewsOf } from '../views/store.ts';
import { routes as historyRoutes } from './history-routes.ts';
import { claimOf, tagOf, unshared } from './replies.ts';
import { NewProduct, Product, ProductChange, ProductFilter, ProductPage } from './schemas.ts';
import { catalogOf, pageOfProducts } from './store.ts';
import { routes as variantRoutes } from './variant-routes.ts';

const createProduct = route({
  method: 'POST',
  path: '/v1/products',
  operationId: 'createProduct',
  // The answer has the seller's name.
  isPersonal: true,
  summary: 'Put a product into the catalogue',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  body: NewProduct,
  mints: 'product',
  replies: {
    201: {
      description: 'The product',
      schema: Product,
      headers: { ...etagHeader, Location: 'Where the product is' },
    },
  },
  refusals: ['sku_taken', 'listing_refused', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const product = await catalogOf(services).create(identity, mintedId, body);
    return reply(201, product, {
      ETag: tagOf(product),
      Location: `/v1/products/${product.productId}`,
    });
  },
});

/** Whose products the list is of, when it is not of those that everybody sees. */
function ownerOf({ status, seller }: ProductFilter, identity: Identity | null): string | null | undefined {
  if (status === undefined)
    return seller !== undefined && seller === identity?.accountId ? seller : undefined;
  if (identity === null) throw new DoorbusterError('unauthenticated', 'Your own products need a token');
  if (identity.roles.includes('admin')) return seller ?? null;
  if (seller !== undefined && seller !== identity.accountId)
    throw new DoorbusterError('forbidden', 'Only the owner sees what is not public');
  return identity.accountId;
}

const listProducts = route({
  method: 'GET',
  path: '/v1/products',
  operationId: 'listProducts',
  summary: 'The catalogue, by category, brand, tag, seller, price and stock, in several orders',
  tag: 'Catalogue',
  who: 'anybody',
  query: ProductFilter,
  cacheSeconds: 5,
  replies: {
    200: { description: 'A page of products', schema: ProductPage },
    301: {
      description: 'The category has another slug now',
      headers: { Location: 'The same list by its present slug' },
    },
  },
  refusals: ['unauthenticated', 'forbidden', 'busy'],
  async handle({ services, query, identity }) {
    if (query.page !== undefined && query.cursor !== undefined)
      invalid('/page', 'must not be given with a cursor');
    const owner = ownerOf(query, identity);
    if (owner !== undefined) return answerList(services.database, query, owner);
    const pages = shownPagesOf(services);
    const answer = () =>
      answerList(services.reads.of(identity?.accountId ?? null, pages.changedMs), query, owner);
    return sells(identity) ? answer() : pages.lists.get(JSON.stringify(Object.entries(query).sort()), answer);
  },
});

async function answerList({ query }: Database, filter: ProductFilter, owner: string | null | undefined) {
  const { category, ...rest } = filter;
  const branch = category === undefined ? null : await findBranch(query, category);
  if (branch !== null && branch.movedTo !== null) {
    const there = new URLSearchParams({ ...textsOf(rest), category: branch.movedTo });
    return reply(301, undefined, { Location: `/v1/products?${there}` });
  }
  const categoryIds = category === undefined ? null : (branch?.categoryIds ?? []);
  const listing = { ...rest, categoryIds, ...(owner && { seller: owner }) };
  const page = await pageOfProducts(query, listing, owner !== undefined);
  return owner === undefined ? reply(200, page) : unshared(reply(200, page));
}

/** Whoever may change products is answered from the tables: what an answer told them is in their next one. */
function sells(identity: Identity | null): boolean {
  return identity !== null && identity.roles.some((role) => role === 'seller' || role === 'admin');
}

function textsOf(filter: object): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
}

const readProduct = route({
  method: 'GET',
  path: '/v1/products/{productId}',
  operationId: 'getProduct',
  summary: 'One product',
  tag: 'Catalogue',
  who: 'anybody',
  cacheSeconds: 5,
  replies: { 200: { description: 'The product', schema: Product, headers: etagHeader } },
  refusals: ['not_found'],
  async handle({ services, params, identity }) {
    const productId = idParam('product', params.productId);
    if (identity !== null) viewsOf(services).note(identity.accountId, productId);
    const answer = async () => {
      const { product, isOwn } = await catalogOf(services).read(productId, identity);
      const shown = reply(200, product, { ETag: tagOf(product) });
      return isOwn ? unshared(shown) : shown;
    };
    return sells(identity) ? answer() : shownPagesOf(services).products.get(productId, answer);
  },
});

const changeProduct = route({
  method: 'PATCH',
  path: '/v1/products/{productId}',
  operationId: 'changeProduct',
  summary: 'Change a product; open sales keep their price',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  body: ProductChange,
  headers: ifMatchHeader,
  replies: { 200: { description: 'The product', schema: Product, headers: etagHeader } },
  refusals: ['not_found', 'stale_version', 'wrong_state', 'listing_refused'],
  async handle({ services, identity, params, headers, body }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    const product = await catalogOf(services).change(claim, body);
    return reply(200, product, { ETag: tagOf(product) });
  },
});

const removeProduct = route({
  method: 'DELETE',
  path: '/v1/products/{productId}',
  operationId: 'removeProduct',
  summary: 'Take a product out of the catalogue; its SKUs stay taken and open sales go on',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  headers: ifMatchHeader,
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers }) {
    await catalogOf(services).archive(claimOf(identity, params.productId, headers['if-match']));
    return reply(204);
  },
});

export const routes: readonly Route[] = [
  ...[createProduct, listProducts, readProduct, changeProduct, removeProduct],
  ...variantRoutes,
  ...historyRoutes,
];
