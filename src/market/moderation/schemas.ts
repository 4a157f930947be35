/** Listings that wait for an administrator, on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, Timestamp } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';
import { Product } from '../catalog/schemas.ts';
import { Reason } from '../compliance/schemas.ts';

export const HeldListing = Open(
  { productId: Id('product'), product: Product, reasons: Type.Array(Reason), since: Timestamp },
  { title: 'HeldListing' },
);
export type HeldListing = Static<typeof HeldListing>;

const count = Type.Integer({ minimum: 0 });

export const RulesSweep = Open(
  {
    status: Type.Enum(['running', 'done']),
    checked: count,
    total: Type.Integer({ minimum: 0, description: 'Products that there were when it began' }),
    held: Type.Integer({ minimum: 0, description: 'Listings that wait now because of it' }),
    startedAt: Nullable(Timestamp),
    finishedAt: Nullable(Timestamp),
  },
  { title: 'RulesSweep' },
);
export type RulesSweep = Static<typeof RulesSweep>;

export const Rejection = Closed({
  reason: Line(500, { examples: ['Replicas are not sold here'], description: 'The seller reads it' }),
});
