/** What the rules say of a listing. The rules and the listing come from `review-store.ts`. */
import { hashOf } from '../../persistence/hash-chain.ts';
import type { ForbiddenWord, PriceBound, Reason } from './schemas.ts';
import { Turns, WordList, wordsOf } from './words.ts';

/** What is judged of a product. */
export interface Listing {
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly tags: readonly string[];
  /** A path: `Electronics > Phones`. */
  readonly category: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly variants: readonly {
    readonly sku: string;
    readonly options: Readonly<Record<string, string>>;
    /** Minor units. */
    readonly amount: number;
    readonly currency: string;
  }[];
}

export interface Verdict {
  readonly hold: readonly Reason[];
  /** One of these is enough. */
  readonly refuse: readonly Reason[];
}

type Word = ForbiddenWord & { readonly pattern: string };

export class Rules {
  readonly isEmpty: boolean;
  readonly #words: WordList<Word>;
  readonly #categories: readonly (ForbiddenWord & { readonly path: string })[];
  readonly #bounds: readonly (PriceBound & { readonly path: string | null })[];

  static async of(words: readonly ForbiddenWord[], bounds: readonly PriceBound[]): Promise<Rules> {
    const list = await WordList.of<Word>(
      words.flatMap(({ pattern, ...word }) =>
        pattern === undefined ? [] : [[pattern, { ...word, pattern }] as const],
      ),
    );
    return new Rules(words, list, bounds);
  }

  private constructor(words: readonly ForbiddenWord[], list: WordList<Word>, bounds: readonly PriceBound[]) {
    this.isEmpty = words.length === 0 && bounds.length === 0;
    this.#words = list;
    this.#categories = words.flatMap((word) =>
      word.category === undefined ? [] : [{ ...word, path: pathOf(word.category) }],
    );
    this.#bounds = bounds.map((bound) => ({
      ...bound,
      path: bound.category === undefined ? null : pathOf(bound.category),
    }));
  }

  async judge(listing: Listing): Promise<Verdict> {
    const found = [...(await this.#forbiddenWords(listing)), ...this.#forbiddenCategories(listing)];
    const of = (action: ForbiddenWord['action']) =>
      found.filter((each) => each.action === action).map(({ reason }) => reason);
    return { hold: [...of('hold'), ...this.#suspiciousPrices(listing)], refuse: of('refuse') };
  }

  async #forbiddenWords(listing: Listing) {
    const turns = new Turns();
    const placesByWord = new Map<Word, Set<string>>();
    for (const [place, texts] of textsOf(listing)) {
      for (const text of texts)
        for (const word of await this.#words.foundIn(text, turns))
          placesByWord.set(word, (placesByWord.get(word) ?? new Set()).add(place));
    }
    return [...placesByWord].map(([{ action, pattern }, places]) => ({
      action,
      reason: { code: 'forbidden_word', detail: `"${pattern}" in the ${[...places].join(', ')}` },
    }));
  }

  #forbiddenCategories({ category }: Listing) {
    const path = pathOf(category);
    return this.#categories
      .filter((rule) => isWithin(path, rule.path))
      .map(({ action, category: named }) => ({
        action,
        reason: { code: 'forbidden_category', detail: `The category ${named}` },
      }));
  }

  #suspiciousPrices({ category, variants }: Listing): Reason[] {
    const path = pathOf(category);
    return this.#bounds.flatMap(({ path: of, currency, min = 0, max = Number.POSITIVE_INFINITY }) => {
      if (of !== null && !isWithin(path, of)) return [];
      const first = variants.find(
        (variant) => variant.currency === currency && (variant.amount < min || variant.amount > max),
      );
      if (first === undefined) return [];
      const limit = first.amount < min ? `below ${min}` : `above ${max}`;
      const detail = `${first.sku} costs ${first.amount}, which is ${limit} minor units of ${currency}`;
      return [{ code: 'suspicious_price', detail }];
    });
  }
}

/** What people would read, by where. */
function textsOf({ title, description, brand, tags, category, attributes, variants }: Listing) {
  const texts: readonly (readonly [place: string, texts: readonly string[]])[] = [
    ['title', [title]],
    ['description', [description]],
    ['brand', [brand]],
    ['tags', tags],
    ['category', category.split('>')],
    ['attributes', Object.entries(attributes).flatMap(([name, value]) => [name, String(value)])],
    ['options', [...new Set(variants.flatMap(({ options }) => Object.entries(options).flat()))]],
  ];
  return texts;
}

const pathOf = (category: string): string =>
  category
    .split('>')
    .map((level) => wordsOf(level).join(' '))
    .join(' > ');

const isWithin = (path: string, above: string): boolean => path === above || path.startsWith(`${above} > `);

/** What an approval is of: other words, or other prices, are judged anew. */
export function hashesOf(listing: Listing): { readonly words: string; readonly prices: string } {
  const prices = listing.variants.map(({ sku, amount, currency }) => ({ sku, amount, currency }));
  return { words: hashOf(textsOf(listing)), prices: hashOf({ category: listing.category, prices }) };
}
