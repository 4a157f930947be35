/** Sales: creating one, reading it, steering it. The sale's actor decides. */

import {
  type CurrentSaleView,
  changeSale,
  closeSale,
  pauseSale,
  readSale,
  readSaleChanges,
  readSaleStatus,
  resumeSale,
  type Steerer,
} from '../../actors/sale/commands.ts';
import { etagHeader, etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { accepted, idParam, scopeOf } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Identity, type Route, reply, route, type Services } from '../../gateway/route.ts';
import { Page } from '../../gateway/schemas.ts';
import { digestOf } from '../../protocol/digest.ts';
import { recordAction } from '../audit/store.ts';
import { openSale } from './creation.ts';
import { NewRates, NewSale, Sale, SaleChange, SaleFilter, SalePause, SaleStatus } from './schemas.ts';
import { settled } from './settling.ts';
import { shownSalesOf } from './shown.ts';
import { listSales } from './store.ts';
import { checkClaimTime } from './terms.ts';
import { changeJson, readShownSale, saleStatusJson } from './views.ts';

const tag = 'Sales';
const managers = ['seller', 'operator', 'admin'] as const;
const steeringRefusals = ['not_found', 'forbidden', 'stale_version', 'sale_ended', 'wrong_state'] as const;
const one = { 200: { description: 'The sale', schema: Sale, headers: etagHeader } };

async function shown(services: Services, sale: CurrentSaleView) {
  const body = await shownSalesOf(services).one(sale);
  return reply(200, body, { ETag: tagOf(sale, body) });
}

/** The version, which a change is based on, and a name of what moves without a change: what is left, what it is called. */
function tagOf({ version }: CurrentSaleView, { items }: Sale): string {
  return etagOf(`${version}.${digestOf(items)}`);
}

/** An administrator has opened the sale in its seller's name. A repeat with the same key records it again if need be. */
async function recordDeputy({ database }: Services, { accountId }: Identity, sale: CurrentSaleView) {
  if (sale.sellerId === accountId) return;
  const actor = { accountId, role: 'admin' } as const;
  const details = { sellerId: sale.sellerId };
  await database.transaction((query) =>
    recordAction(query, { actor, action: 'sale.opened', target: sale.saleId, details }),
  );
}

/** In the most powerful of the roles that let the account do it. */
function steererOf({ accountId, roles }: Identity): Steerer {
  return {
    accountId,
    role: (['admin', 'operator'] as const).find((role) => roles.includes(role)) ?? 'seller',
  };
}

/** Who steers, and which versions of the sale that may be based on. */
function steeredBy(identity: Identity, ifMatch: string | undefined) {
  const versions = versionsOf(ifMatch)?.map((tag) => tag.split('.', 1)[0]!) ?? null;
  return { by: steererOf(identity), sellerId: scopeOf(identity), versions };
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
  async handle({ services, identity, body: wanted, mintedId }) {
    const sale = await openSale(services, identity, mintedId, wanted);
    await recordDeputy(services, identity, sale);
    const body = await shownSalesOf(services).one(sale);
    return reply(201, body, {
      ETag: tagOf(sale, body),
      Location: `/v1/sales/${mintedId}`,
    });
  },
});

const list = route({
  method: 'GET',
  path: '/v1/sales',
  operationId: 'listSales',
  summary: 'Sales, newest first, of all sellers or of one, or those in which a product is sold',
  tag,
  who: 'anybody',
  cacheSeconds: 1,
  query: SaleFilter,
  replies: { 200: { description: 'A page of sales', schema: Page(Sale) } },
  async handle({ services, query }) {
    const { items, nextCursor } = await listSales(services.database, query);
    return reply(200, { items: await shownSalesOf(services).list(items), nextCursor });
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
    return shown(services, await readShownSale(services, idParam('sale', params.saleId)));
  },
});

const change = route({
  method: 'PATCH',
  path: '/v1/sales/{saleId}',
  operationId: 'changeSale',
  summary: 'Change the rates of a sale; the order of its queue never changes',
  tag,
  who: managers,
  body: NewRates,
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
    return shown(services, accepted(answer));
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
    return shown(services, await settled(services, accepted(answer)));
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
      return shown(services, await settled(services, accepted(answer)));
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

const changes = route({
  method: 'GET',
  path: '/v1/sales/{saleId}/changes',
  operationId: 'listSaleChanges',
  summary:
    'Who paused, resumed or closed a sale or changed its rates, and when: the last hundred, newest first',
  tag,
  who: managers,
  replies: { 200: { description: 'The changes, on one page', schema: Page(SaleChange) } },
  refusals: ['not_found', 'forbidden'],
  async handle({ services, identity, params }) {
    const saleId = idParam('sale', params.saleId);
    const answer = await services.ask(readSaleChanges, saleId, { sellerId: scopeOf(identity) });
    return reply(200, { items: accepted(answer).changes.map(changeJson), nextCursor: null });
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
  changes,
];

export const pages: readonly WebPage[] = [
  { path: '/' },
  { path: '/drops' },
  { path: '/drops/{saleId}', shows: read },
  { path: '/ops/drops/{saleId}', shows: read },
  { path: '/sell' },
  { path: '/sell/drops/new' },
];
