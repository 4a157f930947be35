/**
 * What is wrong with a value that its schema refused, field by field, in words. The compiled validator says yes or no
 * and is asked first; this list is made for a refusal alone, of schemas as `schemas.ts` builds them.
 *
 * 1. A bound comes before whatever costs more: lengths before patterns, an array's size before its items.
 * 2. The list ends after `errorsMax` errors, so a body full of mistakes costs no more than one with some.
 */
import type { TSchema } from 'typebox';
import { Test as fitsFormat } from 'typebox/format';
import { errorsMax, type FieldError, pointer } from './invalid.ts';

/** The keywords that our schemas use. */
export interface SchemaParts {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaParts>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly patternProperties?: Readonly<Record<string, SchemaParts>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: SchemaParts;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaParts[];
  /** What a text that does not fit its pattern or format, or a value that is not in its list, must be. */
  readonly '~must'?: string;
}

/** A schema as its keywords: typebox's types say what a value is, not how the schema is built. */
export const partsOf = (schema: TSchema) => schema as SchemaParts;

export function fieldErrors(schema: TSchema, value: unknown): readonly FieldError[] {
  const list = new ErrorList();
  list.check(partsOf(schema), value, '');
  return list.errors.length > 0 ? list.errors : [{ path: '', message: 'does not match the schema' }];
}

class ErrorList {
  readonly errors: FieldError[] = [];

  check(schema: SchemaParts, value: unknown, path: string): void {
    if (this.#isFull) return;
    if (schema.anyOf !== undefined) this.#oneOf(schema.anyOf, value, path);
    else if (schema.enum !== undefined) {
      if (!schema.enum.includes(value))
        this.#add(path, schema['~must'] ?? `must be one of ${schema.enum.join(', ')}`);
    } else if (schema.const !== undefined) {
      if (value !== schema.const) this.#add(path, `must be ${JSON.stringify(schema.const)}`);
    } else if (schema.type !== undefined && !isOfType(schema.type, value)) {
      this.#add(path, `must be ${schema.type}`);
    } else if (typeof value === 'string') this.#text(schema, value, path);
    else if (typeof value === 'number') this.#number(schema, value, path);
    else if (Array.isArray(value)) this.#array(schema, value, path);
    else if (typeof value === 'object' && value !== null) this.#object(schema, value, path);
  }

  get #isFull(): boolean {
    return this.errors.length >= errorsMax;
  }

  #add(path: string, message: string): void {
    if (!this.#isFull) this.errors.push({ path, message });
  }

  #oneOf(branches: readonly SchemaParts[], value: unknown, path: string): void {
    const fitting = branches.filter(({ type }) => type === undefined || isOfType(type, value));
    if (fitting.length === 1) this.check(fitting[0]!, value, path);
    else if (fitting.length === 0)
      this.#add(path, `must be ${branches.map(({ type }) => type ?? 'something else').join(' or ')}`);
  }

  #text(schema: SchemaParts, text: string, path: string): void {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
    const isLong = text.length > maxLength && (text.length > 2 * maxLength || codePoints(text) > maxLength);
    if (isLong) this.#add(path, `must not have more than ${maxLength} characters`);
    else if (text.length < minLength) this.#add(path, `must have at least ${minLength} characters`);
    else if (pattern !== undefined && !patternOf(pattern).test(text))
      this.#add(path, schema['~must'] ?? `must match pattern ${pattern}`);
    else if (format !== undefined && !fitsFormat(format, text))
      this.#add(path, schema['~must'] ?? `must be a ${format}`);
  }

  #number({ minimum, maximum }: SchemaParts, number: number, path: string): void {
    if (minimum !== undefined && number < minimum) this.#add(path, `must be at least ${minimum}`);
    if (maximum !== undefined && number > maximum) this.#add(path, `must be at most ${maximum}`);
  }

  #array(schema: SchemaParts, items: readonly unknown[], path: string): void {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    if (items.length > maxItems) {
      this.#add(path, `must not have more than ${maxItems} items`);
      return;
    }
    if (items.length < minItems) this.#add(path, `must have at least ${minItems} items`);
    for (let i = 0; i < items.length && schema.items !== undefined && !this.#isFull; i++)
      this.check(schema.items, items[i], `${path}/${i}`);
    if (schema.uniqueItems && new Set(items).size < items.length)
      this.#add(path, 'must not have the same item twice');
  }

  #object(schema: SchemaParts, object: object, path: string): void {
    const { properties = {}, required = [], maxProperties = Number.POSITIVE_INFINITY } = schema;
    const names = Object.keys(object);
    for (const name of required)
      if (!Object.hasOwn(object, name)) this.#add(path + pointer(name), 'is required');
    if (names.length > maxProperties) {
      this.#add(path, `must not have more than ${maxProperties} properties`);
      return;
    }
    if (names.length < (schema.minProperties ?? 0))
      this.#add(path, `must have at least ${schema.minProperties} properties`);
    for (const name of names) {
      if (this.#isFull) return;
      const known = Object.hasOwn(properties, name) ? properties[name] : namedBy(schema, name);
      if (known !== undefined)
        this.check(known, (object as Record<string, unknown>)[name], path + pointer(name));
      else if (schema.additionalProperties === false) this.#add(path + pointer(name), 'is not known here');
    }
  }
}

/** The schema of a property whose name fits a pattern. */
function namedBy({ patternProperties = {} }: SchemaParts, name: string): SchemaParts | undefined {
  return Object.entries(patternProperties).find(([pattern]) => patternOf(pattern).test(name))?.[1];
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'number') return Number.isFinite(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

const patterns = new Map<string, RegExp>();

/** Patterns are our schemas' own, so there are few. */
function patternOf(source: string): RegExp {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(source, 'u');
    patterns.set(source, pattern);
  }
  return pattern;
}
