/** Stock, exact and at once: every answer is the sku actor's own. */
import { adjustStock, type Deputy, readStock } from '../../actors/sku/commands.ts';
import { accepted, scopeOf } from '../../gateway/handling.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import type { Code } from '../../protocol/codes.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Sku, Stock, StockAdjustment, skuPattern } from './schemas.ts';
import { stockJson } from './views.ts';

const notFound = () => new DoorbusterError('not_found', 'No such SKU');

/** No actor is made for text that cannot be a SKU. */
function skuParam(text: string): string {
  if (!skuPattern.test(text)) throw notFound();
  return text;
}

/** Another account's SKU answers as if it were not there. */
function refuseUnknown(code: Code): void {
  if (code === 'not_found' || code === 'forbidden') throw notFound();
}

/** Who adjusts as an operator, in the more powerful role. */
function deputyOf({ accountId, roles }: Identity): { by?: Deputy } {
  const role = (['admin', 'operator'] as const).find((power) => roles.includes(power));
  return role === undefined ? {} : { by: { accountId, role } };
}

const read = route({
  method: 'GET',
  path: '/v1/inventory/{sku}',
  params: { sku: Sku },
  operationId: 'getStock',
  summary: 'How many units there are',
  tag: 'Catalogue',
  who: 'anybody',
  replies: { 200: { description: 'The stock', schema: Stock } },
  refusals: ['not_found', 'busy'],
  async handle({ services, params }) {
    const answer = await services.ask(readStock, skuParam(params.sku), {});
    refuseUnknown(answer.code);
    return reply(200, stockJson(accepted(answer)));
  },
});

const adjust = route({
  method: 'POST',
  path: '/v1/inventory/{sku}/adjustments',
  params: { sku: Sku },
  operationId: 'adjustStock',
  summary: 'Add units, or take free ones away; the same adjustmentId counts once',
  tag: 'Catalogue',
  who: ['seller', 'operator', 'admin'],
  body: StockAdjustment,
  replies: {
    201: { description: 'The stock after the adjustment', schema: Stock },
    200: { description: 'Counted before: the present stock', schema: Stock },
  },
  refusals: ['not_found', 'exists_with_different', 'insufficient_stock', 'busy'],
  async handle({ services, identity, params, body }) {
    const answer = await services.ask(adjustStock, skuParam(params.sku), {
      ...body,
      sellerId: scopeOf(identity),
      ...deputyOf(identity),
    });
    refuseUnknown(answer.code);
    return reply(answer.code === 'created' ? 201 : 200, stockJson(accepted(answer)));
  },
});

export const routes: readonly Route[] = [read, adjust];
