/** SKUs and their stock on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Open } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';

export const skuPattern = /^[A-Za-z0-9._-]{1,64}$/;
export const Sku = Type.String({ pattern: skuPattern.source, examples: ['PS-1'] });

export const Stock = Open(
  {
    sku: Sku,
    onHand: Type.Integer({ description: '= available + allotted + held + sold' }),
    held: Type.Integer(),
    sold: Type.Integer(),
    allotted: Type.Integer({ description: 'Set aside for sales, neither held nor sold' }),
    available: Type.Integer({ description: 'What a new sale or an adjustment may take' }),
    asOf: Type.String({ format: 'date-time' }),
  },
  { title: 'Stock' },
);
export type Stock = Static<typeof Stock>;

export const StockAdjustment = Closed({
  adjustmentId: Type.String({
    pattern: '^[A-Za-z0-9._-]{1,64}$',
    description: "The client's own id",
    examples: ['stocktake-7'],
  }),
  delta: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
  reason: Line(200, { examples: ['stocktake'] }),
});
