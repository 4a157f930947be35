/**
 * Stock levels are kept by adding up: after an operator has acknowledged a data loss, the rows must begin again at
 * what the SKUs themselves say, or the next events would not fit and halt the projection.
 */
import type pg from 'pg';

interface StockLevel {
  readonly sku: string;
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  readonly allotted: number;
}

const alignText = `UPDATE stock_levels AS s SET on_hand = a.on_hand, held = a.held, sold = a.sold, allotted = a.allotted
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS a(sku, on_hand, held, sold, allotted)
  WHERE s.sku = a.sku`;

export async function alignStock(pool: pg.Pool, levels: readonly StockLevel[]): Promise<void> {
  await pool.query(alignText, [
    levels.map(({ sku }) => sku),
    levels.map(({ onHand }) => onHand),
    levels.map(({ held }) => held),
    levels.map(({ sold }) => sold),
    levels.map(({ allotted }) => allotted),
  ]);
}
