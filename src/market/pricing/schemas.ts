/** Money on the wire: what answers say, and the prices that requests set. */
import Type from 'typebox';
import { invalid } from '../../gateway/handling.ts';
import { Closed, Open } from '../../gateway/schemas.ts';
import { currencies, whyNotChargeable } from '../../protocol/currencies.ts';
import { type Money as Amount, times } from '../../protocol/money.ts';

/** Not negative, at most 10^12 minor units so that sums stay exact. */
const amount = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000_000,
  examples: [49_900],
  description: 'Minor units',
});

/** An amount in an answer. Its currency may be one that was sold once and is not any more. */
export const Money = Open(
  { amount, currency: Type.String({ pattern: '^[A-Z]{3}$', examples: ['USD'], description: 'ISO 4217' }) },
  { title: 'Money' },
);

/** An amount in a request: only in currencies that the payment provider charges. */
export const Price = Closed(
  {
    amount,
    currency: Type.Enum([...currencies.keys()], {
      examples: ['USD'],
      description: 'ISO 4217',
      '~must': 'must be a currency that is charged here, such as USD',
    }),
  },
  { title: 'Price' },
);

/**
 * Refuses with `validation_failed` a price that the provider cannot charge, of one unit or of as many as one buyer may have.
 * `path` is the price's JSON pointer.
 */
export function checkChargeable(path: string, price: Amount, unitsMax = 1): void {
  const whyNot = whyNotChargeable(price);
  if (whyNot !== null) invalid(`${path}/amount`, whyNot);
  const whyNotAll = whyNotChargeable(times(price, unitsMax));
  if (whyNotAll !== null) invalid(`${path}/amount`, `${whyNotAll}, the purchase limit's units together`);
}
