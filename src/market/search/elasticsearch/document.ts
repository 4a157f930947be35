/**
 * A product as Elasticsearch holds it. Words are folded and stemmed on our side (`text.ts`), so that every engine means
 * the same by a word and a server needs no analysis plugin: text fields are split at blanks, and no more.
 */
import type { estypes } from '@elastic/elasticsearch';
import type { Removal, SearchDocument } from '../engine.ts';
import { branchesOf } from '../facets.ts';
import { isSmallWord, languageOf } from '../languages.ts';
import { lastLevel, nameKeys } from '../suggestions.ts';
import { fold, formsOf, wordsOf } from '../text.ts';

/** Forms, separated by blanks, of which only the presence counts. */
const forms = {
  type: 'text',
  analyzer: 'whitespace',
  index_options: 'docs',
  norms: false,
} satisfies estypes.MappingProperty;
const keyword = { type: 'keyword' } satisfies estypes.MappingProperty;

export const mappings: estypes.MappingTypeMapping = {
  dynamic: 'strict',
  _source: { includes: ['headWords'] },
  properties: {
    productId: keyword,
    /** false: taken out. The document stays, so that a late older copy does not come back. */
    isListed: { type: 'boolean' },
    title: forms,
    /** Of tags and brand. */
    names: forms,
    categoryWords: forms,
    head: forms,
    anywhere: forms,
    /** Words alone: what typing errors are corrected to. */
    words: forms,
    /** Beginnings of the words of the head. */
    starts: forms,
    headWords: { type: 'keyword', index: false, doc_values: false },
    /** Falls with the number of words in the title, so that the product itself comes before what is for it. */
    brevity: { type: 'float', index: false },
    brand: keyword,
    brandKeys: keyword,
    category: keyword,
    categories: keyword,
    categoryKeys: keyword,
    attributes: keyword,
    currency: keyword,
    price: { type: 'long' },
    /** 0 to 500. */
    rating: { type: 'short' },
    inStock: { type: 'boolean' },
  },
};

export const settings: estypes.IndicesIndexSettings = {
  number_of_shards: 1,
  auto_expand_replicas: '0-1',
  refresh_interval: '250ms',
};

const headTokensMax = 120;
const descriptionTokensMax = 1_500;
const attributesMax = 30;
const startCharsMax = 20;

const unique = (values: Iterable<string>) => [...new Set(values)];

/** Throws nothing: a document was checked when it came into the catalogue. */
export function indexed(document: SearchDocument): Record<string, unknown> {
  const { title, tags, brand, category, description } = document;
  const text = wordsOf(`${title}. ${description}`, descriptionTokensMax);
  const spoken = languageOf(text);
  const formsIn = (words: readonly string[]) =>
    unique(unique(words).flatMap((word) => formsOf(word, spoken)));
  const titleWords = wordsOf(title, headTokensMax);
  const nameWords = [...tags, brand].flatMap((name) => wordsOf(name, headTokensMax)).slice(0, headTokensMax);
  const categoryWords = wordsOf(category, headTokensMax);
  const headWords = unique([...titleWords, ...nameWords, ...categoryWords]);
  const headForms = formsIn(headWords);
  const telling = text.filter((word) => !isSmallWord(word));
  return {
    productId: document.productId,
    isListed: true,
    title: formsIn(titleWords).join(' '),
    names: formsIn(nameWords).join(' '),
    categoryWords: formsIn(categoryWords).join(' '),
    head: headForms.join(' '),
    anywhere: unique([...headForms, ...formsIn(telling)]).join(' '),
    words: unique([...headWords, ...telling]).join(' '),
    starts: unique(headWords.flatMap(startsOf)).join(' '),
    headWords,
    brevity: 1 / (1 + Math.log2(1 + titleWords.length) / 8),
    ...(brand === '' ? {} : { brand, brandKeys: nameKeys(brand) }),
    category,
    categories: branchesOf(category),
    categoryKeys: branchesOf(category).flatMap((path) => nameKeys(lastLevel(path))),
    attributes: Object.entries(document.attributes)
      .slice(0, attributesMax)
      .map(([name, value]) => attributeOf(name, String(value))),
    currency: document.price.currency,
    price: document.price.amount,
    rating: Math.round(document.rating * 100),
    inStock: document.inStock,
  };
}

export const removed = ({ productId }: Removal) => ({ productId, isListed: false });

export const attributeOf = (name: string, value: string) => `${fold(name)}=${fold(value)}`.slice(0, 200);

function startsOf(word: string): string[] {
  const letters = [...word].slice(0, startCharsMax);
  return letters.map((_, i) => letters.slice(0, i + 1).join(''));
}
