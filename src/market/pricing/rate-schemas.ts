/** The tables of rates on the wire, and in the file that they are first read from. */
import Type, { type Static, type TObject, type TProperties } from 'typebox';
import { Closed, Open } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Country } from '../accounts/schemas.ts';
import { Money, Price } from './schemas.ts';

const itemsMax = 1_000;

const Category = Line(200, { examples: ['Food > Sweets'], description: 'A path: it and its branches' });

const TaxRate = Closed({
  country: Country,
  state: Type.Optional(Line(100, { examples: ['NY'], description: 'Compared without regard to case' })),
  category: Type.Optional(Category),
  rate: Type.String({
    pattern: '^(?:0(?:\\.\\d{1,12})?|1(?:\\.0{1,12})?)$',
    maxLength: 14,
    examples: ['0.0625'],
    description: 'A decimal from 0 to 1',
    '~must': 'must be a decimal from 0 to 1 such as 0.0625',
  }),
  inclusive: Type.Boolean({ description: 'Prices contain the tax' }),
});

const days = Type.Integer({ minimum: 0, maximum: 365 });

const ShippingRate = Closed({
  method: Type.String({
    pattern: '^[a-z0-9][a-z0-9_-]{0,39}$',
    examples: ['standard'],
    description: 'Its name: small letters, digits, dashes, underscores',
  }),
  country: Type.Enum(['*', ...Country.enum], {
    examples: ['US'],
    description: '`*`: every country without an entry of its own for this method',
    '~must': 'must be an ISO 3166-1 alpha-2 code such as US, or *',
  }),
  maxWeightGrams: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1_000_000_000, description: 'Of the whole order; absent: any' }),
  ),
  amount: Price,
  minDays: days,
  maxDays: days,
});

const shown = <Item extends TProperties>(item: TObject<Item>, title: string) =>
  Open({ items: Type.Array(Open(item.properties)) }, { title });

export const NewTaxRates = Closed(
  {
    items: Type.Array(TaxRate, {
      maxItems: itemsMax,
      description:
        'One for a place and category; the most specific holds: category before state before country',
      examples: [[{ country: 'US', state: 'NY', rate: '0.04', inclusive: false }]],
    }),
  },
  { title: 'NewTaxRates' },
);
export const TaxRates = shown(TaxRate, 'TaxRates');

export const NewShippingRates = Closed(
  {
    items: Type.Array(ShippingRate, {
      maxItems: itemsMax,
      description: 'An empty table means `standard`, free, and `express` for 9.99',
      examples: [
        [
          {
            ...{ method: 'standard', country: '*', amount: { amount: 0, currency: 'USD' } },
            ...{ minDays: 3, maxDays: 5 },
          },
        ],
      ],
    }),
  },
  { title: 'NewShippingRates' },
);
export const ShippingRates = shown(
  Type.Object({ ...ShippingRate.properties, amount: Money }),
  'ShippingRates',
);

const base = Price.properties.currency;
const exchangeRates = {
  description: 'One of `base` is worth so much of each other currency',
  examples: [{ EUR: '0.9' }],
};
export const NewExchangeRates = Closed(
  {
    base,
    rates: Type.Record(
      Type.String({ pattern: '^[A-Z]{3}$' }),
      Type.String({
        pattern: '^\\d{1,12}(?:\\.\\d{1,12})?$',
        maxLength: 25,
        examples: ['0.9'],
        description: 'A decimal above 0',
        '~must': 'must be a decimal above 0 such as 0.9',
      }),
      { ...exchangeRates, maxProperties: 200, additionalProperties: false },
    ),
  },
  { title: 'NewExchangeRates' },
);
export const ExchangeRates = Open(
  { base, rates: Type.Record(Type.String(), Type.String(), exchangeRates) },
  { title: 'ExchangeRates' },
);

/** What each table holds, by its name. */
export interface RateTables {
  readonly tax: Static<typeof NewTaxRates>;
  readonly shipping: Static<typeof NewShippingRates>;
  readonly exchange: Static<typeof NewExchangeRates>;
}

/** What `RATES_FILE` holds: each table may be there. */
export const RatesFile = Closed({
  taxRates: Type.Optional(NewTaxRates),
  shippingRates: Type.Optional(NewShippingRates),
  exchangeRates: Type.Optional(NewExchangeRates),
});
export type RatesFile = Static<typeof RatesFile>;
