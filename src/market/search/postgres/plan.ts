/** A query as this engine will carry it out: what is looked for in the index, and about how much that will find. */
import type { SearchQuery, Term } from '../engine.ts';
import { all, any, type Estimate, type Expression, estimate, lexemesOf } from './expression.ts';
import {
  attributeExpressions,
  bestSteps,
  everything,
  type Facet,
  filterExpressions,
  ratedAtLeast,
  sampleSizes,
  type Where,
  wordExpression,
} from './lexemes.ts';
import type { Counts } from './lexicon.ts';
import type { Resolved } from './resolve.ts';

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

export const defaultLimits: Limits = { candidates: 1_200, smallIndex: 10_000, sample: 800, window: 300 };

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
  /** Filters that leave little enough to be looked for in the index, as lexemes. */
  readonly telling: ReadonlyMap<Facet, Expression>;
}

/** A filter that leaves more than this share costs a long list of documents and helps little: the rows decide. */
const tellingShare = 0.25;

const places = ['anywhere', 'head'] as const;

/** What a plan will ask the lexicon for, as far as the query tells. */
export function plannedLexemes(search: SearchQuery): Set<string> {
  const lexemes = lexemesOf(everything);
  const forms = search.terms.flatMap(({ phrases }: Term) => phrases.flat());
  for (const where of places) for (const one of forms) lexemesOf(wordExpression(one, where), lexemes);
  for (const expression of filterExpressions(search).values()) lexemesOf(expression, lexemes);
  for (const step of bestSteps) lexemes.add(ratedAtLeast(step));
  return lexemes;
}

export async function planOf(
  asked: Counts,
  search: SearchQuery,
  resolved: Resolved,
  isRelaxed: boolean,
  limits: Limits,
): Promise<Plan> {
  const filters = filterExpressions(search);
  const lexemes = plannedLexemes(search);
  for (const where of places) lexemesOf(all(resolved.conditions(where)), lexemes);
  await asked.ask(lexemes);
  const counts = asked.known;
  const total = counts.get('~') ?? 0;
  const telling = new Map(
    [...filters].filter(([, filter]) => estimate(filter, counts, total).likely <= total * tellingShare),
  );
  return { search, resolved, isRelaxed, counts, total, limits, telling };
}

/** The words and attributes, and these of the telling filters. */
export function expressionOf(
  { search, resolved, isRelaxed, telling }: Plan,
  where: Where,
  filters: readonly Facet[],
): Expression {
  const conditions = resolved.conditions(where);
  const words = isRelaxed ? [allButOne(conditions)] : conditions;
  const parts = [
    ...words,
    ...attributeExpressions(search.filters),
    ...filters.flatMap((facet) => telling.get(facet) ?? []),
  ];
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

type Known = Pick<Plan, 'counts' | 'total'>;

/** Reading a row's words takes so many times as long as reading the row. */
const wordsCost = 5;

/** Whether an order is better walked for `wanted` of `found` than that all of `read` are read and sorted. */
export function isWalkShorter({ total }: Known, wanted: number, found: number, read: number): boolean {
  const passed = (wanted * total) / Math.max(1, found);
  return passed * wordsCost < read;
}

/**
 * Of what matches, those that are rated so well that there are still `wanted` of them, about; null when it is quicker to
 * walk from the best rated one on.
 */
export function bestOf(known: Known, expression: Expression, wanted: number): Expression | null {
  const likely = (one: Expression) => estimate(one, known.counts, known.total).likely;
  const best = bestSteps
    .map((step) => all([expression, ratedAtLeast(step)]))
    .find((one) => likely(one) >= wanted);
  const looked = best ?? expression;
  return isWalkShorter(known, wanted, likely(expression), likely(looked)) ? null : looked;
}

/** In how many documents one is picked for a sample that is large enough. */
export function sampleSizeOf(plan: Plan, expression: Expression): number {
  const { likely } = estimateOf(plan, expression);
  return sampleSizes.find((size) => likely / size <= plan.limits.sample) ?? sampleSizes.at(-1)!;
}
