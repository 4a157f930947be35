/** Products on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, pageQuery } from '../../gateway/schemas.ts';
import { BlankLine, Datum, Line, namePattern, Paragraph } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money, Price } from '../pricing/schemas.ts';

const name = namePattern(64);
const options = Type.Record(Type.String({ pattern: name }), Datum(200), {
  maxProperties: 10,
  additionalProperties: false,
});
const attributes = Type.Record(
  Type.String({ pattern: name }),
  Type.Union([Datum(1_000), Type.Number(), Type.Boolean()]),
  { maxProperties: 50, additionalProperties: false },
);
const described = {
  title: Line(200, { examples: ['Console'] }),
  description: Paragraph(10_000, { examples: ['Plays games.'] }),
  brand: BlankLine(100, { examples: ['Nimbus'] }),
  category: Line(200, {
    description: 'A path such as `Electronics > Phones`',
    examples: ['Electronics > Consoles'],
  }),
  attributes,
  images: Type.Array(
    Type.String({
      pattern: '^(?:https?://|/media/)[^\\s\\u0000-\\u001f\\u007f-\\u009f]+$',
      maxLength: 2_000,
      description: 'An address, or a path under `/media/` of this server',
      examples: ['https://example.com/console.webp'],
    }),
    { maxItems: 20 },
  ),
};
const variantsMax = 100;

const Variant = Open({
  sku: Sku,
  options: Type.Record(Type.String(), Type.String()),
  price: Money,
  available: Nullable(Type.Integer({ description: 'A moment old; `/v1/inventory/{sku}` is exact' })),
});
export type Variant = Static<typeof Variant>;

export const Product = Open(
  {
    productId: Id('product'),
    sellerId: Id('account'),
    title: Type.String({ examples: ['Console'] }),
    description: Type.String({ examples: ['Plays games.'] }),
    brand: Type.String({ examples: ['Nimbus'] }),
    category: Type.String({ examples: ['Electronics > Consoles'] }),
    attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    images: Type.Array(Type.String({ examples: ['https://example.com/console.webp'] })),
    variants: Type.Array(Variant),
    rating: Nullable(Type.Number()),
    ratingCount: Type.Integer(),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
    version: Type.Integer(),
  },
  { title: 'Product' },
);
export type Product = Static<typeof Product>;

export const NewProduct = Closed(
  {
    title: described.title,
    description: Type.Optional(described.description),
    brand: Type.Optional(described.brand),
    category: described.category,
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    variants: Type.Array(
      Closed({
        sku: Sku,
        options: Type.Optional(options),
        price: Price,
        stock: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
      }),
      { minItems: 1, maxItems: variantsMax },
    ),
  },
  { title: 'NewProduct' },
);
export type NewProduct = Static<typeof NewProduct>;

export const ProductChange = Closed(
  {
    title: Type.Optional(described.title),
    description: Type.Optional(described.description),
    brand: Type.Optional(described.brand),
    category: Type.Optional(described.category),
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    variants: Type.Optional(
      Type.Array(Closed({ sku: Sku, options: Type.Optional(options), price: Type.Optional(Price) }), {
        minItems: 1,
        maxItems: variantsMax,
      }),
    ),
  },
  { title: 'ProductChange', minProperties: 1 },
);
export type ProductChange = Static<typeof ProductChange>;

const ProductSort = Type.Enum(['price_asc', 'price_desc', 'newest', 'rating']);
export type ProductSort = Static<typeof ProductSort>;

export const ProductFilter = Closed({
  category: Type.Optional(described.category),
  seller: Type.Optional(Id('account')),
  sort: Type.Optional(ProductSort),
  ...pageQuery,
});
export type ProductFilter = Static<typeof ProductFilter>;
