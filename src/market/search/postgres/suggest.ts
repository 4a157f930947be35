/** What somebody who is typing may be about to type: words, brands, categories, products. */
import type { Query } from '../../../persistence/database.ts';
import type { Suggestion, SuggestQuery } from '../engine.ts';
import { formsInIndex } from '../meaning.ts';
import { mixed } from '../suggestions.ts';
import { fold } from '../text.ts';
import { editsOf } from './edits.ts';
import { all, any, estimate, lexemesOf, textOf } from './expression.ts';
import { bestSteps, ratedAtLeast, wordExpression } from './lexemes.ts';
import { type Completions, Counts } from './lexicon.ts';
import { Memory } from './memory.ts';
import { bestOf } from './plan.ts';
import { completedBy, resolve } from './resolve.ts';

/** Products among which the best rated are looked for; and so many of these. */
const productsReadMax = 5_000;
const productsWalkedMax = 5_000;
const productsKept = 30;
/** Of more the best rated are asked for alone. */
const productsSoughtMax = 200;
const namesMax = 3;
const misspeltCharsMin = 4;

export async function suggest(
  query: Query,
  completions: Completions,
  wanted: SuggestQuery,
): Promise<Suggestion[]> {
  const { prefix, before, complete, limit } = wanted;
  const words = await completedBy(query, completions, prefix);
  const names = await namesFor(query, fold(before + prefix));
  const products =
    words.length === 0 && complete.length === 0 ? [] : await productsFor(query, completions, wanted, words);
  const queries = queriesFor(wanted, words, products);
  return mixed(
    [queries, names, products.map(({ product_id }) => ({ kind: 'product', productId: product_id }))],
    limit,
  );
}

interface ProductRow {
  product_id: string;
  words: string[];
}

/** The best rated that have the complete words and one that the last word may become, in their heads. */
async function productsFor(
  query: Query,
  completions: Completions,
  { complete, prefix }: SuggestQuery,
  words: readonly string[],
): Promise<ProductRow[]> {
  const asked = new Counts(query);
  const resolved = await resolve(query, completions, asked, ['~'], complete, new Memory(null));
  const last = any(
    [...new Set([prefix, ...words])].map((word) => wordExpression(formsInIndex(word), 'head')),
  );
  const expression = all([...resolved.conditions('head'), last]);
  await asked.ask([...lexemesOf(expression), ...bestSteps.map(ratedAtLeast)]);
  const known = { counts: asked.known, total: asked.known.get('~') ?? 0 };
  const isMany = estimate(expression, known.counts, known.total).likely > productsSoughtMax;
  const best = isMany ? bestOf(known, expression, productsKept) : expression;
  const rows =
    best === null
      ? `SELECT * FROM (SELECT * FROM search_documents WHERE is_listed
           ORDER BY rating DESC, product_id DESC LIMIT ${productsWalkedMax}) AS w WHERE words @@ $1::tsquery`
      : `SELECT * FROM search_documents WHERE words @@ $1::tsquery LIMIT ${productsReadMax}`;
  // Heads are beside the rows: only those that are kept are read.
  return query<ProductRow>(
    `SELECT product_id, tsvector_to_array(head) AS words FROM (
       SELECT * FROM (${rows}) AS f ORDER BY rating DESC, product_id DESC LIMIT $2) AS kept`,
    [textOf(best ?? expression), productsKept],
    `search_suggested_${best === null ? 'walked' : 'found'}`,
  );
}

/** Words that the last one may become; behind other words only those that a product has beside them. */
function queriesFor(
  { before, complete }: SuggestQuery,
  words: readonly string[],
  products: readonly ProductRow[],
): Suggestion[] {
  const together = (word: string) => products.filter(({ words: own }) => own.includes(word)).length;
  const fitting =
    complete.length === 0
      ? words
      : words.filter((word) => together(word) > 0).sort((a, b) => together(b) - together(a));
  return fitting.map((word) => ({ kind: 'query', text: before + word }));
}

interface NameRow {
  kind: 'brand' | 'category';
  text: string;
}

/** Brands and categories of which a word begins with what was typed; with one typing error when there are none. */
async function namesFor(query: Query, typed: string): Promise<Suggestion[]> {
  const key = typed.match(/[\p{L}\p{N}]+/gu)?.join(' ') ?? '';
  const exact = await namesBehind(query, [key]);
  if (exact.length > 0 || key.length < misspeltCharsMin || key.length > 20) return exact;
  return namesBehind(
    query,
    [...editsOf(key)].filter((edit) => edit[0] === key[0]),
  );
}

function namesBehind(query: Query, keys: readonly string[]): Promise<Suggestion[]> {
  return query<NameRow>(
    `SELECT kind, text FROM (
       SELECT n.kind, n.text, max(n.documents) AS documents FROM unnest($1::text[]) AS k(key), LATERAL (
         SELECT kind, text, documents FROM search_suggestions
         WHERE key >= k.key AND key < k.key || $2 AND documents > 0 LIMIT 200
       ) AS n GROUP BY n.kind, n.text
     ) AS found ORDER BY documents DESC, text LIMIT $3`,
    [keys, '\u{10ffff}', namesMax],
  );
}
