/**
 * Schemas that many routes share. One schema is the validator, the type and a paragraph of `/openapi.json`;
 * a schema with a `title` becomes a named component there. Texts that people write are in `texts.ts`.
 *
 * 1. What comes in is checked once, here: a handler gets what a text stands for (an instant is whole milliseconds).
 * 2. Requests are closed, answers are open: a client that sends a field nobody knows is told so, one that reads an
 *    answer must ignore what it does not know.
 */
import Type, { type TProperties, type TSchema } from 'typebox';
import { mustCursor } from '../persistence/cursor.ts';
import { refusals } from '../protocol/codes.ts';
import { prefixes } from '../protocol/ids.ts';
import { roles } from './route.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

interface ObjectOptions {
  readonly title?: string;
  readonly description?: string;
  readonly minProperties?: number;
}

/** An object of a request: properties that it does not know are refused. */
export function Closed<const Properties extends TProperties>(
  properties: Properties,
  options: ObjectOptions = {},
) {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

/** An object of an answer: later versions may add to it. */
export function Open<const Properties extends TProperties>(
  properties: Properties,
  options: ObjectOptions = {},
) {
  return Type.Object(properties, { ...options });
}

/** What ids look like in examples. */
export const exampleId = (kind: keyof typeof prefixes) =>
  `${prefixes[kind]}_01939f2a-7c00-7abc-8def-0123456789ab`;
export const exampleUuid = '3f0e8f6a-2a34-4c3e-9a52-6f0c9d1b7e44';

export function Id(kind: keyof typeof prefixes) {
  return Type.String({
    pattern: `^${prefixes[kind]}_${uuid}$`,
    examples: [exampleId(kind)],
    description: `\`${prefixes[kind]}_\` and a UUID`,
  });
}

/** A UUID that the client mints; upper case is accepted, handlers lower it. */
export const Uuid = Type.String({
  pattern: `^${uuid.replaceAll('a-f', 'a-fA-F')}$`,
  examples: [exampleUuid],
  description: 'A UUID minted by the client',
});

/** An instant in an answer. */
export const Timestamp = Type.String({ format: 'date-time' });

const mustInstant = 'must be an RFC 3339 instant in UTC that exists, such as 2027-07-01T08:00:00Z';

/** RFC 3339 in UTC, as whole milliseconds. A leap second has none, so there is none. */
function readInstant(text: string): number {
  const atMs = Date.parse(text);
  // The clock takes a 30th of February for a day in March.
  if (!Number.isSafeInteger(atMs) || !new Date(atMs).toISOString().startsWith(text.slice(0, 19)))
    throw new RangeError(mustInstant);
  return atMs;
}

/** An instant in a request: handlers get whole engine milliseconds, of a year with four digits. */
export function Instant(example = '2026-11-27T08:00:00Z') {
  const text = Type.String({
    format: 'date-time',
    examples: [example],
    maxLength: 40,
    pattern:
      '^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|\\+00:00)$',
    '~must': mustInstant,
  });
  return Type.Codec(text)
    .Decode(readInstant)
    .Encode((atMs) => new Date(atMs).toISOString());
}

export const RoleName = Type.Enum(roles);

/** RFC 9457; further members depend on the code. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:doorbuster:problem:` and the code' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(Object.keys(refusals), { description: 'Stable for ever; later versions may have more' }),
    errors: Type.Optional(Type.Array(Open({ path: Type.String(), message: Type.String() }))),
  },
  { title: 'Problem', additionalProperties: true },
);

export function Nullable<Schema extends TSchema>(schema: Schema, options: { examples?: [null] } = {}) {
  return Type.Union([schema, Type.Null()], options);
}

/** Mostly null: its example is. */
export function Rarely<Schema extends TSchema>(schema: Schema) {
  return Nullable(schema, { examples: [null] });
}

/** One page of a list. */
export function Page<Item extends TSchema>(item: Item) {
  return Open({ items: Type.Array(item), nextCursor: Rarely(Type.String()) });
}

/** The query of every list. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(
    Type.String({
      maxLength: 500,
      pattern: '^[A-Za-z0-9_-]+$',
      description: 'The `nextCursor` of an earlier page with the same sort',
      '~must': mustCursor,
    }),
  ),
};

export const PageQuery = Closed(pageQuery);

export const limitDefault = 20;
