/**
 * The search engine that comes with the database.
 *
 * 1. Up to `Limits.candidates` matching rows are read, ranked and counted: hits, total and facets are exact.
 * 2. Of more, facets and total are counted in a sample, which the documents' marks pick (`~s16`), and hits come from
 *    walking an order (price, rating, newest) until the page is full: where many match, few rows are passed over.
 * 3. All of a search runs in one transaction on one connection, with a time limit.
 */
import type { Database, Query } from '../../../persistence/database.ts';
import type {
  EngineHealth,
  SearchAnswer,
  SearchEngine,
  SearchQuery,
  Suggestion,
  SuggestQuery,
} from '../engine.ts';
import { type Counting, count, countFiltered, facetsOf, plainFacets } from './counting.ts';
import { readState, type State, stateOf } from './cursor-state.ts';
import { orderOf, type PageRows, readAll, walkHits } from './hits.ts';
import { Completions, countsOf } from './lexicon.ts';
import { Memory } from './memory.ts';
import { defaultLimits, expressionOf, isCountable, type Limits, type Plan, planOf } from './plan.ts';
import { resolve } from './resolve.ts';
import { orders } from './statements.ts';
import { suggest } from './suggest.ts';

/** A search that takes longer is given up: `busy`. */
const searchMsMax = 2_000;
const suggestMsMax = 1_000;

/** Ours is off anyway; a foreign server's would compile what runs for milliseconds. */
const settingsText = `SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true),
  set_config('enable_seqscan', 'off', true), set_config('pg_trgm.similarity_threshold', '0.2', true)`;

interface Found {
  readonly plan: Plan;
  readonly page: PageRows;
  readonly base: Counting;
  readonly isWalked: boolean;
}

export class PostgresEngine implements SearchEngine {
  readonly name = 'postgres';
  readonly #database: Database;
  readonly #limits: Limits;
  readonly #completions = new Completions();

  constructor(database: Database, limits = defaultLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  search(search: SearchQuery): Promise<SearchAnswer> {
    return this.#within(searchMsMax, async (query) => {
      const state = search.after === null ? null : readState(search.after, orderOf(search));
      const memory = new Memory(state?.memory ?? null);
      const resolved = await resolve(query, this.#completions, search.terms, memory);
      const planned = (isRelaxed: boolean) => planOf(query, search, resolved, isRelaxed, this.#limits);
      let found = await find(query, await planned(state?.isRelaxed ?? false), state);
      const mayRelax = state === null && found.base.found === 0 && resolved.conditions('anywhere').length > 1;
      if (mayRelax) found = await find(query, await planned(true), null);
      const { plan, page, base, isWalked } = found;
      const countings = [base, ...(await countFiltered(query, plan))];
      const isByRelevance = orderOf(search) === orders.relevance;
      return {
        hits: page.rows.map(({ product_id: productId, points }) => ({
          productId,
          score: isByRelevance ? points / 100 : 0,
        })),
        total: base.found * base.factor,
        facets: facetsOf(countings, search.currency),
        isEstimate: countings.some(({ factor }) => factor > 1),
        corrections: resolved.corrections,
        lookedFor: resolved.lookedFor,
        next:
          page.next === null
            ? null
            : stateOf({ isWalked, isRelaxed: plan.isRelaxed, key: page.next, memory: memory.texts() }),
      };
    });
  }

  suggest(wanted: SuggestQuery): Promise<readonly Suggestion[]> {
    return this.#within(suggestMsMax, (query) => suggest(query, this.#completions, wanted));
  }

  async health(): Promise<EngineHealth> {
    const counts = await countsOf(this.#database.query, ['~']);
    return { isOk: true, documents: counts.get('~') ?? 0, detail: null };
  }

  #within<Result>(msMax: number, work: (query: Query) => Promise<Result>): Promise<Result> {
    return this.#database.transaction(async (query) => {
      await query(settingsText, [String(msMax)]);
      return work(query);
    });
  }
}

/** The page, and what is counted with all filters. Later pages are found as the first one was. */
async function find(query: Query, plan: Plan, state: State | null): Promise<Found> {
  const facets = plainFacets(plan);
  const key = state?.key ?? null;
  if (!(state?.isWalked ?? !isCountable(plan, expressionOf(plan, 'anywhere', null)))) {
    const all = await readAll(query, plan, key, facets);
    if (all !== null)
      return { plan, page: all.page, base: { found: all.found, raw: all.raw, factor: 1 }, isWalked: false };
  }
  const base = await count(query, plan, facets, null);
  return { plan, page: await walkHits(query, plan, key), base, isWalked: true };
}
