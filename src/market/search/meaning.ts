/** What typed words mean, whichever engine is asked: corrections in their place, two words as one. */
import type { Correction, Phrase, WordForms } from './engine.ts';
import { formsOf } from './text.ts';

/** A word with its forms, as a query has them. */
export const formsInIndex = (word: string): WordForms => formsOf(word, null);

/** Every way of saying the first before every way of saying the second. */
export const both = (first: readonly Phrase[], second: readonly Phrase[]): Phrase[] =>
  first.flatMap((a) => second.map((b) => [...a, ...b]));

/** The two as one word; null: one of them is no single word, or there is no second. */
export function joined(phrase: Phrase, next: Phrase | undefined): string | null {
  if (phrase.length !== 1 || next?.length !== 1) return null;
  return phrase[0]![0] + next[0]![0];
}

/**
 * The phrase as it may have been meant; as it is when nothing is known of it. `foundFor`: what an unknown word may be meant
 * for, most probable first, each one word or several with blanks between them. The first is added to `corrections`.
 */
export function phrasesMeant(
  typed: Phrase,
  foundFor: (forms: WordForms) => readonly string[],
  corrections: Correction[],
): readonly Phrase[] {
  let meant: readonly Phrase[] = [[]];
  for (const forms of typed) {
    const [word] = forms;
    const found = foundFor(forms);
    if (found.length > 0) corrections.push({ word, meant: found[0]! });
    // Several corrections of one word are tried, but not every mixture of those of many.
    const taken = typed.length === 1 ? found : found.slice(0, 1);
    const ways: readonly Phrase[] =
      taken.length > 0 ? taken.map((words) => words.split(' ').map(formsInIndex)) : [[forms]];
    meant = both(meant, ways);
  }
  return meant;
}
