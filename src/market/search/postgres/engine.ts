/**
 * The search engine that comes with the database.
 *
 * 1. Up to `Limits.candidates` matching rows are read, ranked and counted: hits, total and facets are exact.
 * 2. Of more, facets and total are counted in a sample, which has an index of its own, and hits come from walking an order
 *    (price, rating, newest) until the page is full: where many match, few rows are passed over.
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
import { count, facetsBut, facetsOf, type Look, readAll } from './counting.ts';
import { readState, type State, stateOf } from './cursor-state.ts';
import type { Expression } from './expression.ts';
import { orderOf, type PageRows, pageOf, walkHits } from './hits.ts';
import type { Facet } from './lexemes.ts';
import { Completions, Counts, countsOf } from './lexicon.ts';
import { Memory } from './memory.ts';
import {
  defaultLimits,
  expressionOf,
  isCountable,
  type Limits,
  type Plan,
  plannedLexemes,
  planOf,
} from './plan.ts';
import { resolve } from './resolve.ts';
import { orders } from './statements.ts';
import { suggest } from './suggest.ts';

/** A search that takes longer is given up: `busy`. */
const searchMsMax = 2_000;
const suggestMsMax = 1_000;

/**
 * JIT is off in ours anyway; a foreign server's would compile what runs for milliseconds. Statements are planned once: what
 * they look for decides on no plan here, and making one takes as long as many a search.
 */
const settingsText = `SELECT set_config('statement_timeout', $1, true), set_config('jit', 'off', true),
  set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
  set_config('pg_trgm.similarity_threshold', '0.2', true)`;

interface Found {
  readonly plan: Plan;
  readonly page: PageRows;
  /** What was counted with all filters. */
  readonly base: Look;
  readonly lookOf: (facet: Facet) => Look;
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
      const counts = new Counts(query);
      const planned = plannedLexemes(search);
      const resolved = await resolve(query, this.#completions, counts, planned, search.terms, memory);
      const plan = (isRelaxed: boolean) => planOf(counts, search, resolved, isRelaxed, this.#limits);
      let found = await find(query, await plan(state?.isRelaxed ?? false), state);
      const mayRelax = state === null && found.base.counts.found === 0;
      if (mayRelax && resolved.conditions('anywhere').length > 1)
        found = await find(query, await plan(true), null);
      return answerOf(found, memory);
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
      await query(settingsText, [String(msMax)], 'search_settings');
      return work(query);
    });
  }
}

/** Later pages are found as the first one was. */
async function find(query: Query, plan: Plan, state: State | null): Promise<Found> {
  const order = orderOf(plan.search);
  const page = { order, after: state?.key ?? null };
  const mayRead = (expression: Expression) => !(state?.isWalked ?? !isCountable(plan, expression));
  const words = expressionOf(plan, 'anywhere', []);
  if (mayRead(words)) {
    const all = await readAll(query, plan, words, facetsBut([]), page);
    if (all !== null)
      return { plan, page: pageOf(plan, all.hits), base: all, lookOf: () => all, isWalked: false };
  }
  // Too many have the words: filters that leave few of them are looked for, too, and each of their facets by itself.
  const telling = [...plan.telling.keys()];
  const rest = facetsBut(telling);
  const narrow = expressionOf(plan, 'anywhere', telling);
  const all = telling.length > 0 && mayRead(narrow) ? await readAll(query, plan, narrow, rest, page) : null;
  const base = all ?? (await count(query, plan, narrow, rest));
  const looks = new Map<Facet, Look>();
  for (const facet of telling) {
    const others = telling.filter((other) => other !== facet);
    looks.set(facet, await count(query, plan, expressionOf(plan, 'anywhere', others), [facet]));
  }
  return {
    plan,
    page: all === null ? await walkHits(query, plan, page.after) : pageOf(plan, all.hits),
    base,
    lookOf: (facet) => looks.get(facet) ?? base,
    isWalked: all === null,
  };
}

function answerOf({ plan, page, base, lookOf, isWalked }: Found, memory: Memory): SearchAnswer {
  const { search, resolved, isRelaxed } = plan;
  const isByRelevance = orderOf(search) === orders.relevance;
  return {
    hits: page.rows.map(({ product_id: productId, points }) => ({
      productId,
      score: isByRelevance ? points / 100 : 0,
    })),
    total: base.counts.found * base.factor,
    facets: facetsOf(lookOf, search.currency),
    isEstimate: facetsBut([]).some((facet) => lookOf(facet).factor > 1) || base.factor > 1,
    corrections: resolved.corrections,
    lookedFor: resolved.lookedFor,
    next:
      page.next === null ? null : stateOf({ isWalked, isRelaxed, key: page.next, memory: memory.texts() }),
  };
}
