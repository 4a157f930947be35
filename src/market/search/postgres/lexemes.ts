/**
 * What of a document is in the index: its words for the reader's query, and marks for everything that can be filtered,
 * so that one look into one index finds what has both.
 *
 * | lexeme        | stands for                                                        |
 * | ------------- | ----------------------------------------------------------------- |
 * | `_phone`      | a stem, anywhere                                                  |
 * | `^phone`      | a stem in the title, the tags, the brand or the category          |
 * | `~b…` `~c…`   | the brand; the category and each that it is a branch of           |
 * | `~mUSD`       | the currency                                                      |
 * | `~pUSD:57`    | the step of a rising scale on which the price is                  |
 * | `~r4`         | rated 4 or better; also 4.9, 4.8, 4.7, 4.6, 4.5, 3, 2 and 1       |
 * | `~i` `~o`     | in stock; out of stock                                            |
 * | `~a…=…`       | an attribute and its value                                        |
 * | `~`           | every document                                                    |
 */
import {
  type SearchDocument,
  type SearchFilters,
  type SearchQuery,
  stemMark,
  type WordForms,
} from '../engine.ts';
import { branchesOf, ratingSteps } from '../facets.ts';
import { isSmallWord, languageOf } from '../languages.ts';
import { fold, formsOf, wordsOf } from '../text.ts';
import { any, type Expression } from './expression.ts';

const headMark = '^';
const filterMark = '~';
export const everything: Expression = filterMark;

export const isWord = (lexeme: string) => !/^[_^~]/.test(lexeme);
export const brandMark = `${filterMark}b`;
export const categoryMark = `${filterMark}c`;
const attributeMark = `${filterMark}a`;
/** Attributes have no bound on how many values there are, so nobody counts them. */
export const isCounted = (lexeme: string) => !lexeme.startsWith(attributeMark);

const inStockMark = `${filterMark}i`;
const outOfStockMark = `${filterMark}o`;
const currencyOf = (currency: string) => `${filterMark}m${currency}`;
export const ratedAtLeast = (step: number) => `${filterMark}r${step}`;
/** What a filter can ask for, and finer steps of the best, so that the best of very many can be looked up. */
const ratingMarks = [4.9, 4.8, 4.7, 4.6, 4.5, ...ratingSteps];
export const bestSteps = ratingMarks.filter((step) => step > 2);
const attributeOf = (name: string, value: string) =>
  `${attributeMark}${fold(name)}=${fold(value)}`.slice(0, 200);

/** Prices within a fifth of each other share a step: 160 steps from 0 to 10^12. */
const stepOf = (amount: number) => Math.floor(4 * Math.log2(amount + 1));
const priceOf = (currency: string, step: number) => `${filterMark}p${currency}:${step}`;
const stepMax = stepOf(1_000_000_000_000);

// ----------------------------------------------------------------
// Samples.

/** Of so many documents one is in the sample; each has an index of its own. */
export const sampleSizes = [16, 64, 256] as const;
const leastSampled = sampleSizes.at(-1)!;

/** 0 to 255, by the last digits of an id, which are random. Of a sample are those that its size divides. */
export const sampleOf = (productId: string) => Number.parseInt(productId.slice(-2), 16) % leastSampled || 0;

// ----------------------------------------------------------------
// Documents.

const headTokensMax = 120;
const descriptionTokensMax = 1_500;
const attributesMax = 30;
/** A tsvector knows no later place. */
const placeMax = 16_383;

export interface IndexedText {
  /** Of the title, tags, brand and category, with weights: what relevance is computed from. As a tsvector's text. */
  readonly head: string;
  /** Words of the head, which the lexicon knows. */
  readonly headWords: readonly string[];
  /** What the document is found by. */
  readonly lexemes: readonly string[];
}

