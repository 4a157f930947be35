/** Order lines: what was bought, and how far each line's hold has come. A line appears once its hold was taken. */

import type { OrderEvent } from '../../actors/order/events.ts';
import { table } from '../../persistence/table.ts';

export interface LineRow {
  orderId: string;
  position: number;
  holdId: string;
  saleId: string;
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
  state: ['state', 'text'],
});

/** Changes the order's lines in place. `holdIds` are the order's holds as first named. */
export function foldLines(
  lines: LineRow[],
  orderId: string,
  holdIds: readonly string[],
  event: OrderEvent,
): void {
  if (event.type === 'LineTaken') {
    const { unitPrice, lineTotal, discount, tax, ...line } = event.line;
    const position = holdIds.indexOf(line.holdId);
    // Taken once more after frames were lost: the row is there already.
    const known = lines.findIndex((candidate) => candidate.position === position);
    if (known >= 0) lines.splice(known, 1);
    lines.push({
      orderId,
      position,
      ...line,
      currency: unitPrice.currency,
      unitPrice: unitPrice.amount,
      lineTotal: lineTotal.amount,
      discount: discount.amount,
      tax: tax.amount,
      state: 'taken',
    });
    return;
  }
  if (!('holdId' in event)) return;
  // A line that was refused has no row.
  const line = lines.find((candidate) => candidate.holdId === event.holdId);
  if (!line) return;
  switch (event.type) {
    case 'LineCommitted':
      line.state = 'committed';
      break;
    case 'LineLost':
      line.state = 'lost';
      break;
    case 'LineRetaken':
      line.holdId = event.newHoldId;
      line.state = 'taken';
      break;
    case 'LineReleased':
      line.state = 'released';
      break;
  }
}
