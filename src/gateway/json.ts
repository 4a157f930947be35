/**
 * JSON as it comes in, read so that what was sent is what is kept (RFC 7493): nothing is rounded, dropped or replaced.
 *
 * 1. Every byte is looked at once before the text is parsed, and what was seen decides what else must be done: most
 *    texts hold no long number, no exponent and no escape, and cost nothing more than `JSON.parse`.
 * 2. Nesting is bounded before anything recurses.
 * 3. All work is linear in the length of the text.
 */
import { isUtf8 } from 'node:buffer';
import { DoorbusterError } from '../protocol/errors.ts';
import { cardDigitsMin, refuseCardFields } from './cards.ts';
import { invalidRequest, pointer } from './invalid.ts';

/** Arrays and objects in each other, the outermost counted. */
export const nestingMax = 32;

/** Parses a body or a frame. An empty one counts as `{}`, so that requests whose fields are all optional need none. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  const seen = survey(bytes);
  if ((seen & tooDeep) !== 0) throw nestsTooDeep();
  if ((seen & nonAscii) !== 0 && !isUtf8(bytes))
    throw new DoorbusterError('malformed_json', 'The body is not valid UTF-8');
  const text = bytes.toString((seen & nonAscii) === 0 ? 'latin1' : 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DoorbusterError('malformed_json', 'The body is not valid JSON');
  }
  if ((seen & suspicious) !== 0 || namesIn(value) !== seen >>> namesShift) new ExactReader(text).read();
  if ((seen & (manyDigits | unicodeEscape)) !== 0) refuseCardFields(value);
  return value;
}

export function nestsTooDeep(): DoorbusterError {
  return new DoorbusterError('malformed_json', `JSON may nest ${nestingMax} levels here`);
}

// ----------------------------------------------------------------
// The first look, over bytes: flags, and above them how many names the text has.

const nonAscii = 1;
const tooDeep = 2;
/** So many digits, with or without something between them, that they may be a card number or no double. */
const manyDigits = 4;
const exponent = 8;
const unicodeEscape = 16;
const suspicious = manyDigits | exponent | unicodeEscape;
const namesShift = 5;
/** A copy of its own: one that is imported costs the loop below a look-up for every digit. */
const digitsMin = cardDigitsMin;

function survey(bytes: Uint8Array): number {
  let flags = 0;
  let names = 0;
  let depth = 0;
  let digits = 0;
  let isInText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    const kind = kinds[byte]!;
    if (kind === plain) {
      digits = 0;
    } else if (kind === digit) {
      digits += 1;
      if (digits >= digitsMin) flags |= manyDigits;
    } else if (kind === between) {
    } else if (kind === wide) {
      flags |= nonAscii;
    } else if (isInText) {
      digits = 0;
      if (byte === quote) isInText = false;
      else if (byte === backslash && bytes[++at] === letterU) flags |= unicodeEscape;
    } else {
      if (digits > 0 && (byte | 0x20) === letterE) flags |= exponent;
      digits = 0;
      if (byte === quote) isInText = true;
      else if (byte === colon) names += 1;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        if (depth > nestingMax) flags |= tooDeep;
      } else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    }
  }
  return (names << namesShift) | flags;
}

const zero = 0x30;
const nine = 0x39;
const point = 0x2e;
const dash = 0x2d;
const blank = 0x20;
const quote = 0x22;
const plus = 0x2b;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const letterE = 0x65;
const letterF = 0x66;
const letterU = 0x75;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** What a byte is to the first look; digits with a point, blanks or dashes between them are counted on. */
const plain = 0;
const digit = 1;
const between = 2;
const wide = 3;
const special = 4;
const kinds = new Uint8Array(256).map((_, byte) => {
  if (byte > 0x7f) return wide;
  if (byte >= zero && byte <= nine) return digit;
  if (byte === point || byte === dash || byte === blank) return between;
  return '"\\:{}[]eE'.includes(String.fromCharCode(byte)) ? special : plain;
});

