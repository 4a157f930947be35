/** Asks an engine as the routes do, with the shipped synonyms. */
import type {
  SearchAnswer,
  SearchDocument,
  SearchEngine,
  SearchQuery,
  Suggestion,
} from '../../../src/market/search/engine.ts';
import { parseSuggest, parseTerms } from '../../../src/market/search/parse.ts';
import { SynonymFile } from '../../../src/market/search/synonyms.ts';
import { testLog } from '../../persistence/support.ts';

const synonyms = new SynonymFile(null, testLog);

export const noFilters: SearchQuery['filters'] = {
  ...{ category: null, brands: [], priceMin: null, priceMax: null, ratingMin: null, inStock: null },
  attributes: {},
};

export type Asked = Omit<Partial<SearchQuery>, 'filters'> & {
  readonly filters?: Partial<SearchQuery['filters']>;
};

export async function ask(engine: SearchEngine, text: string, asked: Asked = {}): Promise<SearchAnswer> {
  return engine.search({
    ...{ currency: 'USD', sort: 'relevance', limit: 20, after: null, interests: null },
    ...asked,
    terms: parseTerms(text, await synonyms.read()),
    filters: { ...noFilters, ...asked.filters },
  });
}

export async function askToSuggest(
  engine: SearchEngine,
  text: string,
  limit = 10,
): Promise<readonly Suggestion[]> {
  const wanted = parseSuggest(text, await synonyms.read(), limit);
  return wanted === null ? [] : engine.suggest(wanted);
}

export const idOf = (n: number) => `prd_01939f2a-7c00-7abc-8def-${n.toString(16).padStart(12, '0')}`;

/** A plain product; the number makes its id, a greater one a newer product. */
export function document(n: number, change: Partial<SearchDocument> = {}): SearchDocument {
  return {
    productId: idOf(n),
    version: 1,
    title: `Thing ${n}`,
    description: 'A plain thing.',
    brand: 'Acme',
    category: 'Things',
    tags: [],
    attributes: {},
    price: { amount: 1_000, currency: 'USD' },
    rating: 0,
    reviewCount: 0,
    inStock: true,
    sellerId: 'acc_01939f2a-7c00-7abc-8def-0123456789ab',
    createdAtMs: Date.UTC(2026, 0, 1) + n,
    ...change,
  };
}
