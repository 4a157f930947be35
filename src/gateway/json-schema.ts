/** Schemas as the plain JSON of documents for clients: named parts as references, and an example of each. */
import type { TSchema } from 'typebox';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}
/** By title: the parts that are referred to. */
export type Components = Map<string, JsonObject>;

/** The schema as plain JSON, its titled parts replaced by references to components. */
export function hoist(schema: unknown, components: Components): Json {
  if (Array.isArray(schema)) return schema.map((part) => hoist(part, components));
  if (typeof schema !== 'object' || schema === null) return schema as Json;
  const plain: JsonObject = {};
  for (const [name, part] of Object.entries(schema)) {
    if (part !== undefined && !name.startsWith('~')) plain[name] = hoist(part, components);
  }
  const { title } = plain;
  if (typeof title !== 'string' || plain.type === undefined) return plain;
  const known = components.get(title);
  if (known && JSON.stringify(known) !== JSON.stringify(plain))
    throw new Error(`two different schemas are called ${title}`);
  components.set(title, plain);
  return { $ref: `#/components/schemas/${title}` };
}

/** Components in the order of their names, as documents list them. */
export function listed(components: Components): JsonObject {
  return Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What of a schema says how an example looks. */
interface Shape {
  readonly examples?: readonly Json[];
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly TSchema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly items?: TSchema;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly pattern?: string;
}

const examplesByFormat: Readonly<Record<string, Json>> = {
  'date-time': '2026-11-27T08:00:00.000Z',
  date: '2026-12-01',
  uri: 'https://example.com/',
};

/**
 * A value that fits: the schema's own example, or one put together from those of its parts. A text with a pattern must
 * bring its own.
 */
export function exampleOf(schema: TSchema, name = 'value'): Json {
  const shape = schema as unknown as Shape;
  if (shape.examples !== undefined) return shape.examples[0]!;
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return shape.enum[0]!;
  if (shape.anyOf !== undefined) return exampleOf(shape.anyOf[0]!, name);
  switch (shape.type) {
    case 'object':
      return objectExample(shape);
    case 'array':
      return shape.maxItems === 0 || shape.items === undefined ? [] : [exampleOf(shape.items, name)];
    case 'integer':
    case 'number':
      return Math.min(shape.maximum ?? Number.POSITIVE_INFINITY, Math.max(shape.minimum ?? 1, 1));
    case 'boolean':
      return true;
    case 'string':
      return textExample(shape, name);
    default:
      return null;
  }
}

function objectExample({ properties = {}, required = [], minProperties = 0 }: Shape): JsonObject {
  const isShown = ([name, schema]: [string, TSchema]) => required.includes(name) || 'examples' in schema;
  const shown = Object.entries(properties).filter(isShown);
  const some = shown.length > 0 ? shown : Object.entries(properties).slice(0, minProperties);
  return Object.fromEntries(some.map(([name, schema]) => [name, exampleOf(schema, name)]));
}

function textExample({ format, pattern }: Shape, name: string): Json {
  if (format !== undefined && format in examplesByFormat) return examplesByFormat[format]!;
  if (pattern !== undefined) throw new Error(`the text ${name} has a pattern and no example`);
  return name;
}
