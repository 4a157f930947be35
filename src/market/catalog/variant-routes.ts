/** Variants that come, change and go while their product is in the catalogue. */
import { etagHeader, ifMatchHeader } from '../../gateway/etag.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Sku } from '../inventory/schemas.ts';
import { claimOf, tagOf } from './replies.ts';
import { NewVariant, Product, VariantChange } from './schemas.ts';
import { catalogOf } from './store.ts';

const addVariant = route({
  method: 'POST',
  path: '/v1/products/{productId}/variants',
  operationId: 'addVariant',
  // The answer has the seller's name.
  isPersonal: true,
  summary: 'Add a variant to a product',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  body: NewVariant,
  headers: ifMatchHeader,
  replies: { 201: { description: 'The product', schema: Product, headers: etagHeader } },
  refusals: ['not_found', 'stale_version', 'sku_taken', 'listing_refused'],
  async handle({ services, identity, params, headers, body }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    const product = await catalogOf(services).addVariant(claim, body);
    return reply(201, product, { ETag: tagOf(product) });
  },
});

const changeVariant = route({
  method: 'PATCH',
  path: '/v1/products/{productId}/variants/{sku}',
  params: { sku: Sku },
  operationId: 'changeVariant',
  summary: 'Change a variant; open sales keep their price',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  body: VariantChange,
  headers: ifMatchHeader,
  replies: { 200: { description: 'The product', schema: Product, headers: etagHeader } },
  refusals: ['not_found', 'stale_version', 'listing_refused'],
  async handle({ services, identity, params, headers, body }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    const product = await catalogOf(services).changeVariant(claim, params.sku, body);
    return reply(200, product, { ETag: tagOf(product) });
  },
});

const removeVariant = route({
  method: 'DELETE',
  path: '/v1/products/{productId}/variants/{sku}',
  params: { sku: Sku },
  operationId: 'removeVariant',
  summary: 'Remove a variant; its SKU stays taken',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  headers: ifMatchHeader,
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version', 'variant_in_use', 'wrong_state', 'busy'],
  async handle({ services, identity, params, headers }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    await catalogOf(services).removeVariant(claim, params.sku);
    return reply(204);
  },
});

export const routes: readonly Route[] = [addVariant, changeVariant, removeVariant];
