/**
 * Sales: creating one, reading it, steering it. The sale actor decides; here the seller's words are checked and
 * turned into its command.
 *
 * 1. A sale is answered for when its units are set aside (or could not be): 201 means that the drop can open.
 * 2. A repeated creation finds the first one's sale, even when its times were left to default to "now".
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TSchema } from 'typebox';
import type { CreateSale, Queueing, SaleStatusView, SaleView } from '../../actors/sale/commands.ts';
import { accepted, idParam, invalid, isOperator } from '../../gateway/ask.ts';
import { refuse } from '../../gateway/problem.ts';
import type { GatewayServices, Identity, Reply, RequestContext, Route } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { NewSale, Sale, SaleChange, SaleStatus, saleLimits } from '../../gateway/view-schemas.ts';
import { saleJson, saleStatusJson } from '../../gateway/views.ts';
import type { Code } from '../../protocol/codes.ts';
import type { AnyCommand } from '../../protocol/command.ts';
import type { Answer } from '../../protocol/peer.ts';

const queueingDefaults: Queueing = {
  method: 'fifo',
  releasePerSecond: 100,
  activeLimit: 5000,
  admissionSeconds: 300,
  claimSeconds: 60,
  overAdmission: 1,
};
const holdSecondsDefault = 300;
const paymentSecondsDefault = 300;
const settleMsMax = 5000;
const dayMs = 86_400_000;

/** The commands' `sellerId`: the caller's own, or null for those who may manage every sale. */
function managerOf(identity: Identity): string | null {
  return isOperator(identity) ? null : identity.accountId;
}

function askSale(services: GatewayServices, saleId: string, command: AnyCommand): Promise<Answer> {
  return services.shards.ask('sale', saleId, command);
}

/** Checks what the schema cannot say, and fills in the defaults. */
function termsOf(body: RequestContext['body'], sellerId: string, nowMs: number): CreateSale {
  const startsAtMs = body.startsAt === undefined ? Math.floor(nowMs) : Date.parse(body.startsAt);
  const endsAtMs = Date.parse(body.endsAt);
  const prequeueAtMs = body.prequeueAt ? Date.parse(body.prequeueAt) : null;
  const queueing: Queueing = { ...queueingDefaults, ...body.queueing };
  // A short admission with the default claim time would be refused for something the seller never said.
  if (body.queueing?.claimSeconds === undefined)
    queueing.claimSeconds = Math.min(queueing.claimSeconds, queueing.admissionSeconds);
  if (!(endsAtMs > startsAtMs)) invalid('/endsAt', 'must be later than startsAt');
  if (endsAtMs <= nowMs) invalid('/endsAt', 'must be in the future');
  if (endsAtMs - startsAtMs > saleLimits.durationDaysMax * dayMs)
    invalid('/endsAt', `must be within ${saleLimits.durationDaysMax} days of startsAt`);
  if (prequeueAtMs !== null && prequeueAtMs > startsAtMs)
    invalid('/prequeueAt', 'must not be later than startsAt');
  if (queueing.claimSeconds > queueing.admissionSeconds)
    invalid('/queueing/claimSeconds', 'must not be longer than admissionSeconds');
  const items = body.items as CreateSale['items'];
  items.forEach((item, index) => {
    if (items.findIndex((other) => other.sku === item.sku) !== index)
      invalid(`/items/${index}/sku`, 'is in the list twice');
    if (item.price.currency !== items[0]!.price.currency)
      invalid(`/items/${index}/price/currency`, 'must be the same for all items');
    if (item.price.amount < 1) invalid(`/items/${index}/price/amount`, 'must be at least 1');
  });
  if (items.reduce((chars, { sku }) => chars + sku.length, 0) > saleLimits.skuCharsMax)
    invalid('/items', `must not have more than ${saleLimits.skuCharsMax} characters in all SKU codes`);
  return {
    type: 'CreateSale',
    sellerId,
    title: body.title,
    items: items.map((item) => ({ ...item, purchaseLimit: item.purchaseLimit ?? 1 })),
    prequeueAtMs,
    startsAtMs,
    endsAtMs,
    queueing,
    holdSeconds: body.holdSeconds ?? holdSecondsDefault,
    paymentSeconds: body.paymentSeconds ?? paymentSecondsDefault,
  };
}

/** An admin opens a sale in the name of the seller whose stock it is. */
async function sellerOf({ services, identity, body }: RequestContext): Promise<string> {
  if (identity!.role !== 'admin') return identity!.accountId;
  const answer = await services.shards.ask('sku', body.items[0].sku, { type: 'ReadStock' });
  if (answer.code === 'not_found') return identity!.accountId;
  return accepted<{ sellerId: string }>(answer).sellerId;
}

async function createSale(context: RequestContext): Promise<Reply> {
  const { services, body } = context;
  const saleId = context.mintedId!;
  const terms = termsOf(body, await sellerOf(context), services.now());
  let answer = await askSale(services, saleId, terms);
  // The id belongs to this request alone, so other content can only be another "now": see invariant 2.
  if (answer.code === 'exists_with_different' && body.startsAt === undefined)
    answer = await askSale(services, saleId, { type: 'ReadSale' });
  const sale = await settled(services, accepted<SaleView>(answer));
  if (sale.stock === 'refused') {
    const refusal = sale.stockRefusals[0]!;
    refuse({ code: refusal.code, body: { saleId, items: sale.stockRefusals } });
  }
  return { status: 201, body: saleJson(sale), headers: { Location: `/v1/sales/${saleId}` } };
}

