/**
 * The languages that are stemmed, and which of them a text is in.
 *
 * Nobody says in which language a product is described, so a text is taken for the language whose small words it has;
 * a text with too few of them is indexed with the stems of all, so that nothing is missed. A query is two words without
 * any small one, so it is always looked for with the stems of all.
 */
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as spanish } from '@orama/stemmers/spanish';

export interface Language {
  readonly name: string;
  readonly stem: (word: string) => string;
  /** Folded. */
  readonly smallWords: ReadonlySet<string>;
}

const language = (name: string, stem: (word: string) => string, smallWords: string): Language => ({
  name,
  stem,
  smallWords: new Set(smallWords.split(' ')),
});

export const languages: readonly Language[] = [
  language(
    'english',
    english,
    'a an and are as at be but by for from has have if in into is it its more no not of on or our so than that the their them then there these they this to up was we were what when which while who will with you your',
  ),
  language(
    'german',
    german,
    'aber alle als am an auch auf aus bei bis das dass dem den der des die dir du durch ein eine einem einen einer eines er es fur hat ich ihr im in ist kann mehr mit nach nicht noch nur oder ohne sehr sich sie sind so uber um und uns unter vom von vor war was wenn wie wir wird zu zum zur',
  ),
  language(
    'french',
    french,
    'au aux avec ce ces cette dans de des du elle en est et eux il ils je la le les leur leurs lui mais me meme mes mon ne nos notre nous ou par pas plus pour qu que qui sa sans se ses son sont sur ta te tes ton tres tu un une vos votre vous',
  ),
  language(
    'spanish',
    spanish,
    'al algo como con cuando de del desde donde e el ella en entre era es esa ese eso esta este esto ha hasta la las le les lo los mas me mi muy ni no nos o para pero por que se sea sin sobre son su sus te tiene tu tus un una uno y ya',
  ),
];

/** Words that say nothing by themselves, of any language. */
const allSmallWords = new Set(languages.flatMap(({ smallWords }) => [...smallWords]));
export const isSmallWord = (word: string) => allSmallWords.has(word);

/** In the order of the languages. */
export const stemsOf = (word: string): string[] => languages.map(({ stem }) => stem(word) || word);

/** Small words a text must have of one language, and how many times as many as of any other. */
const smallWordsMin = 2;
const timesAsMany = 1.5;

/** null: it cannot be told. */
export function languageOf(words: readonly string[]): Language | null {
  const small = words.filter(isSmallWord);
  const counts = languages.map(({ smallWords }) =>
    small.reduce((n, word) => n + (smallWords.has(word) ? 1 : 0), 0),
  );
  const most = Math.max(...counts);
  const best = counts.indexOf(most);
  const isClear = counts.every((count, i) => i === best || count * timesAsMany <= most);
  return most >= smallWordsMin && isClear ? languages[best]! : null;
}
