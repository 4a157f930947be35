/** UUIDs as four 32-bit words each, in columns of numbers: a million of them are 16 MB, written and read in a moment. */

export const uuidWords = 4;

/** Words that are read as bits: it does not matter whether they have a sign. */
export type Words = Uint32Array | Int32Array;

/** Writes the UUID at the end of `text` (36 characters, a prefix may stand before it) as four words. */
export function writeUuid(text: string, out: Words, at: number): void {
  const from = text.length - 36;
  out[at] = (hex4(text, from) << 16) | hex4(text, from + 4);
  out[at + 1] = (hex4(text, from + 9) << 16) | hex4(text, from + 14);
  out[at + 2] = (hex4(text, from + 19) << 16) | hex4(text, from + 24);
  out[at + 3] = (hex4(text, from + 28) << 16) | hex4(text, from + 32);
}

function hex4(text: string, at: number): number {
  return (hex(text, at) << 12) | (hex(text, at + 1) << 8) | (hex(text, at + 2) << 4) | hex(text, at + 3);
}

/** What each character is worth as a digit; -1: it is none, or a capital. */
const worth = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);
const hyphens = [8, 13, 18, 23] as const;

/** Writes `text` when it is the prefix and a UUID in lower case; false when it is anything else. */
export function tryWriteUuid(text: string, prefix: string, out: Words, at: number): boolean {
  const from = prefix.length;
  if (text.length !== from + 36 || !text.startsWith(prefix)) return false;
  for (const hyphen of hyphens) if (text.charCodeAt(from + hyphen) !== 45) return false;
  let wrong = 0;
  let i = from;
  for (let n = 0; n < uuidWords; n++) {
    let word = 0;
    for (let digit = 0; digit < 8; digit++, i++) {
      // The hyphens stand after the 8th, 12th, 16th and 20th digit.
      const place = i - from;
      if (place === 8 || place === 13 || place === 18 || place === 23) i++;
      const code = text.charCodeAt(i);
      const value = code < 128 ? worth[code]! : -1;
      wrong |= value;
      word = (word << 4) | (value & 15);
    }
    out[at + n] = word;
  }
  return wrong >= 0;
}

/** Digits are 0x30 to 0x39, letters 0x61 to 0x66. */
function hex(text: string, at: number): number {
  const c = text.charCodeAt(at);
  return (c & 15) + (c >> 6) * 9;
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
