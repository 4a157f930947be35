/**
 * A search as Elasticsearch is asked it.
 *
 * Scores are sums of constants, times the title's brevity: they depend on the document and the query alone, so a change
 * of other documents moves no hit, and a cursor goes on where its page ended. Of equal scores the rating decides.
 */
import type { estypes } from '@elastic/elasticsearch';
import type { Phrase, SearchQuery, WordForms } from '../engine.ts';
import { facetValuesMax } from '../engine.ts';
import { priceBounds, ratingSteps } from '../facets.ts';
import { attributeOf } from './document.ts';
import type { Wanted } from './words.ts';

type Clause = estypes.QueryDslQueryContainer;
export type Facet = 'brands' | 'categories' | 'priceRanges' | 'ratings' | 'inStock';
const facets: readonly Facet[] = ['brands', 'categories', 'priceRanges', 'ratings', 'inStock'];

// ----------------------------------------------------------------
// What must be there.

const stemsOf = (forms: WordForms) => (forms.length > 1 ? forms.slice(1) : [...forms]);

export function conditionOf({ meant, synonyms, prefix }: Wanted, field: 'anywhere' | 'head'): Clause {
  const ways = [...meant, ...synonyms];
  const single = ways.filter((phrase) => phrase.length === 1).flatMap(([forms]) => stemsOf(forms!));
  const should: Clause[] = ways
    .filter((phrase) => phrase.length > 1)
    .map((phrase) => ({ bool: { filter: phrase.map((forms) => ({ terms: { [field]: stemsOf(forms) } })) } }));
  if (single.length > 0) should.push({ terms: { [field]: [...new Set(single)] } });
  if (prefix !== null) should.push(begun(meant, prefix));
  return { bool: { should, minimum_should_match: 1 } };
}

/** The words before the last one are there, and one that begins with the last. */
function begun(meant: readonly Phrase[], prefix: string): Clause {
  const before = meant[0]!.slice(0, -1).map((forms) => ({ terms: { anywhere: stemsOf(forms) } }));
  return { bool: { filter: [...before, { term: { starts: prefix } }] } };
}

// ----------------------------------------------------------------
// What it is worth.

/** Of the word itself, in the title, among tags and brand, in the category; of one of its stems less. */
const worth = { title: 40, names: 20, categoryWords: 10 } as const;
const stemShare = 0.8;
/** What is close to what was meant counts less than it. */
const widerShare = 0.35;
const interestWorth = { brand: 4, category: 2.5 };

const constant = (filter: Clause, boost: number): Clause => ({ constant_score: { filter, boost } });

function worthOf({ meant, synonyms, prefix }: Wanted): Clause[] {
  const clauses: Clause[] = [];
  const words = (phrases: readonly Phrase[]) => [...new Set(phrases.flat().map(([word]) => word))];
  const stems = (phrases: readonly Phrase[]) => [...new Set(phrases.flat().flatMap(stemsOf))];
  for (const [field, boost] of Object.entries(worth)) {
    clauses.push(constant({ terms: { [field]: stems(meant) } }, boost * stemShare));
    clauses.push(constant({ terms: { [field]: words(meant) } }, boost * (1 - stemShare)));
    if (synonyms.length > 0)
      clauses.push(constant({ terms: { [field]: stems(synonyms) } }, boost * widerShare));
  }
  if (prefix !== null) clauses.push(constant({ term: { starts: prefix } }, worth.title * widerShare));
  return clauses;
}

function interestsOf({ interests }: SearchQuery): Clause[] {
  const { brands = [], categories = [] } = interests ?? {};
  return [
    ...(brands.length > 0 ? [constant({ terms: { brand: [...brands] } }, interestWorth.brand)] : []),
    ...(categories.length > 0
      ? [constant({ terms: { category: [...categories] } }, interestWorth.category)]
      : []),
  ];
}

/** What no facet leaves out: attributes, and the currency where prices are compared for an order. */
function fixedOf({ filters: { attributes }, currency, sort }: SearchQuery): Clause[] {
  const clauses: Clause[] = Object.entries(attributes).map(([name, value]) => ({
    term: { attributes: attributeOf(name, value) },
  }));
  if (sort === 'price_asc' || sort === 'price_desc') clauses.push({ term: { currency } });
  return clauses;
}

