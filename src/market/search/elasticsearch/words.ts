/** What the words of a query mean here: which are known, what unknown ones may be typing errors of. */
import type { Client, estypes } from '@elastic/elasticsearch';
import type { Correction, Phrase, Term, WordForms } from '../engine.ts';
import { both, formsInIndex, joined, phrasesMeant } from '../meaning.ts';

/** One thing that must be there. */
export interface Wanted {
  /** What was typed, or what it was probably meant to be. */
  readonly meant: readonly Phrase[];
  readonly synonyms: readonly Phrase[];
  /** The last word may be the beginning of one; null: it is whole. */
  readonly prefix: string | null;
}

export interface Resolved {
  readonly wanted: readonly Wanted[];
  readonly corrections: readonly Correction[];
}

const correctedCharsMin = 3;
const correctionsMax = 3;

/** `remembered`: what the first page of this list has found out, by word. */
export async function resolve(
  client: Client,
  index: string,
  terms: readonly Term[],
  remembered: ReadonlyMap<string, readonly string[]> | null,
): Promise<Resolved> {
  const typed = terms.map(({ phrases }) => phrases[0]);
  const joins = typed.map((phrase, i) => joined(phrase, typed[i + 1]));
  const words = [...new Map(typed.flat().map((forms) => [forms[0], forms])).values()];
  const begun = terms.at(-1)?.isPartial ? typed.at(-1)!.at(-1)![0] : null;
  const answers = remembered ?? (await lookUp(client, index, words, joins, begun));
  const corrections: Correction[] = [];
  const wanted: Wanted[] = [];
  for (let i = 0; i < terms.length; i++) {
    const term = wantedOf(terms[i]!, answers, corrections);
    const whole = joins[i];
    // `head phones` is also `headphones`, where that is a word.
    if (whole == null || !answers.has(joinMark + whole)) wanted.push(term);
    else {
      const next = wantedOf(terms[++i]!, answers, corrections);
      wanted.push({ ...next, meant: [...both(term.meant, next.meant), [formsInIndex(whole)]] });
    }
  }
  return { wanted, corrections };
}

/** What was found out, to be carried on in a cursor as texts; `readMemory` reads them. */
export function memoryOf({ wanted, corrections }: Resolved): string[] {
  const whole = wanted.flatMap(({ meant }) => meant.filter((_, i) => i > 0 && meant.length > 1));
  const joinedWords = whole.flatMap((phrase) =>
    phrase.length === 1 ? [`${joinMark}${phrase[0]![0]}=`] : [],
  );
  return [...new Set([...corrections.map(({ word, meant }) => `${word}=${meant}`), ...joinedWords])];
}

export const memoryPattern = /^\+?[\p{L}\p{N}]{1,80}=(?:[\p{L}\p{N}]{1,80}(?: [\p{L}\p{N}]{1,80})?)?$/u;

export function readMemory(texts: readonly string[]): Map<string, readonly string[]> {
  return new Map(
    texts.map((text) => {
      const [word = '', meant = ''] = text.split('=');
      return [word, meant === '' ? [] : [meant]] as const;
    }),
  );
}

const joinMark = '+';

function wantedOf(
  { phrases: [typed, ...synonyms], isPartial }: Term,
  answers: ReadonlyMap<string, readonly string[]>,
  corrections: Correction[],
): Wanted {
  const meant = phrasesMeant(typed, ([word]) => answers.get(word) ?? [], corrections);
  return { meant, synonyms, prefix: isPartial ? typed.at(-1)![0] : null };
}

/**
 * By unknown word what it may be meant for, most probable first. A word is known when a document has it or one of its
 * stems; the last one (`begun`) also when a word begins with it. Joined words that are known have an empty answer behind `joinMark`.
 */
