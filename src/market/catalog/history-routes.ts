/** What a product cost and where it came from. */
import { idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { limitDefault, Page, PageQuery } from '../../gateway/schemas.ts';
import { decodeCursor, numberPart, pageOf } from '../../persistence/cursor.ts';
import { readChanges } from './change-store.ts';
import { listPrices } from './price-store.ts';
import { PastPrice, ProvenanceRow } from './schemas.ts';
import { catalogOf } from './store.ts';

const pricesOfProduct = route({
  method: 'GET',
  path: '/v1/products/{productId}/prices',
  operationId: 'listPrices',
  summary: 'What the SKUs of a product cost when, newest first',
  tag: 'Catalogue',
  who: 'anybody',
  query: PageQuery,
  replies: { 200: { description: 'A page of prices', schema: Page(PastPrice) } },
  refusals: ['not_found'],
  async handle({ services, identity, params, query }) {
    const productId = idParam('product', params.productId);
    await catalogOf(services).read(productId, identity);
    return reply(200, await listPrices(services.database, productId, query));
  },
});

const seqPart = numberPart(2_147_483_647);

const provenanceOfProduct = route({
  method: 'GET',
  path: '/v1/products/{productId}/provenance',
  operationId: 'listProvenance',
  summary: 'Every change of a product, oldest first, each with the hash of the one before',
  tag: 'Catalogue',
  who: 'anybody',
  query: PageQuery,
  replies: { 200: { description: 'A page of changes', schema: Page(ProvenanceRow) } },
  refusals: ['not_found'],
  async handle({ services, identity, params, query: { cursor, limit = limitDefault } }) {
    const productId = idParam('product', params.productId);
    await catalogOf(services).read(productId, identity);
    const [after] = (decodeCursor(cursor, 'provenance', [seqPart]) ?? [0]) as [number];
    const rows = await readChanges(services.database, productId, after, limit + 1);
    const page = pageOf(rows, limit, 'provenance', ({ seq }) => [seq]);
    return reply(200, { items: [...page.rows], nextCursor: page.nextCursor });
  },
});

export const routes: readonly Route[] = [pricesOfProduct, provenanceOfProduct];
