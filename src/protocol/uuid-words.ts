/** UUIDs as four 32-bit words each, in columns of numbers: a million of them are 16 MB, written and read in a moment. */

export const uuidWords = 4;

/** Words that are read as bits: it does not matter whether they have a sign. */
export type Words = Uint32Array | Int32Array;

/** Writes the UUID at the end of `text` (36 characters, a prefix may stand before it) as four words. */
export function writeUuid(text: string, out: Words, at: number): void {
  writeDigits(text, text.length - 36, out, at);
}

/** Writes `text` when it is the prefix and a UUID in lower case; false when it is anything else. */
export function tryWriteUuid(text: string, prefix: string, out: Words, at: number): boolean {
  const from = prefix.length;
  if (text.length !== from + 36 || !text.startsWith(prefix)) return false;
  for (const place of hyphens) if (text.charCodeAt(from + place) !== hyphen) return false;
  return writeDigits(text, from, out, at);
}

const hyphens = [8, 13, 18, 23] as const;

/** False when one of them is no digit, and then what was written means nothing. */
function writeDigits(text: string, from: number, out: Words, at: number): boolean {
  const a = four(text, from);
  const b = four(text, from + 4);
  const c = four(text, from + 9);
  const d = four(text, from + 14);
  const e = four(text, from + 19);
  const f = four(text, from + 24);
  const g = four(text, from + 28);
  const h = four(text, from + 32);
  out[at] = (a << 16) | b;
  out[at + 1] = (c << 16) | d;
  out[at + 2] = (e << 16) | f;
  out[at + 3] = (g << 16) | h;
  return (a | b | c | d | e | f | g | h) >= 0;
}

/** What each character is worth as a digit; -1: it is none, or a capital. */
const worth = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);

/** Four digits as one number; below 0: one of them is none. */
function four(text: string, at: number): number {
  const a = text.charCodeAt(at);
  const b = text.charCodeAt(at + 1);
  const c = text.charCodeAt(at + 2);
  const d = text.charCodeAt(at + 3);
  if ((a | b | c | d) > 127) return -1;
  return (worth[a]! << 12) | (worth[b]! << 8) | (worth[c]! << 4) | worth[d]!;
}

/** Character codes of the sixteen digits. */
const digits = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const hyphen = 45;

/** Room for the characters of `prefix` and a UUID: `readUuid` writes the latter. */
export function uuidSpace(prefix: string): number[] {
  return [...Array.from(prefix, (character) => character.charCodeAt(0)), ...new Array(36).fill(hyphen)];
}

/**
 * Writes the UUID's characters to the end of `into`, which holds the hyphens and a prefix already. One call makes a flat string: put together
 * from pieces, it would have to be copied again whenever it is sent.
 */
export function readUuid(column: Words, at: number, into: number[]): string {
  const from = into.length - 36;
  for (let n = 0, i = 0; n < uuidWords; n++) {
    const word = column[at + n]!;
    for (let shift = 28; shift >= 0; shift -= 4) {
      // Hyphens stand after the 8th, 12th, 16th and 20th digit.
      if (i === 8 || i === 13 || i === 18 || i === 23) i++;
      into[from + i++] = digits[(word >>> shift) & 15]!;
    }
  }
  return String.fromCharCode.apply(null, into);
}
