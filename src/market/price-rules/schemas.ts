/** Price rules on the wire. */
import Type, { type Static, type StaticDecode } from 'typebox';
import { Closed, Id, Instant, Open, Timestamp } from '../../gateway/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money, Price } from '../pricing/schemas.ts';

const percent = Type.Number({
  minimum: -90,
  maximum: 900,
  examples: [20],
  description: 'Added to the price of the owner, taken off where it is negative; two decimals',
});

const stepsMax = 50;

export const NewPriceRule = Closed(
  {
    sku: Sku,
    kind: Type.Enum(['stock', 'time']),
    steps: Type.Array(
      Closed({
        atMost: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 1_000_000_000,
            examples: [5],
            description: 'Units that are left',
          }),
        ),
        at: Type.Optional(Instant()),
        percent,
      }),
      {
        minItems: 1,
        maxItems: stepsMax,
        description:
          'With `atMost` for stock: the smallest that holds; with `at` for time: the latest that has come',
        examples: [[{ atMost: 5, percent: 20 }]],
      },
    ),
    floor: Price,
    ceiling: Price,
  },
  { title: 'NewPriceRule' },
);
export type NewPriceRule = StaticDecode<typeof NewPriceRule>;

export const PriceRule = Open(
  {
    ruleId: Id('priceRule'),
    sellerId: Id('account'),
    sku: Sku,
    kind: Type.Enum(['stock', 'time']),
    steps: Type.Array(
      Open({
        atMost: Type.Optional(Type.Integer()),
        at: Type.Optional(Timestamp),
        percent: Type.Number(),
      }),
    ),
    floor: Money,
    ceiling: Money,
    basePrice: Money,
    price: Money,
    createdAt: Timestamp,
  },
  { title: 'PriceRule' },
);
export type PriceRule = Static<typeof PriceRule>;
