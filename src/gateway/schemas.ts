/**
 * Schemas that many routes share. One schema is the validator, the type and a paragraph of `/openapi.json`;
 * a schema with a `title` becomes a named component there.
 */
import Type, { type TProperties, type TSchema } from 'typebox';
import { prefixes } from '../protocol/ids.ts';
import { roles } from './route.ts';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** An object that knows its properties: others are refused. */
export function Closed<const Properties extends TProperties>(
  properties: Properties,
  options: { title?: string; description?: string; minProperties?: number } = {},
) {
  return Type.Object(properties, { ...options, additionalProperties: false });
}

export function Id(kind: keyof typeof prefixes) {
  return Type.String({
    pattern: `^${prefixes[kind]}_${uuid}$`,
    description: `\`${prefixes[kind]}_\` and a UUID`,
  });
}

/** A UUID that the client mints; upper case is accepted, handlers lower it. */
export const Uuid = Type.String({
  pattern: `^${uuid.replaceAll('a-f', 'a-fA-F')}$`,
  description: 'A UUID minted by the client',
});

/** ISO 8601 with a zone. */
export const Timestamp = Type.String({ format: 'date-time', maxLength: 40 });

export const RoleName = Type.Enum(roles);

/** RFC 9457; further members depend on the code. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:doorbuster:problem:` and the code' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable for ever, snake_case' }),
    errors: Type.Optional(Type.Array(Closed({ path: Type.String(), message: Type.String() }))),
  },
  { title: 'Problem' },
);

export function Nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** One page of a list. */
export function Page<Item extends TSchema>(item: Item) {
  return Closed({ items: Type.Array(item), nextCursor: Nullable(Type.String()) });
}

/** The query of every list. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
};

export const PageQuery = Closed(pageQuery);

export const limitDefault = 20;
