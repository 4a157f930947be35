/** Sales and their items, from the sale actor's events. Tickets and live figures stay with the actor. */
import type pg from 'pg';
import type { Phase, Queueing, SaleView } from '../../actors/sale/commands.ts';
import type { SaleEvent } from '../../actors/sale/events.ts';
import { type Projection, ProjectionBroken } from '../../persistence/projection.ts';
import { table } from '../../persistence/table.ts';
import type { JournalRecord } from '../../protocol/frame.ts';

export interface SaleRow {
  saleId: string;
  sellerId: string;
  title: string;
  phase: Phase;
  pausedFrom: Phase | null;
  stock: SaleView['stock'];
  stockRefusals: SaleView['stockRefusals'];
  queueing: Queueing;
  holdSeconds: number;
  paymentSeconds: number;
  prequeueAtMs: number | null;
  startsAtMs: number;
  endsAtMs: number;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface SaleItemRow {
  saleId: string;
  position: number;
  sku: string;
  quantity: number;
  price: number;
  currency: string;
  purchaseLimit: number;
  state: 'pending' | 'allotted' | 'refused' | 'released';
}

export const saleTable = table<SaleRow>('sales', ['saleId'], {
  saleId: ['sale_id', 'text'],
  sellerId: ['seller_id', 'text'],
  title: ['title', 'text'],
  phase: ['phase', 'text'],
  pausedFrom: ['paused_from', 'text'],
  stock: ['stock', 'text'],
  stockRefusals: ['stock_refusals', 'json'],
  queueing: ['queueing', 'json'],
  holdSeconds: ['hold_seconds', 'integer'],
  paymentSeconds: ['payment_seconds', 'integer'],
  prequeueAtMs: ['prequeue_at', 'instant'],
  startsAtMs: ['starts_at', 'instant'],
  endsAtMs: ['ends_at', 'instant'],
  createdAtMs: ['created_at', 'instant'],
  updatedAtMs: ['updated_at', 'instant'],
});

export const saleItemTable = table<SaleItemRow>('sale_items', ['saleId', 'position'], {
  saleId: ['sale_id', 'text'],
  position: ['position', 'integer'],
  sku: ['sku', 'text'],
  quantity: ['quantity', 'integer'],
  price: ['price', 'integer'],
  currency: ['currency', 'text'],
  purchaseLimit: ['purchase_limit', 'integer'],
  state: ['state', 'text'],
});

const saleEvents: readonly SaleEvent['type'][] = [
  'SaleCreated',
  'ItemAllotted',
  'ItemRefused',
  'SaleChanged',
  'PrequeueOpened',
  'SaleStarted',
  'SalePaused',
  'SaleResumed',
  'SaleSoldOut',
  'SaleReopened',
  'SaleEnded',
  'ItemReleased',
];

export interface SaleRows {
  sale: SaleRow;
  items: SaleItemRow[];
}

function created(saleId: string, event: Extract<SaleEvent, { type: 'SaleCreated' }>): SaleRows {
  const { type: _, items, atMs, sellerId, title, queueing, holdSeconds, paymentSeconds } = event;
  const { prequeueAtMs, startsAtMs, endsAtMs } = event;
  return {
    sale: {
      saleId,
      sellerId,
      title,
      phase: 'scheduled',
      pausedFrom: null,
      stock: 'pending',
      stockRefusals: [],
      queueing,
      holdSeconds,
      paymentSeconds,
      prequeueAtMs,
      startsAtMs,
      endsAtMs,
      createdAtMs: atMs,
      updatedAtMs: atMs,
    },
    items: items.map(({ sku, quantity, price, purchaseLimit }, position) => ({
      saleId,
      position,
      sku,
      quantity,
      price: price.amount,
      currency: price.currency,
      purchaseLimit,
      state: 'pending',
    })),
  };
}

/** Sold out and open again happen behind a pause as well: they change what the sale goes back to. */
function turnTo(sale: SaleRow, phase: Phase): void {
  if (sale.phase === 'paused') sale.pausedFrom = phase;
  else sale.phase = phase;
}

function setItem(rows: SaleRows, sku: string, state: SaleItemRow['state']): void {
  const item = rows.items.find((candidate) => candidate.sku === sku);
  if (item) item.state = state;
  const { sale, items } = rows;
  if (items.some((other) => other.state === 'pending')) return;
  sale.stock = sale.stockRefusals.length > 0 ? 'refused' : 'ready';
}

/** In the order of the items, however they came. */
function sortRefusals({ sale, items }: SaleRows): void {
  const positionOf = (sku: string) => items.findIndex((item) => item.sku === sku);
  sale.stockRefusals.sort((a, b) => positionOf(a.sku) - positionOf(b.sku));
}

/** Changes the rows in place, or makes them. */
export function foldSale(rows: SaleRows | undefined, saleId: string, event: SaleEvent): SaleRows {
  if (event.type === 'SaleCreated') return created(saleId, event);
  if (!rows) throw new ProjectionBroken(`${event.type} of sale ${saleId}, which was never created`);
  const { sale } = rows;
  switch (event.type) {
    case 'ItemAllotted':
      setItem(rows, event.sku, 'allotted');
      break;
    case 'ItemRefused':
      sale.stockRefusals.push({ sku: event.sku, code: event.code, available: event.available });
      sortRefusals(rows);
      setItem(rows, event.sku, 'refused');
      break;
    case 'ItemReleased':
      setItem(rows, event.sku, 'released');
      break;
    case 'SaleChanged':
      sale.queueing = event.queueing;
      break;
    case 'PrequeueOpened':
      sale.phase = 'prequeue';
      break;
    case 'SaleStarted':
      sale.phase = 'active';
      break;
    case 'SalePaused':
      sale.pausedFrom = sale.phase;
      sale.phase = 'paused';
      break;
    case 'SaleResumed':
      sale.phase = sale.pausedFrom ?? 'active';
      sale.pausedFrom = null;
      break;
    case 'SaleSoldOut':
      turnTo(sale, 'sold_out');
      break;
    case 'SaleReopened':
      turnTo(sale, 'active');
      break;
    case 'SaleEnded':
      sale.phase = 'ended';
      sale.pausedFrom = null;
      break;
    default:
      return rows;
  }
  sale.updatedAtMs = event.atMs;
  return rows;
}

async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  const touched = new Map<string, SaleRows>();
  const known = [...new Set(records.map((record) => record.key))];
  for (const sale of await saleTable.load(client, known)) touched.set(sale.saleId, { sale, items: [] });
  for (const item of await saleItemTable.load(client, known)) touched.get(item.saleId)?.items.push(item);
  for (const { key, event } of records) touched.set(key, foldSale(touched.get(key), key, event as SaleEvent));
  const rows = [...touched.values()];
  await saleTable.save(
    client,
    rows.map(({ sale }) => sale),
  );
  await saleItemTable.save(
    client,
    rows.flatMap(({ items }) => items),
  );
}

export const salesProjection: Projection = { kind: 'sale', types: new Set(saleEvents), project };