/** How many names the objects of a value have: fewer than its text has when one stood there twice. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const part of value) if (typeof part === 'object') names += namesIn(part);
    return names;
  }
  // `JSON.parse` makes plain objects, whose prototype has no names that a loop sees.
  for (const name in value) {
    names += 1;
    const part = (value as Record<string, unknown>)[name];
    if (typeof part === 'object') names += namesIn(part);
  }
  return names;
}

// ----------------------------------------------------------------
// The second look, only at texts that may not mean what they say: every name, text and number with its place.

const textPart = /[\\"]/g;

/** Reads a text that `JSON.parse` has taken, so its grammar is known to be right. */
class ExactReader {
  readonly #text: string;
  /** The names and indexes of where it is. */
  readonly #steps: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Refuses with `validation_failed`. */
  read(): void {
    const first = this.#next();
    if (first === openBrace) this.#object();
    else if (first === openBracket) this.#array();
    else if (first === quote) this.#storable(this.#string());
    else if (isNumberPart(first)) this.#number();
    // true, false, null
    else this.#at += first === letterF ? 5 : 4;
  }

  #object(): void {
    const names = new Set<string>();
    this.#at += 1;
    while (this.#next() !== closeBrace) {
      if (this.#text.charCodeAt(this.#at) === comma) this.#at += 1;
      this.#next();
      const name = this.#string();
      this.#storable(name);
      this.#steps.push(name);
      if (names.has(name)) throw this.#refusal('is given twice');
      names.add(name);
      // The colon.
      this.#next();
      this.#at += 1;
      this.read();
      this.#steps.pop();
    }
    this.#at += 1;
  }

  #array(): void {
    this.#at += 1;
    for (let index = 0; this.#next() !== closeBracket; index++) {
      if (this.#text.charCodeAt(this.#at) === comma) this.#at += 1;
      this.#steps.push(index);
      this.read();
      this.#steps.pop();
    }
    this.#at += 1;
  }

  #number(): void {
    const start = this.#at;
    let isPlain = true;
    let char = this.#text.charCodeAt(start);
    while (isNumberPart(char)) {
      isPlain &&= (char | 0x20) !== letterE;
      char = this.#text.charCodeAt(++this.#at);
    }
    if (isPlain && this.#at - start <= keptDigits) return;
    if (!isExact(this.#text.slice(start, this.#at))) throw this.#refusal(inexact);
  }

  #string(): string {
    const start = this.#at;
    let isEscaped = false;
    textPart.lastIndex = start + 1;
    for (let end = textPart.exec(this.#text)!; end[0] !== '"'; end = textPart.exec(this.#text)!) {
      isEscaped = true;
      textPart.lastIndex += 1;
    }
    this.#at = textPart.lastIndex;
    const raw = this.#text.slice(start, this.#at);
    return isEscaped ? (JSON.parse(raw) as string) : raw.slice(1, -1);
  }

  #storable(text: string): void {
    if (!isStorable(text)) throw this.#refusal(notStorable);
  }

  /** The next character that is no white space. */
  #next(): number {
    let char = this.#text.charCodeAt(this.#at);
    while (char === blank || char === 0x0a || char === 0x0d || char === 0x09)
      char = this.#text.charCodeAt(++this.#at);
    return char;
  }

  #refusal(message: string): DoorbusterError {
    return invalidRequest([{ path: pointer(...this.#steps), message }]);
  }
}

/** A digit, a sign, a point or an exponent's letter. */
function isNumberPart(char: number): boolean {
  if (char >= zero && char <= nine) return true;
  return char === dash || char === point || char === plus || (char | 0x20) === letterE;
}

export const notStorable = 'must be text without U+0000 and lone surrogates';

/** Not what no database keeps: U+0000, and half a character. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

export const inexact = 'is a number that cannot be kept as it was sent';

/** A double keeps any number of so many digits. */
const keptDigits = 15;
/** The same at a power that a double has room for. */
const isShort = /^-?(?=[\d.]{1,15}(?:e|$))\d+(?:\.\d+)?(?:e[-+]?\d{1,2})?$/i;

/** Whether the double that a number is read as stands for the same decimal number. */
export function isExact(source: string): boolean {
  if (isShort.test(source)) return true;
  const value = Number(source);
  return Number.isFinite(value) && decimalOf(source) === decimalOf(String(value));
}

/** A number's significant digits and its power of ten: the same text for the same value. */
function decimalOf(number: string): string {
  const [mantissa, power = '0'] = number.toLowerCase().split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.') as [string, string?];
  const digits = whole + fraction;
  let first = 0;
  while (first < digits.length && digits[first] === '0') first += 1;
  let end = digits.length;
  while (end > first && digits[end - 1] === '0') end -= 1;
  if (first === end) return '0';
  return `${digits.slice(first, end)}e${Number(power) - fraction.length + digits.length - end}`;
}
