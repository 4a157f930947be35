/** Rules for listings, and what they find, on the wire. */
import Type, { type Static, type TObject, type TProperties } from 'typebox';
import { Closed, Open } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Money } from '../pricing/schemas.ts';

const itemsMax = 1_000;

const ForbiddenWord = Closed({
  pattern: Type.Optional(
    Line(100, {
      examples: ['replica'],
      description: 'A word or several in a row, compared after NFKC and case folding; no regular expression',
    }),
  ),
  category: Type.Optional(
    Line(200, { examples: ['Weapons > Guns'], description: 'A path: it and its branches' }),
  ),
  action: Type.Enum(['hold', 'refuse'], {
    description: '`hold`: the listing waits for an administrator; `refuse`: it is not taken',
  }),
});
export type ForbiddenWord = Static<typeof ForbiddenWord>;

/** Rules as they are answered: later versions may say more of one. */
const shown = <Item extends TProperties>(item: TObject<Item>, title: string) =>
  Open({ items: Type.Array(Open(item.properties)) }, { title });

export const ForbiddenWords = Closed(
  {
    items: Type.Array(ForbiddenWord, {
      maxItems: itemsMax,
      description: 'Each with a `pattern` or a `category`',
      examples: [[{ pattern: 'replica', action: 'hold' }]],
    }),
  },
  { title: 'NewForbiddenWords' },
);
export const ShownWords = shown(ForbiddenWord, 'ForbiddenWords');

const minorUnits = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000_000,
  examples: [500],
  description: 'Minor units',
});

const PriceBound = Closed({
  currency: Money.properties.currency,
  category: Type.Optional(
    Line(200, {
      examples: ['Electronics > Phones'],
      description: 'A path: it and its branches; absent: all',
    }),
  ),
  min: Type.Optional(minorUnits),
  max: Type.Optional(minorUnits),
});
export type PriceBound = Static<typeof PriceBound>;

export const PriceBounds = Closed(
  {
    items: Type.Array(PriceBound, {
      maxItems: itemsMax,
      description: 'A listing with a price below `min` or above `max` of one that is for it is held',
      examples: [[{ currency: 'USD', category: 'Electronics > Phones', min: 5000 }]],
    }),
  },
  { title: 'NewPriceBounds' },
);
export const ShownBounds = shown(PriceBound, 'PriceBounds');

export const Reason = Open(
  {
    code: Type.String({
      examples: ['forbidden_word'],
      description:
        '`forbidden_word`, `forbidden_category`, `suspicious_price`, `rejected_before`, `sent_as_held`; later versions may have more',
    }),
    detail: Type.String({ examples: ['"replica" in the title'] }),
  },
  { title: 'HoldReason' },
);
export type Reason = Static<typeof Reason>;
