/** Hits in a text, as HTML that is safe to show: everything is escaped but the `<em>` that stand around what was found. */
import { formsOf, type Token, tokensOf } from './text.ts';

/** Of the HTML, tags and escapes counted. */
const htmlCharsMax = 300;
/** A fragment begins so many characters before its first hit. */
const leadChars = 60;
const tokensMax = 2_000;
const more = '…';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character]!);

/** For the texts of one answer: what a word was found to be is remembered. */
export class Highlighter {
  readonly #lookedFor: ReadonlySet<string>;
  /** Forms share their first letter with the word that they belong to. */
  readonly #firstLetters: ReadonlySet<string>;
  readonly #isHitByWord = new Map<string, boolean>();

  /** Words and marked stems. */
  constructor(lookedFor: readonly string[]) {
    this.#lookedFor = new Set(lookedFor);
    this.#firstLetters = new Set(
      lookedFor.map((form) => (form.length > 1 ? form.replace(/^_/, '') : form)[0]!),
    );
  }

  /** null: no hit. */
  html(text: string): string | null {
    const source = text.normalize('NFC');
    const hits = [...tokensOf(source, tokensMax)].filter((token) => this.#isHit(token));
    if (hits.length === 0) return null;
    const start = startOf(source, hits[0]!.start);
    for (let chars = htmlCharsMax; ; ) {
      const html = render(source, hits, start, endOf(source, start, chars, hits[0]!.end));
      if (html.length <= htmlCharsMax || chars <= 0) return html.length <= htmlCharsMax ? html : null;
      chars -= html.length - htmlCharsMax;
    }
  }

  #isHit({ parts, joined, spelt }: Token): boolean {
    return [...parts, joined, spelt].some((word) => word !== null && this.#isWordHit(word));
  }

  #isWordHit(word: string): boolean {
    if (!this.#firstLetters.has(word[0]!)) return false;
    let isHit = this.#isHitByWord.get(word);
    if (isHit === undefined) {
      isHit = formsOf(word, null).some((form) => this.#lookedFor.has(form));
      this.#isHitByWord.set(word, isHit);
    }
    return isHit;
  }
}

function render(source: string, hits: readonly Token[], start: number, end: number): string {
  let html = start > 0 ? `${more} ` : '';
  let at = start;
  for (const hit of hits) {
    if (hit.end > end) break;
    html += `${escaped(source.slice(at, hit.start))}<em>${escaped(source.slice(hit.start, hit.end))}</em>`;
    at = hit.end;
  }
  return html + escaped(source.slice(at, end)) + (end < source.length ? ` ${more}` : '');
}

/** The beginning of a word not far before the first hit. */
function startOf(source: string, firstHit: number): number {
  if (firstHit <= leadChars || source.length <= htmlCharsMax) return 0;
  const blank = source.indexOf(' ', firstHit - leadChars);
  return blank < 0 || blank >= firstHit ? firstHit : blank + 1;
}

/** The end of a word, or of the first hit. */
function endOf(source: string, start: number, chars: number, firstHitEnd: number): number {
  const end = start + chars;
  if (end >= source.length) return source.length;
  const blank = source.lastIndexOf(' ', end);
  return Math.max(blank, firstHitEnd);
}
