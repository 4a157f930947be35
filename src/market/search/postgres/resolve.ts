/** From the terms of a query to what this index can be asked: unknown words corrected, the last one completed. */
import type { Query } from '../../../persistence/database.ts';
import type { Correction, Phrase, Term, WordForms } from '../engine.ts';
import { both, formsInIndex, joined, phrasesMeant } from '../meaning.ts';
import { all, any, type Expression, lexemesOf, textOf } from './expression.ts';
import { type Where, wordExpression } from './lexemes.ts';
import { type Completions, type Counts, correctionsOf, misspeltCompletions } from './lexicon.ts';
import type { Memory } from './memory.ts';

/** One thing that must be there, in one of several ways. */
interface Wanted {
  /** What was typed, or what it was corrected to. */
  readonly meant: readonly Phrase[];
  readonly synonyms: readonly Phrase[];
  /** What begins with the last word. */
  readonly completed: readonly Phrase[];
  /** Of what is completed, the last word; null: nothing is. */
  readonly prefix: string | null;
}

export interface Resolved {
  /** One for each thing that must be there. */
  readonly conditions: (where: Where) => readonly Expression[];
  /** The tsqueries that relevance is computed with: what was meant, and what is close to it; empty: nothing is. */
  readonly ranked: { readonly meant: string; readonly wider: string };
  readonly corrections: readonly Correction[];
  readonly lookedFor: readonly string[];
}

interface Known {
  readonly query: Query;
  readonly completions: Completions;
  readonly memory: Memory;
  readonly counts: ReadonlyMap<string, number>;
  readonly corrections: Correction[];
}

/** `counts`: is asked for the typed words, and for `planned`, which somebody will want to know. */
export async function resolve(
  query: Query,
  completions: Completions,
  counts: Counts,
  planned: Iterable<string>,
  terms: readonly Term[],
  memory: Memory,
): Promise<Resolved> {
  const joins = terms.map(({ phrases }, i) => joined(phrases[0], terms[i + 1]?.phrases[0]));
  const typed = new Set(terms.flatMap(({ phrases }) => phrases[0].flat()));
  for (const whole of joins) if (whole !== null) for (const form of formsInIndex(whole)) typed.add(form);
  await counts.ask([...typed, ...planned]);
  const known: Known = { query, completions, memory, counts: counts.known, corrections: [] };
  const wanted: Wanted[] = [];
  for (let i = 0; i < terms.length; i++) {
    const whole = joins[i]!;
    const term = await wantedOf(terms[i]!, known);
    // `head phones` is also `headphones`, where that is a word.
    if (whole === null || !known.counts.has(whole)) wanted.push(term);
    else {
      const next = await wantedOf(terms[++i]!, known);
      wanted.push({ ...alone, meant: [...both(term.meant, next.meant), [formsInIndex(whole)]] });
    }
  }
  return {
    conditions: (where) => wanted.map((one) => conditionOf(one, where)),
    ranked: {
      meant: rankText(wanted.flatMap(({ meant }) => meant)),
      wider: rankText(
        wanted.flatMap(({ synonyms }) => synonyms),
        wanted.flatMap(({ prefix }) => prefix ?? []),
      ),
    },
    corrections: known.corrections,
    lookedFor: [...new Set(wanted.flatMap(waysOf).flat(2))],
  };
}

/** Nothing but what is meant. */
const alone = { synonyms: [], completed: [], prefix: null };

const waysOf = ({ meant, synonyms, completed }: Wanted): Phrase[] => [...meant, ...synonyms, ...completed];

async function wantedOf({ phrases: [typed, ...synonyms], isPartial }: Term, known: Known): Promise<Wanted> {
  const { query, completions, memory, counts } = known;
  const rest = typed.slice(0, -1);
  const [last] = typed.at(-1)!;
  const ends = async (find: () => Promise<readonly string[]>) =>
    (await memory.recall(`p${last}`, find))
      .filter((word) => word !== last)
      .map((word) => [...rest, formsInIndex(word)]);
  const isUnknown = (forms: WordForms) =>
    memory.wasAsked(`c${forms[0]}`, !forms.some((form) => counts.has(form)));
  const begun = isPartial ? await ends(() => completions.of(query, last)) : [];
  const prefix = begun.length > 0 ? last : null;
  // A word that has synonyms is a word, even if no document has it.
  const unknown = synonyms.length > 0 ? [] : (begun.length > 0 ? rest : typed).filter(isUnknown);
  if (unknown.length === 0) return { meant: [typed], synonyms, completed: begun, prefix };
  const corrections = known.corrections.length;
  const meant = await correctedPhrases(typed, unknown, known);
  const isHelped = known.corrections.length > corrections || begun.length > 0 || !isPartial;
  const misspelt = isHelped ? begun : await ends(() => misspeltCompletions(query, last));
  return { meant, synonyms, completed: misspelt, prefix };
}

/** The phrase as it may have been meant; as it is when nothing is known of it. */
async function correctedPhrases(
  typed: Phrase,
  unknown: readonly WordForms[],
  { query, memory, corrections }: Known,
): Promise<readonly Phrase[]> {
  const found = new Map<WordForms, readonly string[]>();
  for (const forms of unknown)
    found.set(forms, await memory.recall(`c${forms[0]}`, () => correctionsOf(query, forms[0])));
  return phrasesMeant(typed, (forms) => found.get(forms) ?? [], corrections);
}

function conditionOf(wanted: Wanted, where: Where): Expression {
  return any(waysOf(wanted).map((phrase) => all(phrase.map((forms) => wordExpression(forms, where)))));
}

function rankText(phrases: readonly Phrase[], prefixes: readonly string[] = []): string {
  const lexemes = lexemesOf({ any: phrases.flat(2) });
  const texts = [textOf({ any: [...lexemes] }), ...prefixes.map((prefix) => `${textOf(prefix)}:*`)];
  return texts.filter((text) => text !== '').join('|');
}

/** The words that a prefix may become; those that it is misspelt for when there are none. */
export async function completedBy(
  query: Query,
  completions: Completions,
  prefix: string,
): Promise<readonly string[]> {
  const words = await completions.of(query, prefix, 1);
  return words.length > 0 ? words : misspeltCompletions(query, prefix);
}
