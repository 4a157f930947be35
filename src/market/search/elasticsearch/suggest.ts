/** What somebody who is typing may be about to type: words, brands, categories, products. */
import type { Client, estypes } from '@elastic/elasticsearch';
import type { Suggestion, SuggestQuery } from '../engine.ts';
import { lastLevel, mixed, nameKeys } from '../suggestions.ts';
import { conditionOf } from './query.ts';
import { resolve } from './words.ts';

/** The best rated products that match; the words that are suggested come from them. */
const productsRead = 50;
const namesMax = 3;
const categoriesRead = 50;
const misspeltCharsMin = 4;

interface Found {
  readonly productId: string;
  readonly headWords: readonly string[];
}

export async function suggest(client: Client, index: string, wanted: SuggestQuery): Promise<Suggestion[]> {
  const { before, prefix, complete, limit } = wanted;
  const resolved = await resolve(client, index, complete, null);
  const conditions = resolved.wanted.map((one) => conditionOf(one, 'head'));
  const typed = nameKeys(before + prefix)[0] ?? '';
  const exact = await look(client, index, conditions, typed, { term: { starts: prefix } }, false);
  const isUnknown = exact.products.length === 0 && exact.names.length === 0;
  const found =
    isUnknown && prefix.length >= misspeltCharsMin
      ? await look(client, index, conditions, typed, nearly('starts', prefix), true)
      : exact;
  const queries = wordsBegun(found.products, prefix, found === exact).map(
    (word): Suggestion => ({ kind: 'query', text: before + word }),
  );
  const products = found.products.map(({ productId }): Suggestion => ({ kind: 'product', productId }));
  return mixed([queries, found.names, products], limit);
}

const nearly = (field: string, value: string): estypes.QueryDslQueryContainer => ({
  fuzzy: { [field]: { value, fuzziness: 1, prefix_length: 1, transpositions: true, max_expansions: 50 } },
});

interface Names {
  readonly values: { readonly buckets: readonly { readonly key: string; readonly doc_count: number }[] };
}

async function look(
  client: Client,
  index: string,
  conditions: readonly estypes.QueryDslQueryContainer[],
  typed: string,
  last: estypes.QueryDslQueryContainer,
  isMisspelt: boolean,
): Promise<{ readonly products: readonly Found[]; readonly names: readonly Suggestion[] }> {
  const begins = (field: string): estypes.QueryDslQueryContainer =>
    isMisspelt ? nearly(field, typed) : { prefix: { [field]: typed } };
  const names = (keys: string, field: string, size: number) => ({
    filter: { bool: { filter: [begins(keys)] } },
    aggs: { values: { terms: { field, size } } },
  });
  const matches = { bool: { filter: [...conditions, last] } };
  // Whatever is counted is among these: nothing else needs to be looked at.
  const should = [matches, begins('brandKeys'), begins('categoryKeys')];
  const response = await client.search<{ headWords: string[] }, { brands: Names; categories: Names }>({
    index,
    query: { bool: { filter: [{ term: { isListed: true } }], should, minimum_should_match: 1 } },
    post_filter: matches,
    aggs: {
      brands: names('brandKeys', 'brand', namesMax),
      categories: names('categoryKeys', 'categories', categoriesRead),
    },
    sort: [{ rating: { order: 'desc' } }, { productId: { order: 'desc' } }],
    size: productsRead,
    track_total_hits: false,
    _source: ['headWords'],
  });
  const isNamed = (path: string) =>
    isMisspelt || nameKeys(lastLevel(path)).some((key) => key.startsWith(typed));
  const valuesOf = (kind: 'brand' | 'category', { values: { buckets } }: Names) =>
    buckets
      .filter(({ key }) => kind === 'brand' || isNamed(key))
      .slice(0, namesMax)
      .map(({ key, doc_count: count }) => ({ kind, text: key, count }));
  const { brands, categories } = response.aggregations!;
  const counted = [...valuesOf('brand', brands), ...valuesOf('category', categories)];
  return {
    products: response.hits.hits.map(({ sort, _source }) => ({
      productId: String(sort!.at(-1)),
      headWords: _source?.headWords ?? [],
    })),
    names: counted
      .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
      .slice(0, namesMax)
      .map(({ kind, text }) => ({ kind, text })),
  };
}

/** Words that the last one may become, those of most products first. */
function wordsBegun(products: readonly Found[], prefix: string, isExact: boolean): string[] {
  const counts = new Map<string, number>();
  for (const { headWords } of products)
    for (const word of headWords)
      if (isExact ? word.startsWith(prefix) : isNearly(word, prefix))
        counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([word]) => word);
}

/** The word's beginning and the prefix differ by a letter at most. */
function isNearly(word: string, prefix: string): boolean {
  return [-1, 0, 1].some((by) => isOneEdit(word.slice(0, prefix.length + by), prefix));
}

function isOneEdit(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  const rest = (text: string, from: number) => text.slice(at + from);
  const changed = rest(a, 1) === rest(b, 1);
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, 2) === rest(b, 2);
  return changed || swapped || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1);
}
