/** The search engine of large shops. It is asked by gateways, within a time limit; whatever it throws, PostgreSQL answers. */
import type { Client, estypes } from '@elastic/elasticsearch';
import { isId } from '../../../protocol/ids.ts';
import { notOfThisList } from '../cursor.ts';
import type {
  CursorState,
  EngineHealth,
  Facets,
  SearchAnswer,
  SearchEngine,
  SearchQuery,
  Suggestion,
  SuggestQuery,
} from '../engine.ts';
import { counted, priceRanges, ratingSteps } from '../facets.ts';
import { facetsWanted, filtersOf, isScored, matching, orderOf, sortOf } from './query.ts';
import { suggest } from './suggest.ts';
import { memoryOf, memoryPattern, type Resolved, readMemory, resolve } from './words.ts';

const searchMsMax = 1_000;
const suggestMsMax = 300;
/** More hits are not counted one by one. */
const countedMax = 50_000;
/** Where so many have the words, facets are counted in a sample. */
const sampledMin = 20_000;
/** The same documents each time. */
const sample = { probability: 0.1, seed: 1 };

interface Source {
  readonly headWords: readonly string[];
}

interface Aggregated {
  readonly values: { readonly buckets: unknown };
}
type FacetCounts = Readonly<Record<keyof Facets, Aggregated>>;
type Aggregations = FacetCounts | { readonly sampled: FacetCounts };
type Response = estypes.SearchResponse<Source, Aggregations>;

interface State {
  readonly isRelaxed: boolean;
  readonly key: (string | number)[];
  readonly memory: readonly string[];
}

export class ElasticsearchEngine implements SearchEngine {
  readonly name = 'elasticsearch';
  readonly #client: Client;
  readonly #suggesting: Client;
  readonly #index: string;

  /** `index`: the alias that `ElasticsearchIndex` keeps. */
  constructor(client: Client, index: string) {
    this.#client = client.child({ requestTimeout: searchMsMax });
    this.#suggesting = client.child({ requestTimeout: suggestMsMax });
    this.#index = index;
  }

