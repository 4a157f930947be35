/**
 * The one contract of a search engine: PostgreSQL's full text is one, and the fallback of any other.
 *
 * 1. An engine holds copies. Documents come from the feed's consumer (`job.ts`), never from a request, and each has a
 *    version: an older one never replaces a newer one, a removal included.
 * 2. An engine finds ids. What a hit looks like is read from the catalogue, and whatever is not public there is left
 *    out of the answer, so a copy that is late shows nobody what is hidden.
 * 3. An engine is asked with words that are folded, stemmed and widened by synonyms already (`parse.ts`), so all
 *    engines mean the same by a query. Which unknown word was meant is the engine's to say: it knows what it holds.
 * 4. Work is bounded: beyond what an engine counts exactly, total and facets are estimates, and say so.
 */
import type { Money } from '../../protocol/money.ts';

/** What is found: the searchable copy of one public product. */
export interface SearchDocument {
  readonly productId: string;
  /** Greater than that of every copy that was read before. */
  readonly version: number;
  readonly title: string;
  readonly description: string;
  /** Empty: none. */
  readonly brand: string;
  /** A path such as `Electronics > Phones`. */
  readonly category: string;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Of the cheapest variant. */
  readonly price: Money;
  /** 0 to 5; 0: not rated. */
  readonly rating: number;
  readonly reviewCount: number;
  readonly inStock: boolean;
  readonly sellerId: string;
  readonly createdAtMs: number;
}

export interface Removal {
  readonly productId: string;
  readonly version: number;
}

// ----------------------------------------------------------------
// The question.

/** The forms of one word, any of which is a match: the word itself first, then its stems, each with `stemMark` before it. */
export type WordForms = readonly [word: string, ...stems: string[]];

/** All of these words must be there. */
export type Phrase = readonly WordForms[];

/** One thing that was asked for: a word, or several that are one name. */
export interface Term {
  /** As typed first, then what means the same. */
  readonly phrases: readonly [typed: Phrase, ...synonyms: Phrase[]];
  /** The last word may be the beginning of one. */
  readonly isPartial: boolean;
}

export interface SearchFilters {
  /** With its branches. */
  readonly category: string | null;
  /** Any of them; empty: whatever the brand. */
  readonly brands: readonly string[];
  /** Minor units of the query's currency, both included. */
  readonly priceMin: number | null;
  readonly priceMax: number | null;
  readonly ratingMin: number | null;
  readonly inStock: boolean | null;
  readonly attributes: Readonly<Record<string, string>>;
}

export const searchSorts = ['relevance', 'price_asc', 'price_desc', 'newest', 'rating'] as const;
export type SearchSort = (typeof searchSorts)[number];

/** What an account has looked at lately, most first; both lists are short. */
export interface Interests {
  readonly brands: readonly string[];
  readonly categories: readonly string[];
}

export interface SearchQuery {
  /** Every term must be there; when nothing has all of them, all but one. Empty: everything, newest first. */
  readonly terms: readonly Term[];
  readonly filters: SearchFilters;
  /** Of the price filters, the price ranges, and sorts by price, which leave out products of other currencies. */
  readonly currency: string;
  readonly sort: SearchSort;
  readonly limit: number;
  /** What this engine gave as `next`; null: the first page. */
  readonly after: CursorState | null;
  readonly interests: Interests | null;
}

/** Small and plain: it travels inside the cursor (`cursor.ts`), which adds the engine's name, the query and the time. */
export type CursorState = readonly (string | number)[];

// ----------------------------------------------------------------
// The answer.

export interface Hit {
  readonly productId: string;
  /** Comparable within one answer; 0 when the order is not by relevance. */
  readonly score: number;
}

interface FacetValue<Value> {
  readonly value: Value;
  readonly count: number;
}

/** Each counts without its own filter and with all others; most first, at most `facetValuesMax`, none with 0. */
export interface Facets {
  readonly brands: readonly FacetValue<string>[];
  /** By path, what is in branches counted at every level. */
  readonly categories: readonly FacetValue<string>[];
  /** All ranges of `priceBounds`, in their order, those with 0 too. */
  readonly priceRanges: readonly {
    readonly from: number | null;
    readonly to: number | null;
    readonly count: number;
  }[];
  /** 4, 3, 2 and 1 "and up". */
  readonly ratings: readonly FacetValue<number>[];
  /** true, false. */
  readonly inStock: readonly FacetValue<boolean>[];
}

export interface Correction {
  /** Folded. */
  readonly word: string;
  readonly meant: string;
}

export interface SearchAnswer {
  readonly hits: readonly Hit[];
  readonly total: number;
  readonly facets: Facets;
  /** Total and facets are estimates, because counting would take too long. */
  readonly isEstimate: boolean;
  /** Typed words that nothing has, and what was looked for instead. */
  readonly corrections: readonly Correction[];
  /** The words and stems (with `stemMark`) that were looked for in the end, to be marked in the hits' texts. */
  readonly lookedFor: readonly string[];
  /** null: this was the last page. */
  readonly next: CursorState | null;
}

export interface SuggestQuery {
  /** Words before the last, complete. */
  readonly complete: readonly Term[];
  /** Folded; what is being typed. */
  readonly prefix: string;
  /** What stands before the prefix, as typed: suggestions of kind `query` begin with it. */
  readonly before: string;
  readonly limit: number;
}

export type Suggestion =
  | { readonly kind: 'query' | 'brand' | 'category'; readonly text: string }
  /** Its text is the product's present title. */
  | { readonly kind: 'product'; readonly productId: string };

export interface EngineHealth {
  readonly isOk: boolean;
  /** How many documents there are; null: not known. */
  readonly documents: number | null;
  readonly detail: string | null;
}

// ----------------------------------------------------------------

export const engineNames = ['postgres', 'elasticsearch'] as const;
export type EngineName = (typeof engineNames)[number];

/** Asked by gateways. Every function may throw: `busy`, or whatever the engine's client throws. */
export interface SearchEngine {
  readonly name: EngineName;
  search(query: SearchQuery): Promise<SearchAnswer>;
  /** Prefixes, and prefixes with one typing error when there are none without. Most fitting first, kinds mixed. */
  suggest(query: SuggestQuery): Promise<readonly Suggestion[]>;
  health(): Promise<EngineHealth>;
}

/** Written by the feed's consumer, and by a reindex. Durable when it resolves; visible to searches within half a second. */
export interface SearchIndex {
  /** No product twice. */
  index(documents: readonly SearchDocument[]): Promise<void>;
  remove(removals: readonly Removal[]): Promise<void>;
}

/** An index that can be lost, and made anew as a whole. */
export interface CompleteIndex extends SearchIndex {
  /** Whether it is there with about as many documents as `expected`. */
  isComplete(expected: number): Promise<boolean>;
  /** `documents`: all there are, each with a version drawn before it was read. Answers with how many. */
  indexAll(documents: AsyncIterable<readonly SearchDocument[]>): Promise<number>;
}

// ----------------------------------------------------------------
// What all engines share.

/** Stands before a stem, so that no stem is taken for a word. */
export const stemMark = '_';

export const facetValuesMax = 50;

/** A stranger's query costs a bounded number of look-ups; words behind the last one are not looked for. */
export const termsMax = 12;

/** What stands between the levels of a category's path. */
export const levelMark = ' > ';
