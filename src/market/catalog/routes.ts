/** The catalogue: what is sold, by whom, at which regular price. */
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import { Page } from '../../gateway/schemas.ts';
import { digestOf } from '../../protocol/digest.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { NewProduct, Product, ProductChange, ProductFilter } from './schemas.ts';
import { catalogOf } from './store.ts';

function productIdParam(text: string): string {
  if (!isId('product', text)) throw new DoorbusterError('not_found', 'No such product');
  return text;
}

/** The version, which a change is based on, and a name of what the body shows that changes without a change: stock, rating. */
function tagOf({ version, variants, rating, ratingCount }: Product): string {
  const moving = [rating, ratingCount, ...variants.map(({ available }) => available)];
  return etagOf(`${version}.${digestOf(moving)}`);
}

/** Admins act for every seller. */
function ownerOf({ roles, accountId }: Identity): string | null {
  return roles.includes('admin') ? null : accountId;
}

const createProduct = route({
  method: 'POST',
  path: '/v1/products',
  operationId: 'createProduct',
  summary: 'Put a product into the catalogue',
  tag: 'Catalogue',
  who: ['seller'],
  body: NewProduct,
  mints: 'product',
  replies: {
    201: {
      description: 'The product',
      schema: Product,
      headers: { ...etagHeader, Location: 'Where the product is' },
    },
  },
  refusals: ['sku_taken', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const product = await catalogOf(services).create(identity.accountId, mintedId, body);
    return reply(201, product, {
      ETag: tagOf(product),
      Location: `/v1/products/${product.productId}`,
    });
  },
});

const listProducts = route({
  method: 'GET',
  path: '/v1/products',
  operationId: 'listProducts',
  summary: 'The catalogue, by category, seller and order',
  tag: 'Catalogue',
  who: 'anybody',
  query: ProductFilter,
  cacheSeconds: 5,
  replies: { 200: { description: 'A page of products', schema: Page(Product) } },
  async handle({ services, query }) {
    return reply(200, await catalogOf(services).list(query));
  },
});

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
  async handle({ services, params }) {
    const product = await catalogOf(services).read(productIdParam(params.productId));
    return reply(200, product, { ETag: tagOf(product) });
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
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers, body }) {
    const versions = versionsOf(headers['if-match']);
    const productId = productIdParam(params.productId);
    const product = await catalogOf(services).change(ownerOf(identity), productId, versions, body);
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
    const versions = versionsOf(headers['if-match']);
    await catalogOf(services).archive(ownerOf(identity), productIdParam(params.productId), versions);
    return reply(204);
  },
});

export const routes: readonly Route[] = [
  createProduct,
  listProducts,
  readProduct,
  changeProduct,
  removeProduct,
];
