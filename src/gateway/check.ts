/**
 * From parsed JSON to a checked value: the route's schema, no card number in a free text, and texts that stand for
 * something else (an instant, an e-mail address) read as what they stand for. Errors name places as JSON pointers and
 * never repeat what was sent.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { refuseCardIn } from './cards.ts';
import { fieldErrors, partsOf, type SchemaParts } from './field-errors.ts';
import { invalidRequest, pointer } from './invalid.ts';
import { isExact, isStorable } from './json.ts';

/** Refuses with `validation_failed` or `card_data_refused`, else returns what the handler gets. */
export type Check = (value: unknown) => unknown;

export const acceptAnything: Check = (value) => value;

export function compileCheck(schema: TSchema, what: string): Check {
  const validator = Compile(schema);
  const refuseCards = forEach(partsOf(schema), (field) => (field['~isFreeText'] ? refuseCard : null));
  const decode = forEach(partsOf(schema), (field) =>
    field['~codec'] ? decoderOf(field['~codec'], what) : null,
  );
  return (value) => {
    if (!validator.Check(value)) throw invalidRequest(fieldErrors(schema, value), what);
    if (refuseCards === null && decode === null) return value;
    // Held by something, so that the whole value is a field like any other.
    const held: Fields = { value };
    refuseCards?.(held, 'value', '');
    decode?.(held, 'value', '');
    return held.value;
  };
}

type Fields = Record<string, unknown>;
type OnField = (holder: Fields, key: string, path: string) => void;

/** An object, or an array by the texts of its indexes; null stands where a schema allows it. */
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

interface Marked extends SchemaParts {
  /** People write it, so a card number may stand in it. */
  readonly '~isFreeText'?: boolean;
  readonly '~codec'?: Codec;
}

interface Codec {
  /** Throws a RangeError that says what the text must be. */
  readonly decode: (value: unknown) => unknown;
}

const refuseCard: OnField = (holder, key, path) => {
  const text = holder[key];
  if (typeof text === 'string') refuseCardIn(text, path);
};

function decoderOf({ decode }: Codec, what: string): OnField {
  return (holder, key, path) => {
    if (typeof holder[key] !== 'string') return;
    try {
      holder[key] = decode(holder[key]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw invalidRequest([{ path, message: error.message }], what);
    }
  };
}

/**
 * Does something with each field of a value whose schema says so; null when no part of the schema does. The value has
 * been found to fit the schema.
 */
function forEach(schema: Marked, wanted: (schema: Marked) => OnField | null): OnField | null {
  const own = wanted(schema);
  if (own !== null) return own;
  // A union's other branches are null, numbers or booleans: nothing is wanted of them.
  for (const branch of schema.anyOf ?? []) {
    const inBranch = forEach(branch, wanted);
    if (inBranch !== null) return inBranch;
  }
  const ofItem = schema.items === undefined ? null : forEach(schema.items, wanted);
  if (ofItem !== null)
    return (holder, key, path) => {
      const items = holder[key];
      if (isFields(items)) for (const i of Object.keys(items)) ofItem(items, i, `${path}/${i}`);
    };
  const byName = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const onProperty = forEach(property, wanted);
    return onProperty === null ? [] : [[name, pointer(name), onProperty] as const];
  });
  if (byName.length === 0) return null;
  return (holder, key, path) => {
    const object = holder[key];
    if (!isFields(object)) return;
    for (const [name, step, onProperty] of byName)
      if (Object.hasOwn(object, name)) onProperty(object, name, path + step);
  };
}

// ----------------------------------------------------------------

/**
 * Query parameters by name, numbers and booleans turned into what the schema says. A list is a name given several times, a
 * record has its keys in brackets (`attributes[colour]=red`). `nameOf`: what names stand for that the schema does not have.
 */
export function parseQuery(
  query: string,
  schema: TSchema | undefined,
  nameOf: (name: string) => string = (name) => name,
): Record<string, unknown> {
  if (query === '') return {};
  const values: Record<string, unknown> = Object.create(null);
  const properties = schema === undefined ? {} : (partsOf(schema).properties ?? {});
  const typeOf = (name: string) => (Object.hasOwn(properties, name) ? properties[name]!.type : undefined);
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const given = decode(equals < 0 ? pair : pair.slice(0, equals));
    const name = given === null ? null : nameOf(given);
    const text = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === null || text === null)
      throw invalidRequest(
        [{ path: '', message: 'must be percent-encoded UTF-8 without U+0000' }],
        'The query',
      );
    const record = recordOf(name);
    if (typeOf(name) === 'array') {
      values[name] ??= [];
      (values[name] as unknown[]).push(text);
    } else if (record !== null && typeOf(record.name) === 'object') {
      values[record.name] ??= Object.create(null);
      putOnce(
        values[record.name] as Fields,
        record.key,
        text,
        `${pointer(record.name)}${pointer(record.key)}`,
      );
    } else putOnce(values, name, fromText(text, typeOf(name)), pointer(name));
  }
  return { ...values };
}

function putOnce(values: Fields, name: string, value: unknown, path: string): void {
  if (name in values) throw invalidRequest([{ path, message: 'must be given once' }], 'The query');
  values[name] = value;
}

/** `attributes[colour]` is `colour` of `attributes`. */
function recordOf(name: string): { readonly name: string; readonly key: string } | null {
  const bracket = name.indexOf('[');
  if (bracket < 1 || !name.endsWith(']')) return null;
  return { name: name.slice(0, bracket), key: name.slice(bracket + 1, -1) };
}

/** As JSON has numbers, leading zeros allowed; bounded, so that it is read in no time. */
const decimal = /^-?\d{1,20}(?:\.\d{1,25})?(?:e[-+]?\d{1,2})?$/i;

function fromText(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d{1,15}(?:\.\d{1,6})?$/.test(text)) return Number(text);
  if (type === 'number' && decimal.test(text) && isExact(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Percent-decoded text, or null when it is no UTF-8 or cannot be stored. */
function decode(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isStorable(decoded) ? decoded : null;
  } catch {
    return null;
  }
}

/** The same for a path segment, where `+` is a plus. */
export function decodeSegment(text: string): string | null {
  if (!text.includes('%')) return text;
  return decode(text.replaceAll('+', '%2B'));
}
