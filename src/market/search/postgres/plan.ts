/** A query as this engine will carry it out, and the candidates that one look into the index gives. */
import type { Query } from '../../../persistence/database.ts';
import type { SearchQuery } from '../engine.ts';
import { all, any, type Estimate, type Expression, estimate, lexemesOf, textOf } from './expression.ts';
import {
  everything,
  type Facet,
  filterExpressions,
  ratedAtLeast,
  sampleOf,
  sampleSizes,
  type Where,
} from './lexemes.ts';
import { countsOf } from './lexicon.ts';
import type { Resolved } from './resolve.ts';
import { rowConditions, type Values } from './statements.ts';

export interface Limits {
  /** So many matching rows are read, ranked and counted one by one. */
  readonly candidates: number;
  /** An index of so few documents is in memory as a whole: there all of them may be candidates. */
  readonly smallIndex: number;
  /** What a sample has, about. */
  readonly sample: number;
  /** Of very many that match, the best so many are ranked, and can be paged through by relevance. */
  readonly window: number;
}

export const defaultLimits: Limits = { candidates: 3_000, smallIndex: 10_000, sample: 1_500, window: 500 };

export interface Plan {
  readonly search: SearchQuery;
  readonly resolved: Resolved;
  /** All terms but one are enough. */
  readonly isRelaxed: boolean;
  /** How many documents have each lexeme that is asked for. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many documents there are. */
  readonly total: number;
  readonly limits: Limits;
}

export async function planOf(
  query: Query,
  search: SearchQuery,
  resolved: Resolved,
  isRelaxed: boolean,
  limits: Limits,
): Promise<Plan> {
  const lexemes = lexemesOf(everything);
  for (const where of ['anywhere', 'head'] as const) lexemesOf(all(resolved.conditions(where)), lexemes);
  for (const expression of filterExpressions(search)) lexemesOf(expression, lexemes);
  for (const step of bestSteps) lexemes.add(ratedAtLeast(step));
  const counts = await countsOf(query, lexemes);
  return { search, resolved, isRelaxed, counts, total: counts.get('~') ?? 0, limits };
}

export function expressionOf(
  { search, resolved, isRelaxed }: Plan,
  where: Where,
  without: Facet | null,
): Expression {
  const conditions = resolved.conditions(where);
  const words = isRelaxed ? [allButOne(conditions)] : conditions;
  const parts = [...words, ...filterExpressions(search, without)];
  return parts.length === 0 ? everything : all(parts);
}

const allButOne = (conditions: readonly Expression[]): Expression =>
  any(conditions.map((_, left) => all(conditions.filter((_, i) => i !== left))));

export function estimateOf({ counts, total }: Plan, expression: Expression): Estimate {
  return estimate(expression, counts, total);
}

export const limitOf = ({ total, limits: { smallIndex, candidates } }: Plan) =>
  total <= smallIndex ? smallIndex : candidates;

/** Whether all that match can probably be read. */
export function isCountable(plan: Plan, expression: Expression): boolean {
  const { most, likely } = estimateOf(plan, expression);
  return Math.min(most, likely) <= limitOf(plan);
}

const bestSteps = [4.5, 4, 3];

/** Of what matches, those that are rated so well that there are still `wanted` of them, about. */
export function bestOf(plan: Plan, expression: Expression, wanted: number): Expression {
  const best = bestSteps.map((step) => all([expression, ratedAtLeast(step)]));
  return best.find((one) => estimateOf(plan, one).likely >= wanted) ?? expression;
}

/** In how many documents one is picked for a sample that is large enough. */
export function sampleSizeOf(plan: Plan, expression: Expression): number {
  const { likely } = estimateOf(plan, expression);
  return sampleSizes.find((size) => likely / size <= plan.limits.sample) ?? sampleSizes.at(-1)!;
}

interface Look {
  readonly expression: Expression;
  readonly without: Facet | null;
  readonly max: number;
  /** null: all of them. */
  readonly sampleSize: number | null;
}

const factColumns = 'product_id, brand, category, currency, price_amount, rating, in_stock';

/** The SELECT of candidates. `points`: SQL of a candidate's relevance. */
export function candidates(plan: Plan, look: Look, values: Values, points = '0'): string {
  const { expression, without, max, sampleSize } = look;
  const wanted = sampleSize === null ? expression : all([sampleOf(sampleSize), expression]);
  const { filters, currency } = plan.search;
  const conditions = [
    `words @@ ${values.add(textOf(wanted))}::tsquery`,
    ...rowConditions(filters, currency, values, without),
  ];
  return `SELECT ${factColumns}, ${points} AS points FROM search_documents
    WHERE ${conditions.join(' AND ')} LIMIT ${values.add(max)}::int`;
}