/**
 * Asks again until every SKU has answered and a sale that starts at once has started, so that the first buyer finds
 * it open; a sale that still waits after that is shown as what it is.
 */
async function settled(services: GatewayServices, first: SaleView): Promise<SaleView> {
  const giveUpAtMs = performance.now() + settleMsMax;
  const isUnsettled = ({ stock, phase, startsAtMs }: SaleView) =>
    stock === 'pending' || (phase === 'scheduled' && startsAtMs <= services.now());
  let sale = first;
  for (let pauseMs = 2; isUnsettled(sale) && performance.now() < giveUpAtMs; pauseMs = nextPauseMs(pauseMs)) {
    await delay(pauseMs);
    const answer = await askSale(services, sale.saleId, { type: 'ReadSale' });
    if (answer.code !== 'busy') sale = accepted<SaleView>(answer);
  }
  return sale;
}

const nextPauseMs = (pauseMs: number) => Math.min(100, pauseMs * 2);

async function changeSale({ services, identity, params, body }: RequestContext): Promise<Reply> {
  const saleId = idParam('sale', params.saleId);
  const queueing: Partial<Queueing> = body.queueing;
  if (queueing.claimSeconds !== undefined || queueing.admissionSeconds !== undefined) {
    const sale = accepted<SaleView>(await askSale(services, saleId, { type: 'ReadSale' }));
    const after = { ...sale.queueing, ...queueing };
    if (after.claimSeconds > after.admissionSeconds)
      invalid('/queueing/claimSeconds', 'must not be longer than admissionSeconds');
  }
  const command = { type: 'ChangeSale', sellerId: managerOf(identity!), queueing };
  return { status: 200, body: saleJson(accepted<SaleView>(await askSale(services, saleId, command))) };
}

function steering(verb: 'pause' | 'resume' | 'close', type: 'PauseSale' | 'ResumeSale' | 'CloseSale'): Route {
  return {
    ...common,
    method: 'POST',
    path: `/v1/sales/{saleId}/${verb}`,
    operationId: `${verb}Sale`,
    summary: `${verb[0]!.toUpperCase()}${verb.slice(1)} a sale`,
    auth: managers,
    responses: answers(200, 'The sale', Sale),
    refusals: ['not_found', 'forbidden', 'sale_ended', 'wrong_state'],
    async handle({ services, identity, params }) {
      const command = { type, sellerId: managerOf(identity!) };
      const answer = await askSale(services, idParam('sale', params.saleId), command);
      return { status: 200, body: saleJson(accepted<SaleView>(answer)) };
    },
  };
}

const common = { tag: 'Sales' } as const;
const managers = ['seller', 'operator', 'admin'] as const;

function answers(status: number, description: string, schema: TSchema): Route['responses'] {
  return { [status]: { description, schema } };
}

const stockCodes: readonly Code[] = ['unknown_sku', 'forbidden', 'insufficient_stock'];

export const saleRoutes: readonly Route[] = [
  {
    ...common,
    method: 'POST',
    path: '/v1/sales',
    operationId: 'createSale',
    summary: 'Open a sale and set its units aside',
    auth: ['seller', 'admin'],
    body: NewSale,
    idempotency: { isRequired: false, mints: 'sale' },
    responses: answers(201, 'The sale', Sale),
    refusals: stockCodes,
    handle: createSale,
  },
  {
    ...common,
    method: 'GET',
    path: '/v1/sales',
    operationId: 'listSales',
    summary: 'Sales, newest first',
    auth: 'none',
    query: PageQuery,
    responses: answers(200, 'A page of sales', Page(Sale)),
    async handle({ services, query }) {
      const { items, nextCursor } = await services.market.sales.listSales(query);
      return { status: 200, body: { items: items.map(saleJson), nextCursor } };
    },
  },
  {
    ...common,
    method: 'GET',
    path: '/v1/sales/{saleId}',
    operationId: 'getSale',
    summary: 'One sale as it is now',
    auth: 'none',
    responses: answers(200, 'The sale', Sale),
    refusals: ['not_found'],
    async handle({ services, params }) {
      const answer = await askSale(services, idParam('sale', params.saleId), { type: 'ReadSale' });
      return { status: 200, body: saleJson(accepted<SaleView>(answer)) };
    },
  },
  {
    ...common,
    method: 'PATCH',
    path: '/v1/sales/{saleId}',
    operationId: 'changeSale',
    summary: 'Change the rates of a sale; the order of its queue never changes',
    auth: managers,
    body: SaleChange,
    responses: answers(200, 'The sale', Sale),
    refusals: ['not_found', 'forbidden', 'sale_ended'],
    handle: changeSale,
  },
  steering('pause', 'PauseSale'),
  steering('resume', 'ResumeSale'),
  steering('close', 'CloseSale'),
  {
    ...common,
    method: 'GET',
    path: '/v1/sales/{saleId}/status',
    operationId: 'getSaleStatus',
    summary: 'The numbers of a sale, for its owner and operators',
    auth: managers,
    responses: answers(200, 'The numbers', SaleStatus),
    refusals: ['not_found', 'forbidden'],
    async handle({ services, identity, params }) {
      const command = { type: 'ReadSaleStatus', sellerId: managerOf(identity!) };
      const answer = await askSale(services, idParam('sale', params.saleId), command);
      return { status: 200, body: saleStatusJson(accepted<SaleStatusView>(answer)) };
    },
  },
];
