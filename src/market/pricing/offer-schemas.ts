/** Personal offers on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Instant, Open, Timestamp } from '../../gateway/schemas.ts';
import { Sku } from '../inventory/schemas.ts';
import { Money, Price } from './schemas.ts';

export const NewOffer = Closed(
  {
    accountIds: Type.Array(Id('account'), { minItems: 1, maxItems: 500, description: 'The buyers' }),
    sku: Sku,
    price: Type.Optional(Price),
    percent: Type.Optional(
      Type.Number({ minimum: 0, maximum: 100, examples: [20], description: 'Off; two decimals' }),
    ),
    startsAt: Type.Optional(Instant()),
    endsAt: Type.Optional(Instant('2026-12-01T00:00:00Z')),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Orders that may use it, in all' }),
    ),
  },
  { title: 'NewOffer', description: 'With either a price or a percentage' },
);

export const Offer = Open(
  {
    offerId: Id('offer'),
    sellerId: Id('account'),
    accountIds: Type.Array(Id('account')),
    sku: Sku,
    price: Type.Optional(Money),
    percent: Type.Optional(Type.Number()),
    startsAt: Type.Optional(Timestamp),
    endsAt: Type.Optional(Timestamp),
    limit: Type.Optional(Type.Integer()),
    createdAt: Timestamp,
  },
  { title: 'Offer' },
);
export type Offer = Static<typeof Offer>;