  async search(search: SearchQuery): Promise<SearchAnswer> {
    const client = this.#client;
    const state = search.after === null ? null : readState(search);
    const remembered = state === null ? null : readMemory(state.memory);
    const resolved = await resolve(client, this.#index, search.terms, remembered);
    const find = (isRelaxed: boolean) =>
      this.#find(client, search, resolved, { isRelaxed, key: state?.key ?? null });
    let isRelaxed = state?.isRelaxed ?? false;
    let response = await find(isRelaxed);
    if (state === null && totalOf(response).value === 0 && resolved.wanted.length > 1) {
      isRelaxed = true;
      response = await find(isRelaxed);
    }
    return answerOf(search, resolved, response, isRelaxed);
  }

  async #find(
    client: Client,
    search: SearchQuery,
    { wanted }: Resolved,
    { isRelaxed, key }: { readonly isRelaxed: boolean; readonly key: (string | number)[] | null },
  ): Promise<Response> {
    const filters = filtersOf(search, null);
    const query = matching(search, wanted, isRelaxed);
    const { count } = await client.count({ index: this.#index, query, terminate_after: sampledMin });
    const facets = facetsWanted(search);
    return client.search<Source, Aggregations>({
      index: this.#index,
      query,
      ...(filters.length === 0 ? {} : { post_filter: { bool: { filter: filters } } }),
      aggs: count < sampledMin ? facets : { sampled: { random_sampler: sample, aggs: facets } },
      sort: sortOf(orderOf(search)),
      track_scores: isScored(search),
      track_total_hits: countedMax,
      size: search.limit + 1,
      _source: ['headWords'],
      timeout: `${searchMsMax}ms`,
      ...(key === null ? {} : { search_after: key }),
    });
  }

  suggest(wanted: SuggestQuery): Promise<readonly Suggestion[]> {
    return suggest(this.#suggesting, this.#index, wanted);
  }

  async health(): Promise<EngineHealth> {
    const { count } = await this.#client.count(
      { index: this.#index, query: { term: { isListed: true } } },
      { requestTimeout: searchMsMax },
    );
    return { isOk: true, documents: count, detail: null };
  }
}

function answerOf(
  search: SearchQuery,
  resolved: Resolved,
  response: Response,
  isRelaxed: boolean,
): SearchAnswer {
  const hits = response.hits.hits.slice(0, search.limit);
  const total = totalOf(response);
  const counts = response.aggregations!;
  const isLast = response.hits.hits.length <= search.limit;
  return {
    hits: hits.map(({ sort, _id, _score }) => ({ productId: idOf(sort, _id), score: _score ?? 0 })),
    total: total.value,
    facets: facetsOf('sampled' in counts ? counts.sampled : counts, search.currency),
    isEstimate: total.relation === 'gte' || 'sampled' in counts,
    corrections: resolved.corrections,
    lookedFor: lookedFor(
      resolved,
      hits.flatMap(({ _source }) => _source?.headWords ?? []),
    ),
    next: isLast
      ? null
      : [isRelaxed ? 1 : 0, ...(hits.at(-1)!.sort as (string | number)[]), ...memoryOf(resolved)],
  };
}

/** Every order ends with the id. */
const idOf = (sort: estypes.SortResults | undefined, id: string | undefined) => String(sort?.at(-1) ?? id);

function totalOf({ hits: { total } }: Response): estypes.SearchTotalHits {
  return typeof total === 'object' ? total : { value: total ?? 0, relation: 'eq' };
}

/** Words and stems that were asked for, and what begins with the last one in the hits' heads. */
function lookedFor({ wanted }: Resolved, headWords: readonly string[]): string[] {
  const forms = wanted.flatMap(({ meant, synonyms }) => [...meant, ...synonyms].flat(2));
  const prefixes = wanted.flatMap(({ prefix }) => prefix ?? []);
  const begun = headWords.filter((word) => prefixes.some((prefix) => word.startsWith(prefix)));
  return [...new Set([...forms, ...begun])];
}

interface Bucket {
  readonly key: string;
  readonly doc_count: number;
}

function facetsOf(aggregations: FacetCounts, currency: string): Facets {
  const terms = (name: keyof Facets) =>
    (aggregations[name].values.buckets as readonly Bucket[]).map(({ key: value, doc_count: count }) => ({
      value,
      count,
    }));
  const counts = (name: keyof Facets, keys: readonly (string | number | boolean)[]) => {
    const buckets = aggregations[name].values.buckets as Readonly<Record<string, { doc_count: number }>>;
    return keys.map((key) => buckets[String(key)]?.doc_count ?? 0);
  };
  const steps = [...ratingSteps];
  return {
    brands: terms('brands'),
    categories: terms('categories'),
    priceRanges: priceRanges(currency, counts('priceRanges', [0, 1, 2, 3])),
    ratings: counted(steps, counts('ratings', steps)),
    inStock: counted([true, false], counts('inStock', [true, false])),
  };
}

/** Of an untrusted cursor. Refuses with `validation_failed`. */
function readState(search: SearchQuery): State {
  const [relaxed, ...rest] = search.after as CursorState;
  const order = orderOf(search);
  const key = rest.slice(0, order.length);
  const memory = rest.slice(order.length);
  const isKey = order.every(([field], i) =>
    field === 'productId'
      ? typeof key[i] === 'string' && isId('product', key[i])
      : typeof key[i] === 'number',
  );
  const isMemory = memory.every((text) => typeof text === 'string' && memoryPattern.test(text));
  if ((relaxed !== 0 && relaxed !== 1) || !isKey || !isMemory) throw notOfThisList();
  return { isRelaxed: relaxed === 1, key, memory: memory as string[] };
}