/** The documents that have the words, with their scores; filters that have a facet come behind. */
export function matching(search: SearchQuery, wanted: readonly Wanted[], isRelaxed: boolean): Clause {
  const conditions = wanted.map((one) => conditionOf(one, 'anywhere'));
  const needed: Clause[] =
    isRelaxed && conditions.length > 1
      ? [{ bool: { should: conditions, minimum_should_match: conditions.length - 1 } }]
      : conditions;
  const filter = [{ term: { isListed: true } }, ...fixedOf(search), ...needed];
  if (!isScored(search)) return { bool: { filter } };
  const should = [...wanted.flatMap(worthOf), ...interestsOf(search)];
  return {
    function_score: {
      query: { bool: { filter, should } },
      functions: [{ field_value_factor: { field: 'brevity', missing: 1 } }],
      boost_mode: 'multiply',
    },
  };
}

/** Without terms there is nothing to be relevant to, but what an account likes. */
export const isScored = ({ sort, terms, interests }: SearchQuery) =>
  sort === 'relevance' && (terms.length > 0 || interests !== null);

// ----------------------------------------------------------------
// Filters and facets.

/** Of those that have a facet. */
export function filtersOf({ filters, currency }: SearchQuery, without: Facet | null): Clause[] {
  const { category, brands, priceMin, priceMax, ratingMin, inStock } = filters;
  const clauses: Clause[] = [];
  if (category !== null && without !== 'categories') clauses.push({ term: { categories: category } });
  if (brands.length > 0 && without !== 'brands') clauses.push({ terms: { brand: [...brands] } });
  if ((priceMin !== null || priceMax !== null) && without !== 'priceRanges')
    clauses.push(
      { term: { currency } },
      { range: { price: { ...bound('gte', priceMin), ...bound('lte', priceMax) } } },
    );
  if (ratingMin !== null && without !== 'ratings')
    clauses.push({ range: { rating: { gte: Math.round(ratingMin * 100) } } });
  if (inStock !== null && without !== 'inStock') clauses.push({ term: { inStock } });
  return clauses;
}

const bound = (name: 'gte' | 'lte', value: number | null) => (value === null ? {} : { [name]: value });

function valuesOf(facet: Facet, currency: string): estypes.AggregationsAggregationContainer {
  switch (facet) {
    case 'brands':
      return { terms: { field: 'brand', size: facetValuesMax } };
    case 'categories':
      return { terms: { field: 'categories', size: facetValuesMax } };
    case 'ratings':
      return {
        filters: {
          filters: Object.fromEntries(
            ratingSteps.map((step) => [step, { range: { rating: { gte: step * 100 } } }]),
          ),
        },
      };
    case 'inStock':
      return {
        filters: { filters: { true: { term: { inStock: true } }, false: { term: { inStock: false } } } },
      };
    case 'priceRanges':
      return { filters: { filters: Object.fromEntries(rangesOf(currency).map((range, i) => [i, range])) } };
  }
}

function rangesOf(currency: string): Clause[] {
  const bounds = priceBounds(currency);
  return [null, ...bounds].map((from, i) => ({
    bool: {
      filter: [
        { term: { currency } },
        {
          range: { price: { ...bound('gte', from), ...(bounds[i] === undefined ? {} : { lt: bounds[i] }) } },
        },
      ],
    },
  }));
}

/** Each facet counts without its own filter and with all others. */
export function facetsWanted(search: SearchQuery): Record<string, estypes.AggregationsAggregationContainer> {
  return Object.fromEntries(
    facets.map((facet) => [
      facet,
      {
        filter: { bool: { filter: filtersOf(search, facet) } },
        aggs: { values: valuesOf(facet, search.currency) },
      },
    ]),
  );
}

// ----------------------------------------------------------------
// Orders.

type Order = readonly (readonly [field: string, direction: 'asc' | 'desc'])[];

/** Every order ends with the id, so that no two documents are equal; the newest ids are the greatest. */
const orders: Readonly<Record<SearchQuery['sort'], Order>> = {
  relevance: [
    ['_score', 'desc'],
    ['rating', 'desc'],
    ['productId', 'desc'],
  ],
  price_asc: [
    ['price', 'asc'],
    ['productId', 'asc'],
  ],
  price_desc: [
    ['price', 'desc'],
    ['productId', 'desc'],
  ],
  newest: [['productId', 'desc']],
  rating: [
    ['rating', 'desc'],
    ['productId', 'desc'],
  ],
};

export const orderOf = (search: SearchQuery): Order =>
  search.sort === 'relevance' && !isScored(search) ? orders.newest : orders[search.sort];

export const sortOf = (order: Order): estypes.SortCombinations[] =>
  order.map(([field, direction]) => ({ [field]: { order: direction } }));
