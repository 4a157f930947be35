/** Order lines: what was bought, and how far each line's hold has come. A line appears once its hold was taken. */
import type { OrderLine } from '../../actors/order/commands.ts';
import { type LineFacts, newLine } from '../../actors/order/facts.ts';
import { table } from '../../persistence/table.ts';
import { money } from '../../protocol/money.ts';

export interface LineRow {
  orderId: string;
  position: number;
  holdId: string;
  saleId: string | null;
  sku: string;
  title: string;
  productId: string;
  sellerId: string;
  quantity: number;
  currency: string;
  unitPrice: number;
  lineTotal: number;
  discount: number;
  tax: number;
  /** Both null where the line was not quoted. */
  taxRate: string | null;
  isTaxInclusive: boolean | null;
  state: 'taken' | 'lost' | 'committed' | 'released';
}

export const lineTable = table<LineRow>('order_lines', ['orderId', 'position'], {
  orderId: ['order_id', 'text'],
  position: ['position', 'integer'],
  holdId: ['hold_id', 'text'],
  saleId: ['sale_id', 'text'],
  sku: ['sku', 'text'],
  title: ['title', 'text'],
  productId: ['product_id', 'text'],
  sellerId: ['seller_id', 'text'],
  quantity: ['quantity', 'integer'],
  currency: ['currency', 'text'],
  unitPrice: ['unit_price', 'integer'],
  lineTotal: ['line_total', 'integer'],
  discount: ['discount', 'integer'],
  tax: ['tax', 'integer'],
  taxRate: ['tax_rate', 'text'],
  isTaxInclusive: ['is_tax_inclusive', 'boolean'],
  state: ['state', 'text'],
});

/** What was bought with the line. */
export function lineOf(row: LineRow): OrderLine {
  const { orderId: _, position: __, state: ___, currency, taxRate, isTaxInclusive, ...line } = row;
  const taxTerms = taxRate === null || isTaxInclusive === null ? null : { taxRate, isTaxInclusive };
  return {
    ...line,
    ...taxTerms,
    unitPrice: money(row.unitPrice, currency),
    lineTotal: money(row.lineTotal, currency),
    discount: money(row.discount, currency),
    tax: money(row.tax, currency),
  };
}

/** The line's facts as far as its row tells them; a line without a row waits for its hold, or was refused. */
export function lineFacts(row: LineRow | undefined, holdId: string): LineFacts {
  if (row === undefined) return newLine(holdId);
  return { ...newLine(row.holdId), step: row.state, taken: lineOf(row) };
}

/** The line's row, once its hold was taken. */
export function lineRow(orderId: string, position: number, { step, taken }: LineFacts): LineRow | null {
  if (taken === null || step === 'asked' || step === 'wanted' || step === 'waiting') return null;
  const { unitPrice, lineTotal, discount, tax, taxRate = null, isTaxInclusive = null, ...line } = taken;
  return {
    orderId,
    position,
    ...line,
    currency: unitPrice.currency,
    unitPrice: unitPrice.amount,
    lineTotal: lineTotal.amount,
    discount: discount.amount,
    tax: tax.amount,
    taxRate,
    isTaxInclusive,
    // A line that was taken is refused only in place of the hold that it lost: it stays lost.
    state: step === 'refused' ? 'lost' : step,
  };
}
