/** Listings that wait for an administrator, on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Open, Timestamp } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Product } from '../catalog/schemas.ts';
import { Reason } from '../compliance/schemas.ts';

export const HeldListing = Open(
  { productId: Id('product'), product: Product, reasons: Type.Array(Reason), since: Timestamp },
  { title: 'HeldListing' },
);
export type HeldListing = Static<typeof HeldListing>;

export const Rejection = Closed({
  reason: Line(500, { examples: ['Replicas are not sold here'], description: 'The seller reads it' }),
});
