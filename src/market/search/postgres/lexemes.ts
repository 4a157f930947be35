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
 * | `~r4`         | rated 4 or better; also 4.5, 3, 2 and 1                           |
 * | `~i` `~o`     | in stock; out of stock                                            |
 * | `~a…=…`       | an attribute and its value                                        |
 * | `~s16`        | one of 16 documents, picked by nothing that they are              |
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
export const attributeMark = `${filterMark}a`;
/** Attributes have no bound on how many values there are, so nobody counts them. */
export const isCounted = (lexeme: string) => !lexeme.startsWith(attributeMark);

const inStockMark = `${filterMark}i`;
const outOfStockMark = `${filterMark}o`;
const currencyOf = (currency: string) => `${filterMark}m${currency}`;
export const ratedAtLeast = (step: number) => `${filterMark}r${step}`;
/** What a filter can ask for, and a step more, so that the best of very many can be looked up. */
const ratingMarks = [4.5, ...ratingSteps];
const attributeOf = (name: string, value: string) =>
  `${attributeMark}${fold(name)}=${fold(value)}`.slice(0, 200);

/** Prices within a fifth of each other share a step: 160 steps from 0 to 10^12. */
const stepOf = (amount: number) => Math.floor(4 * Math.log2(amount + 1));
const priceOf = (currency: string, step: number) => `${filterMark}p${currency}:${step}`;
const stepMax = stepOf(1_000_000_000_000);

// ----------------------------------------------------------------
// Samples.

export const sampleSizes = [4, 16, 64, 256] as const;
export const sampleOf = (size: number) => `${filterMark}s${size}`;

/** The last digits of an id are random. */
function samplesOf(productId: string): string[] {
  const number = Number.parseInt(productId.slice(-4), 16);
  return sampleSizes.filter((size) => number % size === 0).map(sampleOf);
}

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

function marksOf({
  productId,
  brand,
  category,
  price,
  rating,
  inStock,
  attributes,
}: SearchDocument): string[] {
  return [
    filterMark,
    ...samplesOf(productId),
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

/** The filters as lexemes; what they leave inexact (the ends of a price range, a rating such as 4.5) the rows decide. */
export function filterExpressions(
  { filters, currency, sort }: Pick<SearchQuery, 'filters' | 'currency' | 'sort'>,
  without: Facet | null = null,
): Expression[] {
  const { category, brands, priceMin, priceMax, ratingMin, inStock, attributes } = filters;
  const expressions: Expression[] = [];
  if (category !== null && without !== 'categories') expressions.push(categoryMark + category);
  if (brands.length > 0 && without !== 'brands')
    expressions.push(any(brands.map((brand) => brandMark + brand)));
  if (isPriced(filters) && without !== 'priceRanges') {
    const from = stepOf(priceMin ?? 0);
    const to = priceMax === null ? stepMax : stepOf(priceMax);
    const steps = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => priceOf(currency, from + i));
    expressions.push(steps.length > stepMax ? currencyOf(currency) : { any: steps });
  } else if (sort === 'price_asc' || sort === 'price_desc') expressions.push(currencyOf(currency));
  if (ratingMin !== null && ratingMin >= 1 && without !== 'ratings')
    expressions.push(ratedAtLeast(Math.min(4, Math.floor(ratingMin))));
  if (inStock !== null && without !== 'inStock') expressions.push(inStock ? inStockMark : outOfStockMark);
  for (const [name, value] of Object.entries(attributes)) expressions.push(attributeOf(name, value));
  return expressions;
}

export const isPriced = ({ priceMin, priceMax }: SearchFilters) => priceMin !== null || priceMax !== null;

/** Anywhere in the document, or in its head: by stems, which every inflection shares. */
export type Where = 'anywhere' | 'head';

const placed = (stem: string, where: Where) =>
  where === 'anywhere' ? stem : headMark + stem.slice(stemMark.length);

export function wordExpression([, ...stems]: WordForms, where: Where): Expression {
  return any(stems.map((stem) => placed(stem, where)));
}
