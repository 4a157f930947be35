/** Codes and promotions on the wire. */
import Type, { type Static, type StaticDecode } from 'typebox';
import { Closed, Id, Instant, Open, Rarely, Timestamp } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money, Price } from './schemas.ts';

export const Code = Type.String({
  pattern: '^[A-Za-z0-9_-]{3,40}$',
  examples: ['SAVE-10'],
  description: 'Compared without regard to case',
  '~must': 'must be 3 to 40 letters, digits, dashes and underscores',
});

const kind = Type.Enum(['percent', 'amount', 'free_shipping'], { examples: ['percent'] });
const count = (maximum: number, description: string) =>
  Type.Integer({ minimum: 1, maximum, description, examples: [100] });
const scope = Closed(
  {
    skus: Type.Optional(Type.Array(Sku, { minItems: 1, maxItems: 100 })),
    categories: Type.Optional(
      Type.Array(Line(200, { examples: ['Books'] }), {
        ...{ minItems: 1, maxItems: 20, description: 'Paths: each with its branches' },
      }),
    ),
    sellerId: Type.Optional(Id('account')),
  },
  { description: 'Lines that fit all that is given; nothing given: all lines' },
);

const terms = {
  kind,
  value: Type.Optional(
    Type.Union([Type.Number({ minimum: 0, maximum: 100 }), Price], {
      description: '0 to 100 with two decimals for `percent`, money for `amount`, absent for `free_shipping`',
      examples: [10],
    }),
  ),
  limit: Type.Optional(count(1_000_000, 'Orders that may use it; absent: any number')),
  limitPerBuyer: Type.Optional(count(1_000, 'The same of one buyer')),
  startsAt: Type.Optional(Instant()),
  endsAt: Type.Optional(Instant('2026-12-01T00:00:00Z')),
  minimumSubtotal: Type.Optional(Price),
  scope: Type.Optional(scope),
  stackable: Type.Optional(
    Type.Boolean({ description: 'Goes together with others; `false` when not given' }),
  ),
  priority: Type.Optional(
    Type.Integer({ minimum: -1_000, maximum: 1_000, description: 'The higher first; 0 when not given' }),
  ),
};

/** null takes away what may be absent. */
const change = {
  kind: Type.Optional(kind),
  value: terms.value,
  limit: Type.Optional(Rarely(terms.limit)),
  limitPerBuyer: Type.Optional(Rarely(terms.limitPerBuyer)),
  startsAt: Type.Optional(Rarely(terms.startsAt)),
  endsAt: Type.Optional(Rarely(terms.endsAt)),
  minimumSubtotal: Type.Optional(Rarely(terms.minimumSubtotal)),
  scope: terms.scope,
  stackable: terms.stackable,
  priority: terms.priority,
};

const NewTerms = Closed(terms);
export type NewTerms = StaticDecode<typeof NewTerms>;

export const NewCoupon = Closed({ code: Code, ...terms }, { title: 'NewCoupon' });
export const NewPromotion = Closed(terms, { title: 'NewPromotion' });
export const DiscountChange = Closed(change, { title: 'DiscountChange', minProperties: 1 });
export type DiscountChange = StaticDecode<typeof DiscountChange>;

const shown = {
  sellerId: Rarely(Id('account')),
  kind,
  value: Type.Optional(Type.Union([Type.Number(), Money], { examples: [10] })),
  limit: Type.Optional(Type.Integer()),
  limitPerBuyer: Type.Optional(Type.Integer()),
  startsAt: Type.Optional(Timestamp),
  endsAt: Type.Optional(Timestamp),
  minimumSubtotal: Type.Optional(Money),
  scope: Open({
    skus: Type.Optional(Type.Array(Type.String())),
    categories: Type.Optional(Type.Array(Type.String())),
    sellerId: Type.Optional(Id('account')),
  }),
  stackable: Type.Boolean(),
  priority: Type.Integer(),
  used: Type.Integer({ description: 'By orders that are paid' }),
  reserved: Type.Integer({ description: 'By orders that are not paid yet' }),
  createdAt: Timestamp,
  version: Type.Integer(),
};

export const Coupon = Open({ code: Type.String({ examples: ['SAVE-10'] }), ...shown }, { title: 'Coupon' });
export type Coupon = Static<typeof Coupon>;
export const Promotion = Open({ promotionId: Id('promotion'), ...shown }, { title: 'Promotion' });
export type Promotion = Static<typeof Promotion>;
