/** Price rules: the price of a SKU moves with its stock or with time, between a floor and a ceiling. */
import { adminScopeOf, idParam, invalid, iso } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Id, Page, PageQuery } from '../../gateway/schemas.ts';
import { setPrice } from '../catalog/price-change-store.ts';
import { soldBy } from '../pricing/offer-store.ts';
import { checkChargeable } from '../pricing/schemas.ts';
import { NewPriceRule, PriceRule } from './schemas.ts';
import { deleteRule, insertRule, listRules, type RuleRow } from './store.ts';

const tag = 'Discounts';
const who = ['seller', 'admin'] as const;

function shown(rule: RuleRow): PriceRule {
  const { ruleId, sellerId, sku, kind, steps, currency, floorAmount, ceilingAmount } = rule;
  return {
    ...{ ruleId, sellerId, sku, kind },
    steps: steps.map(({ atMost, at, percent }) => ({
      ...(atMost !== undefined && { atMost }),
      ...(at !== undefined && { at: iso(at) }),
      percent,
    })),
    floor: { amount: floorAmount, currency },
    ceiling: { amount: ceilingAmount, currency },
    basePrice: { amount: rule.baseAmount, currency },
    price: { amount: rule.appliedAmount, currency },
    createdAt: iso(rule.createdAtMs),
  };
}

function checkSteps({ kind, steps }: NewPriceRule): void {
  const [own, other] = kind === 'stock' ? (['atMost', 'at'] as const) : (['at', 'atMost'] as const);
  const seen = new Set<number>();
  for (const [i, step] of steps.entries()) {
    const value = step[own];
    if (value === undefined) invalid(`/steps/${i}/${own}`, `is required of a rule by ${kind}`);
    if (step[other] !== undefined) invalid(`/steps/${i}/${other}`, `must be absent of a rule by ${kind}`);
    if (seen.has(value)) invalid(`/steps/${i}/${own}`, 'must not be given twice');
    if (Number(step.percent.toFixed(2)) !== step.percent)
      invalid(`/steps/${i}/percent`, 'must have at most two decimals');
    seen.add(value);
  }
}

function checkBounds({ floor, ceiling }: NewPriceRule, currency: string): void {
  for (const [name, price] of [
    ['floor', floor],
    ['ceiling', ceiling],
  ] as const) {
    if (price.currency !== currency) invalid(`/${name}/currency`, 'must be that of the price');
    checkChargeable(`/${name}`, price);
  }
  if (ceiling.amount < floor.amount) invalid('/ceiling/amount', 'must not be less than the floor');
}

const create = route({
  method: 'POST',
  path: '/v1/price-rules',
  operationId: 'createPriceRule',
  summary: 'Let the price of a SKU follow its stock or time',
  ...{ tag, who },
  body: NewPriceRule,
  mints: 'priceRule',
  replies: { 201: { description: 'The rule', schema: PriceRule } },
  refusals: ['unknown_sku', 'exists_with_different'],
  async handle({ services, identity, body, mintedId }) {
    checkSteps(body);
    const { sku, kind, steps, floor, ceiling } = body;
    const rule = await services.database.transaction(async (query) => {
      const { sellerId, price } = await soldBy(query, sku, adminScopeOf(identity));
      checkBounds(body, price.currency);
      return insertRule(query, {
        ...{ ruleId: mintedId, sellerId, sku, kind, steps, currency: price.currency },
        ...{ floorAmount: floor.amount, ceilingAmount: ceiling.amount, baseAmount: price.amount },
      });
    });
    return reply(201, shown(rule));
  },
});

const list = route({
  method: 'GET',
  path: '/v1/price-rules',
  operationId: 'listPriceRules',
  summary: 'Your price rules, oldest first; administrators see those of all',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of rules', schema: Page(PriceRule) } },
  async handle({ services, identity, query }) {
    const page = await listRules(services.database.query, adminScopeOf(identity), query);
    return reply(200, { items: page.rows.map(shown), nextCursor: page.nextCursor });
  },
});

const remove = route({
  method: 'DELETE',
  path: '/v1/price-rules/{ruleId}',
  operationId: 'removePriceRule',
  summary: 'Take a price rule back: the price is again the one that the owner set',
  ...{ tag, who },
  params: { ruleId: Id('priceRule') },
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const ruleId = idParam('priceRule', params.ruleId);
    await services.database.transaction(async (query) => {
      const { sku, sellerId, currency, baseAmount, appliedAmount } = await deleteRule(
        query,
        ruleId,
        adminScopeOf(identity),
      );
      const price = { amount: baseAmount, currency };
      if (baseAmount !== appliedAmount)
        await setPrice(query, { sku, sellerId, price, expected: appliedAmount, by: `rule ${ruleId}` });
    });
    return reply(204);
  },
});

export const routes: readonly Route[] = [create, list, remove];
