/**
 * Schemas that many routes share. One schema is the validator, the type and a paragraph of `/openapi.json`;
 * a schema with a `title` becomes a named component there.
 */
import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { prefixes } from '../protocol/ids.ts';
import type { Role } from './route.ts';

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

/** A UUID that the client mints; any envelope case is accepted, handlers lower it. */
export const Uuid = Type.String({
  pattern: `^${uuid.replaceAll('a-f', 'a-fA-F')}$`,
  description: 'A UUID minted by the client',
});

export const Sku = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' });

/** ISO 8601 with a zone. */
export const Timestamp = Type.String({ format: 'date-time', maxLength: 40 });

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' });

/** A price: not negative, at most 10^12 minor units so that sums stay exact. */
export const Money = Closed(
  {
    amount: Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: 'Minor units' }),
    currency: Currency,
  },
  { title: 'Money' },
);

export const Country = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166 alpha-2' });

const addressProperties = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  line1: Type.String({ minLength: 1, maxLength: 200 }),
  line2: Type.Optional(Type.String({ maxLength: 200 })),
  city: Type.String({ minLength: 1, maxLength: 100 }),
  state: Type.Optional(Type.String({ maxLength: 100 })),
  postalCode: Type.String({ minLength: 1, maxLength: 20 }),
  country: Country,
};
export const Address = Closed(addressProperties, { title: 'Address' });
export const SavedAddress = Closed(
  { addressId: Id('address'), ...addressProperties },
  { title: 'SavedAddress' },
);
export const AddressChange = Type.Partial(Address, { title: 'AddressChange', additionalProperties: false });

export const RoleName = Type.Enum([
  'guest',
  'buyer',
  'seller',
  'operator',
  'admin',
] as const satisfies readonly Role[]);

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

export type AddressBody = Static<typeof Address>;
