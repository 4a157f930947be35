/**
 * From bytes to a checked value: strict UTF-8, JSON, no card numbers, no text that a database cannot keep, then the
 * route's schema. Errors name places as JSON pointers and never repeat what was sent.
 */
import { isUtf8 } from 'node:buffer';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { DoorbusterError } from '../protocol/errors.ts';

interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Refuses with `validation_failed`, else returns the value. */
export type Check = (value: unknown) => unknown;

const errorsMax = 20;

export function invalidRequest(errors: readonly FieldError[], what = 'The request'): DoorbusterError {
  return new DoorbusterError('validation_failed', `${what} does not match its schema`, {
    errors: errors.slice(0, errorsMax),
  });
}

export const acceptAnything: Check = (value) => value;

const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

export function compileCheck(schema: TSchema, what: string): Check {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return value;
    const errors: FieldError[] = [];
    for (const { keyword, instancePath, message, params } of validator.Errors(value)) {
      if (errors.length >= errorsMax) break;
      if (keyword === 'required') {
        for (const name of (params as { requiredProperties: string[] }).requiredProperties)
          errors.push({ path: instancePath + pointer(name), message: 'is required' });
      } else if (keyword === 'boolean') {
        errors.push({ path: instancePath, message: 'is not known here' });
      } else if (keyword === 'enum') {
        const allowed = (params as { allowedValues: unknown[] }).allowedValues;
        errors.push({ path: instancePath, message: `must be one of ${allowed.join(', ')}` });
      } else if (keyword !== 'additionalProperties') {
        errors.push({ path: instancePath, message });
      }
    }
    throw invalidRequest(errors, what);
  };
}

/** Parses a body. An empty one counts as `{}`, so that requests whose fields are all optional need none. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new DoorbusterError('malformed_json', 'The body is not valid UTF-8');
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DoorbusterError('malformed_json', 'The body is not valid JSON');
  }
  if (mayHoldCard.test(text)) refuseCards(value, '', '');
  if (mayHoldBadText.test(text)) refuseBadText(value, '');
  return value;
}

/** Cheap first looks at the whole text; the walks below decide. */
const mayHoldCard = /\d(?:[ -]?\d){12}/;
const mayHoldBadText = /\\u(?:0000|[dD][89a-fA-F])/;

/** Keys under which a card number would be sent; everything below such a key counts. SKUs and ids do not. */
const cardKeys = /^(?:number|pan|account_?number|(?:credit|debit|payment)?_?card.*|payment.*)$/i;

function refuseCards(value: unknown, key: string, path: string): void {
  if (typeof value === 'string' || typeof value === 'number') {
    if (cardKeys.test(key) && isCardNumber(String(value)))
      throw new DoorbusterError(
        'card_data_refused',
        'Card numbers must not be sent here: send a payment method id',
        {
          errors: [{ path, message: 'looks like a card number' }],
        },
      );
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      // What lies below a card-like key is judged by that key.
      refuseCards(part, cardKeys.test(key) ? key : Array.isArray(value) ? key : name, path + pointer(name));
    }
  }
}

/** 13 to 19 digits, with spaces or dashes between them or not, whose last digit is the Luhn check digit. */
export function isCardNumber(text: string): boolean {
  if (text.length > 40 || !/^\s*\d(?:[ -]?\d){12,18}\s*$/.test(text)) return false;
  const digits = text.replace(/\D/g, '');
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function refuseBadText(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (!isStorable(value))
      throw invalidRequest([{ path, message: 'must be text without U+0000 and lone surrogates' }]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      if (!isStorable(name))
        throw invalidRequest([{ path, message: 'must have names without U+0000 and lone surrogates' }]);
      refuseBadText(part, path + pointer(name));
    }
  }
}

/** Query parameters by name, numbers and booleans turned into what the schema says. */
export function parseQuery(query: string, schema: TSchema | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = Object.create(null);
  if (query === '') return values;
  const properties = ((schema as { properties?: Record<string, { type?: string }> } | undefined)
    ?.properties ?? {}) as Record<string, { type?: string }>;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const text = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (name === null || text === null)
      throw invalidRequest([{ path: '', message: 'must be percent-encoded UTF-8' }], 'The query');
    if (name in values)
      throw invalidRequest([{ path: pointer(name), message: 'must be given once' }], 'The query');
    const type = Object.hasOwn(properties, name) ? properties[name]!.type : undefined;
    values[name] = fromText(text, type);
  }
  return { ...values };
}

function fromText(text: string, type: string | undefined): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d{1,15}(?:\.\d{1,6})?$/.test(text))
    return Number(text);
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
