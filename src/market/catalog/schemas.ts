/** Products on the wire. */
import Type, { type Static } from 'typebox';
import {
  Closed,
  exampleId,
  Id,
  Nullable,
  Open,
  pageQuery,
  Rarely,
  Timestamp,
} from '../../gateway/schemas.ts';
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
const imageIds = Type.Array(Id('image'), { maxItems: 20, description: 'Of the images of the product' });
const described = {
  title: Line(200, { examples: ['Console'] }),
  description: Paragraph(10_000, { examples: ['Plays games.'] }),
  brand: BlankLine(100, { examples: ['Nimbus'] }),
  category: Line(200, {
    description: 'A path such as `Electronics > Phones`; what is missing of it is created',
    examples: ['Electronics > Consoles'],
  }),
  tags: Type.Array(Line(50, { examples: ['gaming'] }), {
    maxItems: 20,
    description: 'Kept trimmed and in lower case, each once',
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
export const variantsMax = 100;

export const Image = Open(
  {
    imageId: Id('image'),
    url: Type.String({ examples: ['https://example.com/console.webp'] }),
    thumbnailUrl: Type.String({ examples: ['https://example.com/console.webp'] }),
    width: Rarely(Type.Integer()),
    height: Rarely(Type.Integer()),
    alt: Type.String({ examples: [''] }),
  },
  { title: 'Image' },
);
export type Image = Static<typeof Image>;

const Variant = Open(
  {
    sku: Sku,
    options: Type.Record(Type.String(), Type.String()),
    price: Money,
    compareAtPrice: Type.Optional(Money),
    prices: Type.Optional(
      Type.Array(Money, { description: 'In other currencies: they win over an exchange' }),
    ),
    weightGrams: Type.Optional(Type.Integer({ description: 'Of one unit; absent: 0' })),
    images: Type.Array(Id('image')),
    inStock: Type.Boolean(),
    stockLevel: Type.Enum(['high', 'low', 'none'], {
      description: '`low` at or below the threshold of the SKU, 10 where none was set',
    }),
    left: Type.Optional(Type.Integer({ description: 'Units that are there, when they are few' })),
    available: Type.Optional(
      Type.Integer({ description: 'For the owner only; a moment old: `/v1/inventory/{sku}` is exact' }),
    ),
  },
  { title: 'Variant' },
);
export type Variant = Static<typeof Variant>;

const statuses = ['draft', 'active', 'archived', 'held'] as const;
export type ProductStatus = (typeof statuses)[number];

export const Product = Open(
  {
    productId: Id('product'),
    sellerId: Id('account'),
    seller: Open({ sellerId: Id('account'), name: Type.String(), ratingAvg: Rarely(Type.Number()) }),
    title: Type.String({ examples: ['Console'] }),
    description: Type.String({ examples: ['Plays games.'] }),
    brand: Type.String({ examples: ['Nimbus'] }),
    category: Type.String({ examples: ['Electronics > Consoles'] }),
    tags: Type.Array(Type.String({ examples: ['gaming'] })),
    attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    status: Type.Enum(statuses),
    images: Type.Array(Image),
    variants: Type.Array(Variant),
    priceFrom: Money,
    ratingAvg: Nullable(Type.Number()),
    reviewCount: Type.Integer(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    version: Type.Integer(),
    rejection: Type.Optional(
      Open(
        { reason: Type.String({ examples: ['Replicas are not sold here'] }), at: Timestamp },
        { description: 'For the owner only: why an administrator has taken the listing down' },
      ),
    ),
  },
  { title: 'Product' },
);
export type Product = Static<typeof Product>;

const priceList = Type.Array(Price, {
  ...{ maxItems: 20, description: 'Prices in other currencies: they win over an exchange' },
});
const weightGrams = Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Of one unit' });

export const NewVariant = Closed(
  {
    sku: Sku,
    options: Type.Optional(options),
    price: Price,
    compareAtPrice: Type.Optional(Price),
    prices: Type.Optional(priceList),
    weightGrams: Type.Optional(weightGrams),
    images: Type.Optional(imageIds),
    stock: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
  },
  { title: 'NewVariant' },
);
export type NewVariant = Static<typeof NewVariant>;

const variantChange = {
  options: Type.Optional(options),
  price: Type.Optional(Price),
  compareAtPrice: Type.Optional(Nullable(Price, { examples: [null] })),
  prices: Type.Optional(priceList),
  weightGrams: Type.Optional(weightGrams),
  images: Type.Optional(imageIds),
};
export const VariantChange = Closed(variantChange, { title: 'VariantChange', minProperties: 1 });
export type VariantChange = Static<typeof VariantChange>;

export const NewProduct = Closed(
  {
    title: described.title,
    description: Type.Optional(described.description),
    brand: Type.Optional(described.brand),
    category: described.category,
    tags: Type.Optional(described.tags),
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    status: Type.Optional(Type.Enum(['draft', 'active'], { description: '`active` when not given' })),
    variants: Type.Array(NewVariant, { minItems: 1, maxItems: variantsMax }),
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
    tags: Type.Optional(described.tags),
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    status: Type.Optional(Type.Enum(['draft', 'active', 'archived'])),
    variants: Type.Optional(
      Type.Array(Closed({ sku: Sku, ...variantChange }), { minItems: 1, maxItems: variantsMax }),
    ),
  },
  { title: 'ProductChange', minProperties: 1 },
);
export type ProductChange = Static<typeof ProductChange>;

const ProductSort = Type.Enum(['price_asc', 'price_desc', 'newest', 'title', 'rating']);
export type ProductSort = Static<typeof ProductSort>;

const minorUnits = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: 'Minor units' });

export const ProductFilter = Closed({
  category: Type.Optional(Line(500, { description: 'A path, which holds its branches, or a slug' })),
  brand: Type.Optional(Line(500, { description: 'One or several: `a,b`; `\\,` is a comma' })),
  tag: Type.Optional(Line(50)),
  seller: Type.Optional(Id('account')),
  priceMin: Type.Optional(minorUnits),
  priceMax: Type.Optional(minorUnits),
  currency: Type.Optional(
    Type.String({
      pattern: '^[A-Z]{3}$',
      examples: ['USD'],
      description: 'Of `priceMin` and `priceMax`; `USD` when not given',
    }),
  ),
  inStock: Type.Optional(Type.Boolean()),
  status: Type.Optional(
    Type.Enum([...statuses, 'any'], { description: 'Of your own products; without it all that are public' }),
  ),
  sort: Type.Optional(ProductSort),
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'Instead of `cursor`' })),
  ...pageQuery,
});
export type ProductFilter = Static<typeof ProductFilter>;

