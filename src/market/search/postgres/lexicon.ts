/**
 * The lexicon: how many documents have a lexeme. It says whether a word is known, what it was probably meant to be,
 * what begins with it, and about how much a query will find.
 */
import { RecentMap } from '../../../gateway/recent-map.ts';
import type { Query } from '../../../persistence/database.ts';
import { damerau, editsOf } from './edits.ts';

interface KnownWord {
  readonly word: string;
  readonly documents: number;
}

const completionsMax = 10;
/** Shorter ones begin too much. */
const prefixCharsMin = 2;
const correctionsMax = 3;
const correctedCharsMin = 3;
const correctedCharsMax = 20;
/** From this length on two typing errors are thought of. */
const twiceCharsMin = 6;
const partCharsMin = 3;
/** A correction counts beside the best one when it is in a tenth as many documents. */
const rarer = 10;

export async function countsOf(query: Query, lexemes: Iterable<string>): Promise<Map<string, number>> {
  const rows = await query<{ lexeme: string; documents: number }>(
    'SELECT lexeme, documents FROM search_lexicon WHERE lexeme = ANY($1) AND documents > 0',
    [[...lexemes]],
    'search_counts',
  );
  return new Map(rows.map(({ lexeme, documents }) => [lexeme, documents]));
}

/** What one search has been told of the lexicon: nothing is asked twice. */
export class Counts {
  /** A lexeme that is not in it is in no document, if it was asked for. */
  readonly known = new Map<string, number>();
  readonly #query: Query;
  readonly #asked = new Set<string>();

  constructor(query: Query) {
    this.#query = query;
  }

  async ask(lexemes: Iterable<string>): Promise<void> {
    const missing = [...new Set(lexemes)].filter((lexeme) => !this.#asked.has(lexeme));
    if (missing.length === 0) return;
    for (const [lexeme, documents] of await countsOf(this.#query, missing)) this.known.set(lexeme, documents);
    for (const lexeme of missing) this.#asked.add(lexeme);
  }
}

const completionsText = `SELECT lexeme AS word, documents FROM search_lexicon
  WHERE is_word AND documents > 0 AND lexeme >= $1 AND lexeme < $2 ORDER BY documents DESC, lexeme LIMIT $3`;

/** The last character there is, so that `prefix` + it is behind all that begin with it. */
const behindAll = '\u{10ffff}';

/** Two letters begin thousands of words, and the same ones are typed again and again: these are kept for a while. */
export class Completions {
  readonly #known = new RecentMap<string, { readonly words: Promise<string[]>; readonly untilMs: number }>(
    512,
  );

  of(query: Query, prefix: string, charsMin = prefixCharsMin): Promise<readonly string[]> {
    if (prefix.length < charsMin) return Promise.resolve([]);
    if (prefix.length > keptPrefixChars) return read(query, prefix);
    const known = this.#known.get(prefix);
    if (known !== undefined && known.untilMs > performance.now()) return known.words;
    const words = read(query, prefix);
    this.#known.set(prefix, { words, untilMs: performance.now() + keptMs });
    words.catch(() => this.#known.delete(prefix));
    return words;
  }
}
const keptPrefixChars = 2;
const keptMs = 5_000;

async function read(query: Query, prefix: string): Promise<string[]> {
  const rows = await query<KnownWord>(
    completionsText,
    [prefix, prefix + behindAll, completionsMax],
    'search_completions',
  );
  return rows.map(({ word }) => word);
}

/** The words that begin with what is one typing error away from the prefix. */
export async function misspeltCompletions(query: Query, prefix: string): Promise<readonly string[]> {
  if (prefix.length < 4 || !isCorrectable(prefix)) return [];
  const edits = [...editsOf(prefix)].filter((edit) => edit.length >= 3 && edit[0] === prefix[0]);
  const rows = await query<KnownWord>(
    `SELECT lexeme AS word, documents FROM unnest($1::text[]) AS e(edit), LATERAL (
       SELECT lexeme, documents FROM search_lexicon
       WHERE is_word AND documents > 0 AND lexeme >= e.edit AND lexeme < e.edit || $2 LIMIT 5
     ) AS l GROUP BY 1, 2 ORDER BY documents DESC, word LIMIT $3`,
    [edits, behindAll, completionsMax],
  );
  return rows.map(({ word }) => word);
}

const isCorrectable = (word: string) =>
  word.length >= correctedCharsMin && word.length <= correctedCharsMax && !/\p{N}/u.test(word);

/** What an unknown word may have been meant to be, the likeliest first; each is one word, or two with a blank. */
export async function correctionsOf(query: Query, word: string): Promise<readonly string[]> {
  if (!isCorrectable(word)) return [];
  const close = await closeWords(query, word);
  if (close.length > 0 || word.length < twiceCharsMin) return close;
  const parts = await partsOf(query, word);
  return parts === null ? fartherWords(query, word) : [parts.join(' ')];
}

/** One typing error away. The first letter of a short word is taken to be right. */
async function closeWords(query: Query, word: string): Promise<string[]> {
  const edits = [...editsOf(word)].filter((edit) => word.length > correctedCharsMin || edit[0] === word[0]);
  return likeliest(
    await query<KnownWord>(
      `SELECT lexeme AS word, documents FROM search_lexicon
       WHERE is_word AND documents > 0 AND lexeme = ANY($1) ORDER BY documents DESC, lexeme LIMIT $2`,
      [edits, correctionsMax],
    ),
  );
}

function likeliest(words: readonly KnownWord[]): string[] {
  const most = words[0]?.documents ?? 0;
  return words.filter(({ documents }) => documents * rarer >= most).map(({ word }) => word);
}

/** Two words that were written as one. */
async function partsOf(query: Query, word: string): Promise<string[] | null> {
  const splits: [string, string][] = [];
  for (let at = partCharsMin; at <= word.length - partCharsMin; at++)
    splits.push([word.slice(0, at), word.slice(at)]);
  const counts = await countsOf(query, splits.flat());
  const worth = (split: readonly string[]) => Math.min(...split.map((part) => counts.get(part) ?? 0));
  const best = splits.reduce((a, b) => (worth(b) > worth(a) ? b : a));
  return worth(best) > 0 ? best : null;
}

/** Up to two typing errors away, among the words that share most trigrams. */
async function fartherWords(query: Query, word: string): Promise<string[]> {
  const alike = await query<KnownWord>(
    `SELECT lexeme AS word, documents FROM search_lexicon
     WHERE is_word AND documents > 0 AND lexeme % $1 ORDER BY similarity(lexeme, $1) DESC, lexeme LIMIT 30`,
    [word],
  );
  const near = alike
    .map((known) => ({ ...known, distance: damerau(word, known.word) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance || b.documents - a.documents);
  return likeliest(near.filter(({ distance }) => distance === near[0]!.distance)).slice(0, correctionsMax);
}
