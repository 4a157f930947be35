/**
 * Synonyms: groups of words that are looked for together, from a file that is read again when it has changed.
 *
 * 1. One group a line, its members separated by commas; a member may be several words. `#` begins a comment.
 * 2. A file that cannot be read, or is too long, changes nothing: the groups before stay, and the log says why.
 * 3. No question waits for the file: it is looked at beside, at most every quarter of a minute.
 */
import { readFile, stat } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../protocol/log.ts';
import { languages } from './languages.ts';
import { wordsOf } from './text.ts';

const shippedFile = fileURLToPath(new URL('synonyms.txt', import.meta.url));
const lookEveryMs = 15_000;
const bytesMax = 1024 * 1024;
const linesATurn = 100;
/** Of a member; longer ones are left out. */
export const memberWordsMax = 4;
/** What one word may be widened to. */
const alternativesMax = 12;

/** Words of a member, folded. */
export type Member = readonly string[];

/** The groups by what a query can say: the words of a member, and the stems of these by each language. */
export type Synonyms = ReadonlyMap<string, readonly Member[]>;

const keyOf = (words: readonly string[]) => words.join(' ');

/** The same words, and what each language's stems make of them. */
function keysOf(words: readonly string[]): Set<string> {
  return new Set([keyOf(words), ...languages.map(({ stem }) => `~${keyOf(words.map(stem))}`)]);
}

/** What is to be looked for besides these words; none when they are in no group. */
export function alternativesTo(words: readonly string[], synonyms: Synonyms): readonly Member[] {
  const found = new Map<string, Member>();
  for (const key of keysOf(words))
    for (const member of synonyms.get(key) ?? []) found.set(keyOf(member), member);
  found.delete(keyOf(words));
  return [...found.values()].slice(0, alternativesMax);
}

export async function parseSynonyms(text: string): Promise<Synonyms> {
  const groups = new Map<string, Member[]>();
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    const members = line
      .split('#', 1)[0]!
      .split(',')
      .map((member) => wordsOf(member, memberWordsMax + 1))
      .filter(({ length }) => length > 0 && length <= memberWordsMax);
    for (const words of members)
      for (const key of keysOf(words)) groups.set(key, [...(groups.get(key) ?? []), ...members]);
    // A long file must not hold up the thread that answers.
    if (i % linesATurn === linesATurn - 1) await turn();
  }
  return groups;
}

export class SynonymFile {
  readonly #file: string;
  readonly #log: Log;
  #synonyms: Synonyms = new Map();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the file that was read last. */
  #changedAtMs = Number.NaN;
  #reading: Promise<void> | null = null;

  /** `file` null: the list that is shipped. */
  constructor(file: string | null, log: Log) {
    this.#file = file ?? shippedFile;
    this.#log = log;
  }

  /** The first call waits for the file, later ones never. */
  async read(nowMs = performance.now()): Promise<Synonyms> {
    const isFirst = this.#lookedAtMs === Number.NEGATIVE_INFINITY;
    if (nowMs - this.#lookedAtMs > lookEveryMs) {
      this.#lookedAtMs = nowMs;
      this.#reading ??= this.#look().finally(() => {
        this.#reading = null;
      });
    }
    if (isFirst) await this.#reading;
    return this.#synonyms;
  }

  /** Resolves when no look at the file is under way. */
  async settled(): Promise<void> {
    await this.#reading;
  }

  async #look(): Promise<void> {
    try {
      const { mtimeMs, size } = await stat(this.#file);
      if (mtimeMs === this.#changedAtMs) return;
      this.#changedAtMs = mtimeMs;
      if (size > bytesMax) throw new Error(`${size} bytes are more than ${bytesMax}`);
      this.#synonyms = await parseSynonyms(await readFile(this.#file, 'utf8'));
    } catch (error) {
      this.#log('warn', 'the synonyms cannot be read', { file: this.#file, error: String(error) });
    }
  }
}
