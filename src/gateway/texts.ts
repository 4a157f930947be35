/**
 * Texts that people write, as border types: what passes says something and hides nothing.
 *
 * 1. A required text has a visible character. Control characters and other invisible ones are refused in all of them;
 *    a paragraph may have line breaks. Letters of any script, marks and emoji are kept as sent.
 * 2. Every pattern is linear: at each character there is one way to go on. It says all of the rule, so that clients
 *    read the same rule in `/openapi.json`; classes are written out, because not every language's patterns know
 *    Unicode's properties.
 * 3. Where people write, card numbers are refused (`check.ts`).
 */
import Type from 'typebox';
import { notStorable } from './json.ts';

const lineBreaks = '\\n\\r\\u2028\\u2029';
/**
 * Controls, the marks of direction and of the invisible kind (Cf without those that show, and without the joiners,
 * which scripts and emoji need), the letters that look like nothing, and tags.
 */
const hidden =
  '\\u0000-\\u0009\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b' +
  '\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb' +
  `${range(0x1bca0, 0x1bca3)}${range(0x1d173, 0x1d17a)}${range(0xe0000, 0xe00ff)}${range(0xe01f0, 0xe0fff)}`;
/** Allowed, but nothing to see: blanks, joiners and variation selectors. */
const blank =
  ' \\u00a0\\u034f\\u1680\\u180b-\\u180d\\u180f\\u2000-\\u200a\\u200c\\u200d\\u202f\\u205f\\u2800\\u3000\\ufe00-\\ufe0f' +
  range(0xe0100, 0xe01ef);
/** The flags of regions are a black flag and the region's name in tags: tags stand nowhere else. */
const flag = String.fromCodePoint(0x1f3f4);
const tags = `[${range(0xe0020, 0xe007f)}]*`;

function range(from: number, to: number): string {
  return `${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`;
}

/** Any characters but those refused, a flag with its tags. */
const anyBut = (refused: string) => `[^${refused}${flag}]*(?:${flag}${tags}[^${refused}${flag}]*)*`;

const saysSomething = (refused: string, blanks: string) =>
  `^[${blanks}]*(?:${flag}${tags}|[^${refused}${blanks}${flag}])${anyBut(refused)}$`;

const inLine = hidden + lineBreaks;

const mustLine = 'must have a visible character, and no control, invisible or line-breaking one';
const mustBlankLine = 'must have no control, invisible or line-breaking character';
const mustParagraph = 'must have no control or invisible character but line breaks';

interface TextOptions {
  readonly description?: string;
  readonly examples?: readonly string[];
}

/** Text that is compared and never shown, such as a password or a token: of it only U+0000 is refused (`json.ts`). */
export function Opaque(options: TextOptions & { readonly minLength?: number; readonly maxLength: number }) {
  return Type.String({ pattern: '^[^\\u0000]*$', ...options, '~must': notStorable });
}

/** One line that says something. */
export function Line(charsMax: number, options: TextOptions = {}) {
  const pattern = saysSomething(inLine, blank);
  const marks = { '~must': mustLine, '~isFreeText': true };
  return Type.String({
    minLength: 1,
    maxLength: charsMax,
    pattern,
    examples: ['Text'],
    ...options,
    ...marks,
  });
}

/** One line that may be empty. */
export function BlankLine(charsMax: number, options: TextOptions = {}) {
  const marks = { '~must': mustBlankLine, '~isFreeText': true };
  return Type.String({ maxLength: charsMax, pattern: `^${anyBut(inLine)}$`, ...options, ...marks });
}

/** Text with line breaks; it may be empty. */
export function Paragraph(charsMax: number, options: TextOptions = {}) {
  const marks = { '~must': mustParagraph, '~isFreeText': true };
  return Type.String({ maxLength: charsMax, pattern: `^${anyBut(hidden)}$`, ...options, ...marks });
}

/**
 * One line that names or measures a thing, such as an attribute's value: it may be a barcode or a serial number, of
 * which every tenth looks like a card number, so it is not searched for one.
 */
export function Datum(charsMax: number) {
  return Type.String({ maxLength: charsMax, pattern: `^${anyBut(inLine)}$`, '~must': mustBlankLine });
}

/** The names that clients choose for properties, as a pattern: they begin with something to see. */
export function namePattern(charsMax: number): string {
  return `^[^${inLine}${blank}${flag}][^${inLine}${flag}]{0,${charsMax - 1}}$`;
}
