/** Sales: creating one, reading it, steering it. The sale's actor decides. */

import {
  type CurrentSaleView,
  changeSale,
  closeSale,
  pauseSale,
  readSale,
  readSaleStatus,
  resumeSale,
} from '../../actors/sale/commands.ts';
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { accepted, idParam, scopeOf } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { openSale } from './creation.ts';
import { NewSale, Sale, SaleChange, SalePause, SaleStatus } from './schemas.ts';
import { settled } from './settling.ts';
import { listSales } from './store.ts';
import { checkClaimTime } from './terms.ts';
import { readShownSale, saleJson, saleStatusJson } from './views.ts';

const tag = 'Sales';
const managers = ['seller', 'operator', 'admin'] as const;
const steeringRefusals = ['not_found', 'forbidden', 'stale_version', 'sale_ended', 'wrong_state'] as const;
const one = { 200: { description: 'The sale', schema: Sale, headers: etagHeader } };

function shown(sale: CurrentSaleView) {
  return reply(200, saleJson(sale), { ETag: etagOf(sale.version) });
}

/** Who steers, and which versions of the sale that may be based on. */
function steeredBy(identity: Identity, ifMatch: string | undefined) {
  return { sellerId: scopeOf(identity), versions: versionsOf(ifMatch) };
}

const create = route({
  method: 'POST',
  path: '/v1/sales',
  operationId: 'createSale',
  summary: 'Open a sale and set its units aside',
  tag,
  who: ['seller', 'admin'],
  body: NewSale,
  mints: 'sale',
  replies: {
    201: {
      description: 'The sale',
      schema: Sale,
      headers: { ...etagHeader, Location: 'Where the sale is' },
    },
  },
  refusals: ['unknown_sku', 'insufficient_stock'],
  async handle({ services, identity, body, mintedId }) {
    const sale = await openSale(services, identity, mintedId, body);
    return reply(201, saleJson(sale), {
      ETag: etagOf(sale.version),
      Location: `/v1/sales/${mintedId}`,
    });
  },
});

const list = route({
  method: 'GET',
  path: '/v1/sales',
  operationId: 'listSales',
  summary: 'Sales, newest first',
  tag,
  who: 'anybody',
  cacheSeconds: 2,
  query: PageQuery,
  replies: { 200: { description: 'A page of sales', schema: Page(Sale) } },
  async handle({ services, query }) {
    const { items, nextCursor } = await listSales(services.database, query);
    return reply(200, { items: items.map(saleJson), nextCursor });
  },
});

const read = route({
  method: 'GET',
  path: '/v1/sales/{saleId}',
  operationId: 'getSale',
  summary: 'One sale as it is now',
  tag,
  who: 'anybody',
  cacheSeconds: 1,
  replies: one,
  refusals: ['not_found'],
  async handle({ services, params }) {
    return shown(await readShownSale(services, idParam('sale', params.saleId)));
  },
});

const change = route({
  method: 'PATCH',
  path: '/v1/sales/{saleId}',
  operationId: 'changeSale',
  summary: 'Change the rates of a sale; the order of its queue never changes',
  tag,
  who: managers,
  body: SaleChange,
  replies: one,
  headers: ifMatchHeader,
  refusals: ['not_found', 'forbidden', 'stale_version', 'sale_ended'],
  async handle({ services, identity, params, headers, body: { queueing } }) {
    const saleId = idParam('sale', params.saleId);
    if (queueing.claimSeconds !== undefined || queueing.admissionSeconds !== undefined) {
      const sale = accepted(await services.ask(readSale, saleId, {}));
      checkClaimTime({ ...sale.queueing, ...queueing });
    }
    const answer = await services.ask(changeSale, saleId, {
      ...steeredBy(identity, headers['if-match']),
      queueing,
    });
    return shown(accepted(answer));
  },
});

const pause = route({
  method: 'POST',
  path: '/v1/sales/{saleId}/pause',
  operationId: 'pauseSale',
  summary: 'Stop admissions: who is inside goes on, places are kept; with `holds` new holds stop, too',
  tag,
  who: managers,
  body: SalePause,
  replies: one,
  headers: ifMatchHeader,
  refusals: steeringRefusals,
  async handle({ services, identity, params, headers, body }) {
    const saleId = idParam('sale', params.saleId);
    const answer = await services.ask(pauseSale, saleId, {
      ...steeredBy(identity, headers['if-match']),
      ...body,
    });
    return shown(await settled(services, accepted(answer)));
  },
});

function steering(
  verb: 'resume' | 'close',
  summary: string,
  command: typeof resumeSale | typeof closeSale,
): Route {
  return route({
    method: 'POST',
    path: `/v1/sales/{saleId}/${verb}`,
    operationId: `${verb}Sale`,
    summary,
    tag,
    who: managers,
    replies: one,
    headers: ifMatchHeader,
    refusals: steeringRefusals,
    async handle({ services, identity, params, headers }) {
      const saleId = idParam('sale', params.saleId);
      const answer = await services.ask(command, saleId, steeredBy(identity, headers['if-match']));
      return shown(await settled(services, accepted(answer)));
    },
  });
}

const status = route({
  method: 'GET',
  path: '/v1/sales/{saleId}/status',
  operationId: 'getSaleStatus',
  summary: 'The numbers of a sale, for its owner and operators',
  tag,
  who: managers,
  replies: { 200: { description: 'The numbers', schema: SaleStatus } },
  refusals: ['not_found', 'forbidden'],
  async handle({ services, identity, params }) {
    const saleId = idParam('sale', params.saleId);
    const answer = await services.ask(readSaleStatus, saleId, { sellerId: scopeOf(identity) });
    return reply(200, saleStatusJson(accepted(answer)));
  },
});

export const routes: readonly Route[] = [
  create,
  list,
  read,
  change,
  pause,
  steering('resume', 'Go on after a pause', resumeSale),
  steering(
    'close',
    'End a sale now: no new holds, and what is held may be paid until it runs out',
    closeSale,
  ),
  status,
];

export const pages: readonly WebPage[] = [
  { path: '/' },
  { path: '/drops' },
  { path: '/drops/{saleId}', shows: read },
  { path: '/ops/drops/{saleId}', shows: read },
  { path: '/sell' },
  { path: '/sell/drops/new' },
];
