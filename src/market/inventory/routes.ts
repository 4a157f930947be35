/** Stock, exact and at once: every answer is the sku actor's own. */
import Type from 'typebox';
import type { AdjustStock, StockView } from '../../actors/sku/commands.ts';
import { refuse } from '../../gateway/problem.ts';
import type { Reply, RequestContext, Route } from '../../gateway/route.ts';
import { Closed, Sku } from '../../gateway/schemas.ts';
import { iso } from '../../gateway/views.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Answer } from '../../protocol/peer.ts';

const Stock = Closed(
  {
    sku: Sku,
    onHand: Type.Integer({ description: '= available + held + sold' }),
    held: Type.Integer(),
    sold: Type.Integer(),
    available: Type.Integer(),
    asOf: Type.String({ format: 'date-time' }),
  },
  { title: 'Stock' },
);

const skuPattern = /^[A-Za-z0-9._-]{1,64}$/;

function skuOf({ params }: RequestContext): string {
  const sku = params.sku!;
  if (!skuPattern.test(sku)) throw notFound();
  return sku;
}

const notFound = () => new DoorbusterError('not_found', 'No such SKU');

function stockReply(answer: Answer): Reply {
  // Another account's resource answers as if it were not there.
  if (answer.code === 'not_found' || answer.code === 'forbidden') throw notFound();
  if (answer.code !== 'ok' && answer.code !== 'created') refuse(answer);
  const { sku, onHand, held, sold, available, asOfMs } = answer.body as StockView;
  const body = { sku, onHand, held, sold, available, asOf: iso(asOfMs) };
  return { status: answer.code === 'created' ? 201 : 200, body };
}

const read: Route = {
  method: 'GET',
  path: '/v1/inventory/{sku}',
  operationId: 'getStock',
  summary: 'How many units there are',
  tag: 'Catalogue',
  auth: 'none',
  responses: { 200: { description: 'The stock', schema: Stock } },
  refusals: ['not_found', 'busy'],
  async handle(context) {
    return stockReply(await context.services.shards.ask('sku', skuOf(context), { type: 'ReadStock' }));
  },
};

const adjust: Route = {
  method: 'POST',
  path: '/v1/inventory/{sku}/adjustments',
  operationId: 'adjustStock',
  summary: 'Add units, or take free ones away; the same adjustmentId counts once',
  tag: 'Catalogue',
  auth: ['seller', 'operator', 'admin'],
  body: Closed({
    adjustmentId: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: "The client's own id" }),
    delta: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
    reason: Type.String({ minLength: 1, maxLength: 200 }),
  }),
  responses: {
    201: { description: 'The stock after the adjustment', schema: Stock },
    200: { description: 'Counted before: the present stock', schema: Stock },
  },
  refusals: ['not_found', 'exists_with_different', 'insufficient_stock', 'busy'],
  async handle(context) {
    const { services, identity, body } = context;
    const command: AdjustStock = {
      type: 'AdjustStock',
      adjustmentId: body.adjustmentId,
      delta: body.delta,
      reason: body.reason,
      sellerId: identity!.role === 'seller' ? identity!.accountId : null,
    };
    return stockReply(await services.shards.ask('sku', skuOf(context), command));
  },
};

export const inventoryRoutes: readonly Route[] = [read, adjust];
