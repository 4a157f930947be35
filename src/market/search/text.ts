/**
 * From text to words: the same for what is indexed, what is asked and what is highlighted.
 *
 * 1. Words are folded: lower case, without accents, compatible forms made one (`ﬁ`, `Ａ`), ß as ss.
 * 2. A word is a run of letters and digits; scripts without spaces give a word a character. What a hyphen, an
 *    apostrophe or a change from digits to letters holds together (`t-shirt`, `256gb`) is its parts, and also one word.
 */
import { RecentMap } from '../../gateway/recent-map.ts';
import { stemMark, type WordForms } from './engine.ts';
import { type Language, languages, stemsOf } from './languages.ts';

const marks = /\p{M}+/gu;
/** Letters that are no base and accent to Unicode. */
const special: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ı: 'i', ŋ: 'n', ĸ: 'k' },
};
const specialLetters = /[ßæœøłđðþħıŋĸ]/g;
const plain = /^[ -~]*$/;

export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replace(marks, '')
    .toLowerCase()
    .replace(specialLetters, (letter) => special[letter]!);
}

const noSpaces = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}';
/** Letters and digits with marks between them, joined by single hyphens or apostrophes. */
const run = `(?:(?![${noSpaces}])[\\p{L}\\p{N}])[\\p{M}\\p{L}\\p{N}]*`;
const tokenPattern = new RegExp(`[${noSpaces}]|${run}(?:[-‐‑'’]${run})*`, 'gu');
const joints = /[-‐‑'’]/;
/** Nothing to take apart, to fold or to cut: most words. */
const simple = /^[A-Za-z]{1,40}$/;
const digitsThenLetters = /^(\p{N}+)(\p{L}+)$/u;

/** Longer ones are cut: nobody types them, and an index entry has a bound. */
const wordCharsMax = 40;
const cut = (word: string) => (word.length > wordCharsMax ? word.slice(0, wordCharsMax) : word);

export interface Token {
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  /** Folded. Several when it can be taken apart. */
  readonly parts: readonly string[];
  /** The parts as one word; null when there is one part only. */
  readonly joined: string | null;
  /** The word as people write it who have no such letter: `kuehl` for `kühl`; null: as it is. */
  readonly spelt: string | null;
}

const umlauts = /[äöüÄÖÜ]/;
const speltUmlaut: Readonly<Record<string, string>> = {
  ...{ ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'ae', Ö: 'oe', Ü: 'ue' },
};

/** At most `tokensMax` of a text. */
export function* tokensOf(text: string, tokensMax: number): Generator<Token> {
  let count = 0;
  for (const { 0: raw, index } of text.normalize('NFC').matchAll(tokenPattern)) {
    if (++count > tokensMax) return;
    yield tokenOf(raw, index);
  }
}

function tokenOf(raw: string, start: number): Token {
  if (simple.test(raw))
    return { start, end: start + raw.length, parts: [raw.toLowerCase()], joined: null, spelt: null };
  const pieces = raw.split(joints).flatMap((piece) => {
    const found = digitsThenLetters.exec(piece);
    return found ? [found[1]!, found[2]!] : [piece];
  });
  const parts = pieces.map((piece) => cut(fold(piece))).filter((part) => part !== '');
  const joined = parts.length > 1 ? cut(parts.join('')) : null;
  const spelt = umlauts.test(raw)
    ? cut(fold(raw.replace(/[äöüÄÖÜ]/g, (letter) => speltUmlaut[letter]!).replaceAll(/[-‐‑'’]/g, '')))
    : null;
  return { start, end: start + raw.length, parts, joined, spelt };
}

/** All words of a text, what is joined behind its parts; small words among them. */
export function wordsOf(text: string, tokensMax: number): string[] {
  const words: string[] = [];
  for (const { parts, joined, spelt } of tokensOf(text, tokensMax)) {
    words.push(...parts);
    if (joined !== null) words.push(joined);
    if (spelt !== null) words.push(spelt);
  }
  return words;
}

/** Words come again and again, in texts as in queries, and four stemmers take their time: so many are remembered. */
const known = new RecentMap<string, readonly [all: WordForms, ...each: WordForms[]]>(20_000);

/** The word and its marked stems; `of` null: those of all languages. A word with digits is its own stem. */
export function formsOf(word: string, of: Language | null): WordForms {
  let forms = known.get(word);
  if (forms === undefined) {
    const stems = (/\p{N}/u.test(word) ? [word] : stemsOf(word)).map((stem) => stemMark + stem);
    forms = [[word, ...new Set(stems)], ...languages.map((_, i): WordForms => [word, stems[i] ?? stems[0]!])];
    known.set(word, forms);
  }
  return of === null ? forms[0] : forms[languages.indexOf(of) + 1]!;
}
