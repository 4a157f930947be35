/** Money on the wire. */
import Type from 'typebox';
import { Closed } from '../../gateway/schemas.ts';

/** A price: not negative, at most 10^12 minor units so that sums stay exact. */
export const Money = Closed(
  {
    amount: Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description: 'Minor units' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' }),
  },
  { title: 'Money' },
);
