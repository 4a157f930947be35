/** Stock levels: what each SKU has, from the sku actor's events; and the facts of the feed that follow from them. */
import type pg from 'pg';
import type { SkuEvent } from '../../actors/sku/events.ts';
import { eventTypes, type Projection, ProjectionBroken } from '../../persistence/projection.ts';
import { table } from '../../persistence/table.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import { type Action, recordProjected } from '../audit/store.ts';

export interface StockRow {
  sku: string;
  productId: string;
  sellerId: string;
  onHand: number;
  held: number;
  sold: number;
  /** null: not known yet, because the row is older than the figure; the stock reconciliation fills it in. */
  allotted: number | null;
  updatedAtMs: number;
}

export const stockTable = table<StockRow>('stock_levels', ['sku'], {
  sku: ['sku', 'text'],
  productId: ['product_id', 'text'],
  sellerId: ['seller_id', 'text'],
  onHand: ['on_hand', 'integer'],
  held: ['held', 'integer'],
  sold: ['sold', 'integer'],
  allotted: ['allotted', 'integer'],
  updatedAtMs: ['updated_at', 'instant'],
});

const types = eventTypes<SkuEvent>({
  SkuRegistered: true,
  SkuChanged: false,
  SkuRetired: false,
  SkuReinstated: false,
  StockAdjusted: true,
  AllotmentOpened: true,
  AllotmentClosed: true,
  AllotmentPaused: false,
  HoldPlaced: true,
  HoldsPlaced: true,
  StockTaken: true,
  HoldsAttached: false,
  HoldsCommitted: true,
  HoldsReleased: true,
  HoldAttached: false,
  HoldCommitted: true,
  HoldVoided: true,
  HoldExpired: true,
  UnitsReturned: true,
  HoldsWarned: false,
  HoldsForgotten: false,
  ReportFormed: false,
  ReportAcknowledged: false,
});

/** Changes the row in place, or makes it. */
export function foldStock(row: StockRow | undefined, sku: string, event: SkuEvent): StockRow {
  if (event.type === 'SkuRegistered') {
    const { productId, sellerId, stock, atMs } = event;
    return { sku, productId, sellerId, onHand: stock, held: 0, sold: 0, allotted: 0, updatedAtMs: atMs };
  }
  if (!row) throw new ProjectionBroken(`${event.type} of SKU ${sku}, which was never registered`);
  switch (event.type) {
    case 'StockAdjusted':
      row.onHand += event.delta;
      break;
    case 'AllotmentOpened':
      setAside(row, event.quantity);
      break;
    case 'AllotmentClosed':
      // Records from before the figure do not tell it.
      if (event.freed === undefined) row.allotted = null;
      else setAside(row, -event.freed);
      break;
    case 'HoldPlaced':
      row.held += event.quantity;
      setAside(row, -event.quantity);
      break;
    case 'StockTaken':
      row.held += event.quantity;
      break;
    case 'HoldsPlaced':
      row.held += event.units;
      setAside(row, -event.units);
      break;
    case 'HoldCommitted':
      row.held -= event.quantity;
      row.sold += event.quantity;
      break;
    case 'HoldsCommitted':
      row.held -= event.units;
      row.sold += event.units;
      break;
    case 'HoldsReleased':
      row.held -= event.voided;
      row.sold -= event.returned;
      setAside(row, event.voided + event.returned - event.freed);
      break;
    case 'HoldVoided':
    case 'HoldExpired':
      row.held -= event.quantity;
      if (!event.isFreed) setAside(row, event.quantity);
      break;
    case 'UnitsReturned':
      row.sold -= event.quantity;
      if (!event.isFreed) setAside(row, event.quantity);
      break;
    default:
      return row;
  }
  row.updatedAtMs = event.atMs;
  return row;
}

function setAside(row: StockRow, units: number): void {
  if (row.allotted !== null) row.allotted += units;
}

async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  const rows = new Map<string, StockRow>();
  const before = new Map<string, number>();
  const known = [...new Set(records.map((record) => record.key))];
  for (const row of await stockTable.load(client, known)) {
    rows.set(row.sku, row);
    before.set(row.sku, availableOf(row));
  }
  for (const { key, event } of records) rows.set(key, foldStock(rows.get(key), key, event as SkuEvent));
  await stockTable.save(client, [...rows.values()]);
  await tellFeed(client, before, rows);
  await recordProjected(client, adjustmentsByOthers(records));
}

/** What operators and administrators did to sellers' stock. */
export function adjustmentsByOthers(records: readonly JournalRecord[]): Action[] {
  return records.flatMap(({ key: target, event }) => {
    const adjusted = event as SkuEvent;
    if (adjusted.type !== 'StockAdjusted' || adjusted.by === undefined) return [];
    const { by: actor, reason, delta, adjustmentId } = adjusted;
    return [{ actor, action: 'stock.adjusted', target, reason, details: { delta, adjustmentId } }];
  });
}

function availableOf({ onHand, held, sold, allotted }: StockRow): number {
  return onHand - held - sold - (allotted ?? 0);
}

/**
 * People are shown how many units are left when they are few. A drop sells what was set aside for it, which changes
 * nothing here, so its purchases cost no statement.
 */
const feedText = `INSERT INTO feed (topic, key, type, body)
  SELECT 'item', v.product_id, 'StockChanged', jsonb_build_object('sku', v.sku, 'available', c.after)
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS c(sku, before, after)
    JOIN variants v ON v.sku = c.sku COLLATE "C"
  WHERE c.before IS NULL OR least(c.before, c.after) <= v.low_stock_threshold
  ORDER BY v.sku`;

async function tellFeed(
  client: pg.ClientBase,
  before: ReadonlyMap<string, number>,
  rows: ReadonlyMap<string, StockRow>,
): Promise<void> {
  const changed = [...rows.values()].filter((row) => before.get(row.sku) !== availableOf(row));
  if (changed.length === 0) return;
  await client.query({
    name: 'stock_changed',
    text: feedText,
    values: [
      changed.map(({ sku }) => sku),
      changed.map(({ sku }) => before.get(sku) ?? null),
      changed.map(availableOf),
    ],
  });
}

export const projection: Projection = { kind: 'sku', types, project };