export function indexedText(document: SearchDocument): IndexedText {
  const { title, tags, brand, category, description } = document;
  const text = wordsOf(`${title}. ${description}`, descriptionTokensMax);
  const spoken = languageOf(text);
  const head = new Head();
  head.add(title, 'A');
  for (const words of [...tags, brand]) head.add(words, 'B');
  head.add(category, 'C');
  const lexemes = new Set<string>(marksOf(document));
  for (const word of head.words)
    for (const stem of formsOf(word, null).slice(1))
      lexemes.add(stem).add(headMark + stem.slice(stemMark.length));
  for (const word of new Set(text))
    if (!isSmallWord(word)) for (const stem of formsOf(word, spoken).slice(1)) lexemes.add(stem);
  return { head: head.text(), headWords: [...head.words], lexemes: [...lexemes] };
}

/** With the stems of all languages, whatever the text is in: or a text whose language is known would count for less. */
class Head {
  readonly words = new Set<string>();
  readonly #entries: string[] = [];
  #place = 0;

  add(text: string, weight: 'A' | 'B' | 'C'): void {
    for (const word of wordsOf(text, headTokensMax)) {
      this.words.add(word);
      this.#place = Math.min(placeMax, this.#place + 1);
      // Words and marked stems are letters and digits: nothing in them needs more than the quotes.
      for (const form of formsOf(word, null)) this.#entries.push(`'${form}':${this.#place}${weight}`);
    }
  }

  text(): string {
    return this.#entries.join(' ');
  }
}

function marksOf({ brand, category, price, rating, inStock, attributes }: SearchDocument): string[] {
  return [
    filterMark,
    ...(brand === '' ? [] : [brandMark + brand]),
    ...branchesOf(category).map((path) => categoryMark + path),
    currencyOf(price.currency),
    priceOf(price.currency, stepOf(price.amount)),
    ...ratingMarks.filter((step) => rating >= step).map(ratedAtLeast),
    inStock ? inStockMark : outOfStockMark,
    ...Object.entries(attributes)
      .slice(0, attributesMax)
      .map(([name, value]) => attributeOf(name, String(value))),
  ];
}

// ----------------------------------------------------------------
// Queries.

export type Facet = 'brands' | 'categories' | 'priceRanges' | 'ratings' | 'inStock';

/** A range of more steps is left to the rows: so many lists of documents take longer to put together than they save. */
const priceStepsMax = 8;

/** Filters as lexemes, by their facets; what those leave inexact (the ends of a price range, a rating such as 4.55) the rows decide. */
export function filterExpressions({
  filters,
  currency,
}: Pick<SearchQuery, 'filters' | 'currency'>): ReadonlyMap<Facet, Expression> {
  const { category, brands, priceMin, priceMax, ratingMin, inStock } = filters;
  const expressions = new Map<Facet, Expression>();
  if (category !== null) expressions.set('categories', categoryMark + category);
  if (brands.length > 0) expressions.set('brands', any(brands.map((brand) => brandMark + brand)));
  if (isPriced(filters)) {
    const from = stepOf(priceMin ?? 0);
    const steps = Math.max(0, (priceMax === null ? stepMax : stepOf(priceMax)) - from + 1);
    if (steps <= priceStepsMax)
      expressions.set('priceRanges', {
        any: Array.from({ length: steps }, (_, i) => priceOf(currency, from + i)),
      });
  }
  const rated = ratingMarks.find((step) => ratingMin !== null && step <= ratingMin);
  if (rated !== undefined) expressions.set('ratings', ratedAtLeast(rated));
  if (inStock !== null) expressions.set('inStock', inStock ? inStockMark : outOfStockMark);
  return expressions;
}

/** Of attributes there are no facets. */
export const attributeExpressions = ({ attributes }: SearchFilters): Expression[] =>
  Object.entries(attributes).map(([name, value]) => attributeOf(name, value));

const isPriced = ({ priceMin, priceMax }: SearchFilters) => priceMin !== null || priceMax !== null;

/** Anywhere in the document, or in its head: by stems, which every inflection shares. */
export type Where = 'anywhere' | 'head';

const placed = (stem: string, where: Where) =>
  where === 'anywhere' ? stem : headMark + stem.slice(stemMark.length);

export function wordExpression([, ...stems]: WordForms, where: Where): Expression {
  return any(stems.map((stem) => placed(stem, where)));
}
