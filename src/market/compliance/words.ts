/**
 * Whether a text has forbidden words. Words, not parts of words: "gun" is not in "begun". In scripts that part no words
 * each character counts as one, so that a word is found wherever it stands.
 *
 * 1. The work grows with the text and not with the words: one automaton of all of them (Aho and Corasick, over words
 *    instead of characters) reads the text once, and tells of each end that it comes to once a text.
 * 2. The thread is let go every few milliseconds, while a list is made as well: one character may stand for eighteen, and
 *    sellers send what they like.
 */
import { setImmediate } from 'node:timers/promises';

const invisible = /\p{Default_Ignorable_Code_Point}/gu;
/** So long that little is lost at their edges. A piece ends behind a word that is one, and behind the marks of its letter. */
const pieces = /[\s\S]{1,100}[\p{L}\p{N}\p{M}]{0,100}\p{M}{0,50}/gu;
/** Scripts that are written without blanks between words. */
const unparted =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/gu;
const betweenWords = /[^\p{L}\p{N}\p{M}]+/u;

/** The words of a piece as they are compared: NFKC, case folded. */
function wordsIn(piece: string): string[] {
  return (
    piece
      .normalize('NFKC')
      // Upper case first, so that ß and SS are one; the last sigma of a word is a sigma.
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .replace(unparted, ' $& ')
      .split(betweenWords)
      .filter((word) => word !== '')
  );
}

/** Without what nobody sees, in pieces of which each is little work. */
const piecesOf = (text: string): readonly string[] => text.replace(invisible, '').match(pieces) ?? [];

/** Of a text that is short. */
export const wordsOf = (text: string): string[] => piecesOf(text).flatMap(wordsIn);

const turnMs = 5;

/** Lets the thread go when it has been used for long enough. */
export class Turns {
  #sinceMs = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.#sinceMs < turnMs) return;
    await setImmediate();
    this.#sinceMs = performance.now();
  }
}

interface Node<Meaning> {
  readonly next: Map<string, Node<Meaning>>;
  /** Of the entries that end here. */
  readonly meanings: Meaning[];
  /** The longest end of what led here that leads somewhere from the root, too; the root itself has none. */
  shorter: Node<Meaning> | null;
  /** The nearest of the shorter ones at which an entry ends. */
  shorterEnd: Node<Meaning> | null;
}

const newNode = <Meaning>(): Node<Meaning> => ({
  ...{ next: new Map(), meanings: [], shorter: null, shorterEnd: null },
});

/** How often the clock is looked at. */
const nodesPerLook = 64;

export class WordList<Meaning> {
  readonly #root = newNode<Meaning>();

  private constructor() {}

  /** An entry without a word is found nowhere. */
  static async of<Meaning>(
    entries: readonly (readonly [pattern: string, meaning: Meaning])[],
  ): Promise<WordList<Meaning>> {
    const list = new WordList<Meaning>();
    const turns = new Turns();
    for (const [pattern, meaning] of entries) {
      list.#add(wordsOf(pattern), meaning);
      await turns.pause();
    }
    await list.#link(turns);
    return list;
  }

  #add(words: readonly string[], meaning: Meaning): void {
    if (words.length === 0) return;
    let node = this.#root;
    for (const word of words) {
      const next = node.next.get(word) ?? newNode<Meaning>();
      node.next.set(word, next);
      node = next;
    }
    node.meanings.push(meaning);
  }

  /** Shorter ones first: a node's are found by those of the node before it. */
  async #link(turns: Turns): Promise<void> {
    const nodes = [this.#root];
    for (const [at, node] of nodes.entries()) {
      if (at % nodesPerLook === 0) await turns.pause();
      for (const [word, next] of node.next) {
        next.shorter = node.shorter === null ? this.#root : this.#step(node.shorter, word);
        next.shorterEnd = next.shorter.meanings.length > 0 ? next.shorter : next.shorter.shorterEnd;
        nodes.push(next);
      }
    }
  }

  #step(from: Node<Meaning>, word: string): Node<Meaning> {
    for (let node: Node<Meaning> | null = from; node !== null; node = node.shorter) {
      const next = node.next.get(word);
      if (next !== undefined) return next;
    }
    return this.#root;
  }

  /** Of each entry that is in the text, once. */
  async foundIn(text: string, turns: Turns): Promise<ReadonlySet<Meaning>> {
    const found = new Set<Meaning>();
    if (this.#root.next.size === 0) return found;
    const seen = new Set<Node<Meaning>>();
    let node = this.#root;
    for (const piece of piecesOf(text)) {
      for (const word of wordsIn(piece)) {
        node = this.#step(node, word);
        // Behind one that was seen, all have been.
        for (let end: Node<Meaning> | null = node; end !== null && !seen.has(end); end = end.shorterEnd) {
          seen.add(end);
          for (const meaning of end.meanings) found.add(meaning);
        }
      }
      await turns.pause();
    }
    return found;
  }
}