async function lookUp(
  client: Client,
  index: string,
  words: readonly WordForms[],
  joins: readonly (string | null)[],
  begun: string | null,
): Promise<Map<string, readonly string[]>> {
  const answers = new Map<string, readonly string[]>();
  if (words.length === 0) return answers;
  const wholes = joins.filter((whole) => whole !== null);
  const presence = new Map<string, estypes.QueryDslQueryContainer>();
  for (const [word, ...stems] of words)
    presence.set(word, {
      bool: {
        should: [
          { terms: { anywhere: [word, ...stems] } },
          ...(word === begun ? [{ term: { starts: word } }] : []),
        ],
        minimum_should_match: 1,
      },
    });
  for (const whole of wholes) presence.set(joinMark + whole, { term: { words: whole } });
  const known = await present(client, index, presence);
  for (const whole of wholes) if (known.has(joinMark + whole)) answers.set(joinMark + whole, []);
  const unknown = words.map(([word]) => word).filter((word) => !known.has(word));
  const suggested = await corrections(client, index, unknown);
  const unsure: string[] = [];
  for (const word of unknown) {
    const options = optionsOf(suggested[`c${word}`]);
    if (options.length > 0) answers.set(word, options);
    else unsure.push(word);
  }
  for (const [word, split] of await splits(client, index, unsure)) answers.set(word, [split]);
  return answers;
}

/** Which of these any listed document has: each is looked for until the first one is found. */
async function present(
  client: Client,
  index: string,
  queries: ReadonlyMap<string, estypes.QueryDslQueryContainer>,
): Promise<ReadonlySet<string>> {
  const { responses } = await client.msearch({
    index,
    searches: [...queries.values()].flatMap((query) => [
      {},
      {
        size: 0,
        terminate_after: 1,
        track_total_hits: 1,
        query: { bool: { filter: [{ term: { isListed: true } }, query] } },
      },
    ]),
  });
  const names = [...queries.keys()];
  const found = responses.map((response) => {
    if ('error' in response) throw new Error(`Elasticsearch: ${response.error.reason}`);
    const { total } = response.hits;
    return (typeof total === 'object' ? total.value : (total ?? 0)) > 0;
  });
  return new Set(names.filter((_, i) => found[i]));
}

/** By `c` and the word; of what is unknown alone: looking for what was meant takes longer than the search itself. */
async function corrections(
  client: Client,
  index: string,
  unknown: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const suggest: Record<string, unknown> = {};
  for (const word of unknown)
    if (word.length >= correctedCharsMin && !/\p{N}/u.test(word)) suggest[`c${word}`] = correctionOf(word);
  if (Object.keys(suggest).length === 0) return {};
  const found = await client.search({
    index,
    size: 0,
    track_total_hits: false,
    query: { match_none: {} },
    suggest: suggest as estypes.SearchSuggester,
  });
  return found.suggest ?? {};
}

/** Two letters changed places, one too much, one too few or wrong; of long words two such errors. */
function correctionOf(word: string) {
  return {
    text: word,
    term: {
      field: 'words',
      suggest_mode: 'always',
      string_distance: 'damerau_levenshtein',
      max_edits: word.length < 6 ? 1 : 2,
      prefix_length: word.length < 5 ? 1 : 0,
      min_word_length: correctedCharsMin,
      size: correctionsMax,
      sort: 'score',
    },
  };
}

function optionsOf(suggested: unknown): string[] {
  const entries = (suggested ?? []) as readonly { options: readonly { text: string }[] }[];
  return entries.flatMap(({ options }) => options.map(({ text }) => text)).slice(0, correctionsMax);
}

const pieceCharsMin = 3;
const splitsMax = 24;

/** `gamingmouse` for `gaming mouse`: both pieces are words, in one document. */
async function splits(client: Client, index: string, words: readonly string[]): Promise<Map<string, string>> {
  const filters: Record<string, estypes.QueryDslQueryContainer> = {};
  for (const word of words)
    for (let at = pieceCharsMin; at <= word.length - pieceCharsMin; at++) {
      if (Object.keys(filters).length >= splitsMax) break;
      const pieces = [word.slice(0, at), word.slice(at)];
      filters[pieces.join(' ')] = { bool: { filter: pieces.map((piece) => ({ term: { words: piece } })) } };
    }
  const result = new Map<string, string>();
  if (Object.keys(filters).length === 0) return result;
  const found = await client.search<unknown, { split: { buckets: Record<string, { doc_count: number }> } }>({
    index,
    size: 0,
    track_total_hits: false,
    query: { term: { isListed: true } },
    aggs: { split: { filters: { filters } } },
  });
  const counts = Object.entries(found.aggregations!.split.buckets).sort(
    (a, b) => b[1].doc_count - a[1].doc_count,
  );
  for (const [split, { doc_count: count }] of counts) {
    const word = split.replace(' ', '');
    if (count > 0 && !result.has(word)) result.set(word, split);
  }
  return result;
}
