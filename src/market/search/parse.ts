/** From what somebody typed to the terms of a query. */
import { type Correction, type Phrase, type SuggestQuery, type Term, termsMax } from './engine.ts';
import { isSmallWord } from './languages.ts';
import { alternativesTo, memberWordsMax, type Synonyms } from './synonyms.ts';
import { fold, formsOf, type Token, tokensOf } from './text.ts';

/** A query has at most 300 characters; the rest of these many words is not looked for. */
const tokensMax = 40;

const phraseOf = (words: readonly string[]): Phrase => words.map((word) => formsOf(word, null));

/** Small words are left out, unless there is nothing else. The last word counts as partial when nothing follows it. */
export function parseTerms(text: string, synonyms: Synonyms): Term[] {
  const typed = text.normalize('NFC');
  const tokens = [...tokensOf(typed, tokensMax)];
  const telling = tokens.filter(({ parts }) => !(parts.length === 1 && isSmallWord(parts[0]!)));
  const kept = telling.length > 0 ? telling : tokens;
  const terms = new Map<string, Term>();
  for (let at = 0; at < kept.length && terms.size < termsMax; ) {
    const span = namedBy(kept, at, synonyms);
    const named = kept.slice(at, at + span);
    const isLast = named.at(-1) === tokens.at(-1) && named.at(-1)!.end === typed.length;
    const term = termOf(named, isLast, synonyms);
    terms.set(named.flatMap(({ parts }) => parts).join(' '), term);
    at += span;
  }
  return [...terms.values()];
}

/** How many tokens from here are one name that has synonyms; 1 when none are. */
function namedBy(tokens: readonly Token[], at: number, synonyms: Synonyms): number {
  for (let span = Math.min(memberWordsMax, tokens.length - at); span > 1; span--) {
    const words = tokens.slice(at, at + span).flatMap(({ parts }) => parts);
    if (words.length <= memberWordsMax && alternativesTo(words, synonyms).length > 0) return span;
  }
  return 1;
}

function termOf(tokens: readonly Token[], isPartial: boolean, synonyms: Synonyms): Term {
  const words = tokens.flatMap(({ parts }) => parts);
  const [token] = tokens;
  // What can be written as one word, or without the letter that not every keyboard has.
  const respelt = tokens.length > 1 ? [] : [token!.joined, token!.spelt].filter((word) => word !== null);
  const others = [...respelt.map((word) => [word]), ...alternativesTo(words, synonyms)];
  return { isPartial, phrases: [phraseOf(words), ...others.map(phraseOf)] };
}

/** The query with what was meant in the place of what was typed. */
export function corrected(text: string, corrections: readonly Correction[]): string | null {
  if (corrections.length === 0) return null;
  const meantByWord = new Map(corrections.map(({ word, meant }) => [word, meant]));
  const typed = text.normalize('NFC');
  let result = '';
  let at = 0;
  for (const { start, end, parts } of tokensOf(typed, tokensMax)) {
    const meant = parts.map((part) => meantByWord.get(part) ?? part);
    if (meant.every((part, i) => part === parts[i])) continue;
    result += typed.slice(at, start) + meant.join('-');
    at = end;
  }
  return result + typed.slice(at);
}

/** What is being typed; null: nothing that anything could begin with. */
export function parseSuggest(text: string, synonyms: Synonyms, limit: number): SuggestQuery | null {
  const typed = text.normalize('NFC').trimStart();
  const last = [...tokensOf(typed, tokensMax)].at(-1);
  if (last === undefined || last.end !== typed.length) return endedWord(typed, synonyms, limit);
  const before = typed.slice(0, last.start);
  return { before, complete: parseTerms(before, synonyms), prefix: fold(typed.slice(last.start)), limit };
}

/** A word that is followed by a blank is complete; it is still the best that is known of what is meant. */
function endedWord(typed: string, synonyms: Synonyms, limit: number): SuggestQuery | null {
  const trimmed = typed.trimEnd();
  const last = [...tokensOf(trimmed, tokensMax)].at(-1);
  if (last === undefined || last.end !== trimmed.length) return null;
  return parseSuggest(trimmed, synonyms, limit);
}
