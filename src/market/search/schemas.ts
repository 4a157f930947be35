/** Searches and suggestions on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, pageQuery, Rarely } from '../../gateway/schemas.ts';
import { BlankLine, Line, namePattern } from '../../gateway/texts.ts';
import { Product } from '../catalog/schemas.ts';
import { searchSorts } from './engine.ts';

const minorUnits = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: 'Minor units' });
const queryCharsMax = 300;

export const SearchRequest = Closed({
  q: Type.Optional(
    BlankLine(queryCharsMax, {
      description: 'Without it everything, newest first',
      examples: ['headphones'],
    }),
  ),
  category: Type.Optional(Line(500, { description: 'A path, which holds its branches, or a slug' })),
  brand: Type.Optional(
    Type.Array(Line(500, { examples: ['Nimbus'] }), {
      maxItems: 50,
      description: 'Given several times, or several with commas between: `a,b`; `\\,` is a comma',
    }),
  ),
  priceMin: Type.Optional(minorUnits),
  priceMax: Type.Optional(minorUnits),
  currency: Type.Optional(
    Type.String({
      pattern: '^[A-Z]{3}$',
      examples: ['USD'],
      description: 'Of price filters, price ranges and sorts by price; `USD` when not given',
    }),
  ),
  ratingMin: Type.Optional(Type.Number({ minimum: 0, maximum: 5 })),
  inStock: Type.Optional(Type.Boolean()),
  attributes: Type.Optional(
    Type.Record(Type.String({ pattern: namePattern(64) }), Line(200), {
      maxProperties: 10,
      additionalProperties: false,
      description: '`attributes[colour]=red`',
    }),
  ),
  sort: Type.Optional(Type.Enum(searchSorts, { description: '`relevance` when not given' })),
  personal: Type.Optional(
    Type.Boolean({ description: 'What the account has looked at lately comes earlier; needs a token' }),
  ),
  ...pageQuery,
});
export type SearchRequest = Static<typeof SearchRequest>;

const count = Type.Integer({ minimum: 0 });
const html = Rarely(Type.String({ description: 'HTML: escaped text, hits in `<em>`; null without a hit' }));

const SearchItem = Open(
  {
    ...Product.properties,
    score: Type.Number({ description: 'Comparable within one answer' }),
    highlights: Open({ title: html, description: html }),
  },
  { title: 'SearchItem' },
);

export const SearchPage = Open(
  {
    items: Type.Array(SearchItem),
    total: count,
    isEstimate: Type.Boolean({
      description: '`total` and the counts of `facets` are estimates, because very many match',
    }),
    facets: Open({
      brands: Type.Array(Open({ value: Type.String(), count })),
      categories: Type.Array(Open({ value: Type.String({ examples: ['Electronics > Consoles'] }), count })),
      priceRanges: Type.Array(
        Open({
          from: Nullable(Type.Integer({ description: 'Minor units, included' })),
          to: Nullable(Type.Integer({ description: 'Minor units, not included' })),
          count,
        }),
      ),
      ratings: Type.Array(Open({ value: Type.Integer({ description: 'This and up' }), count })),
      inStock: Type.Array(Open({ value: Type.Boolean(), count })),
    }),
    didYouMean: Rarely(Type.String({ description: 'What the hits are for, when nothing has a word of `q`' })),
    nextCursor: Rarely(Type.String()),
  },
  { title: 'SearchPage' },
);
export type SearchPage = Static<typeof SearchPage>;

export const SuggestRequest = Closed({
  q: BlankLine(queryCharsMax, { examples: ['headp'] }),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, default: 10 })),
});

export const Suggestions = Open(
  {
    items: Type.Array(
      Open({
        text: Type.String({ examples: ['headphones'] }),
        kind: Type.Enum(['query', 'product', 'brand', 'category']),
        productId: Type.Optional(Id('product')),
      }),
    ),
  },
  { title: 'Suggestions' },
);
export type Suggestions = Static<typeof Suggestions>;