/** With `page`: `total`, `page` and `totalPages`; else `nextCursor`. */
export const ProductPage = Open({
  items: Type.Array(Product),
  nextCursor: Type.Optional(Rarely(Type.String())),
  total: Type.Optional(Type.Integer()),
  page: Type.Optional(Type.Integer()),
  totalPages: Type.Optional(Type.Integer()),
});
export type ProductPage = Static<typeof ProductPage>;

export const PastPrice = Open(
  {
    sku: Sku,
    price: Money,
    compareAtPrice: Type.Optional(Money),
    by: Type.Optional(
      Type.String({ examples: ['rule rul_…'], description: 'Who set it, when not the seller: `rule <id>`' }),
    ),
    from: Timestamp,
    to: Nullable(Timestamp, { examples: [null] }),
  },
  { title: 'PastPrice' },
);
export type PastPrice = Static<typeof PastPrice>;

const hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  examples: ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
});

/** The answer to where a product came from: each row holds the hash of the one before. */
export const ProvenanceRow = Open(
  {
    seq: Type.Integer({ minimum: 1 }),
    at: Timestamp,
    actor: Open({
      accountId: Nullable(Type.String({ examples: [exampleId('account')] })),
      role: Type.String({ examples: ['seller'] }),
    }),
    change: Open({
      type: Type.Enum(['ItemCreated', 'ItemUpdated']),
      fields: Type.Array(Type.String({ examples: ['title'] })),
      content: hash,
    }),
    hash,
    previousHash: Nullable(hash),
  },
  { title: 'ProvenanceRow' },
);
export type ProvenanceRow = Static<typeof ProvenanceRow>;
