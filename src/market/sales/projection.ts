/** Sales and their items, from the sale actor's events. Tickets and live figures stay with the actor. */
import type pg from 'pg';
import type { SaleEvent } from '../../actors/sale/events.ts';
import {
  evolveFacts,
  type FactEvent,
  type ItemFacts,
  type SaleFacts,
  stockOf,
  withTimes,
} from '../../actors/sale/facts.ts';
import { eventTypes, type Projection, ProjectionBroken } from '../../persistence/projection.ts';
import type { JournalRecord } from '../../protocol/frame.ts';
import { recordProjected } from '../audit/store.ts';
import { type SaleItemRow, type SaleRows, saleItemTable, saleTable } from './rows.ts';
import { steeringsOf } from './steering.ts';

const types = eventTypes<SaleEvent>({
  SaleCreated: true,
  ItemAllotted: true,
  ItemRefused: true,
  SaleChanged: true,
  PrequeueOpened: true,
  SaleStarted: true,
  SalePaused: true,
  SaleResumed: true,
  SaleSoldOut: true,
  SaleReopened: true,
  SaleEnded: true,
  ItemReleased: true,
  ItemPauseSettled: false,
  TicketIssued: false,
  TicketsIssued: false,
  TicketLeft: false,
  TicketsReleased: false,
  AdmissionsExpired: false,
  StockReported: false,
  StocksReported: false,
});

type SaleCreated = Extract<SaleEvent, { type: 'SaleCreated' }>;

function created(saleId: string, event: SaleCreated): SaleRows {
  const { type: _, items, atMs, sellerId, title, queueing, holdSeconds, paymentSeconds } = event;
  const { prequeueAtMs, startsAtMs, endsAtMs } = withTimes(event, atMs);
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

const rowStateByAllocation: Readonly<Record<ItemFacts['allocation'], SaleItemRow['state']>> = {
  pending: 'pending',
  open: 'allotted',
  refused: 'refused',
  released: 'released',
};
const allocationByRowState: Readonly<Record<SaleItemRow['state'], ItemFacts['allocation']>> = {
  pending: 'pending',
  allotted: 'open',
  refused: 'refused',
  released: 'released',
};

/** The sale's facts as its rows tell them. */
function factsOf({ sale, items }: SaleRows): SaleFacts {
  const refusalBySku = new Map(sale.stockRefusals.map(({ sku, ...refusal }) => [sku, refusal]));
  return {
    phase: sale.phase,
    pausedFrom: sale.pausedFrom ?? 'active',
    queueing: sale.queueing,
    items: new Map(
      items.map(({ sku, state }) => [
        sku,
        { sku, allocation: allocationByRowState[state], refusal: refusalBySku.get(sku) ?? null },
      ]),
    ),
    pendingItems: items.filter(({ state }) => state === 'pending').length,
  };
}

function write({ sale, items }: SaleRows, facts: SaleFacts, atMs: number): void {
  const { stock, stockRefusals } = stockOf(facts);
  sale.phase = facts.phase;
  sale.pausedFrom = facts.phase === 'paused' ? facts.pausedFrom : null;
  sale.queueing = facts.queueing;
  sale.stock = stock;
  sale.stockRefusals = stockRefusals;
  sale.updatedAtMs = atMs;
  for (const item of items) item.state = rowStateByAllocation[facts.items.get(item.sku)!.allocation];
}

/** Changes the rows in place, or makes them. What the event means is said by the sale actor's own fold. */
export function foldSale(
  rows: SaleRows | undefined,
  saleId: string,
  event: SaleCreated | FactEvent,
): SaleRows {
  if (event.type === 'SaleCreated') return created(saleId, event);
  if (!rows) throw new ProjectionBroken(`${event.type} of sale ${saleId}, which was never created`);
  const facts = factsOf(rows);
  evolveFacts(facts, event);
  write(rows, facts, event.atMs);
  return rows;
}

async function project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void> {
  const touched = new Map<string, SaleRows>();
  const known = [...new Set(records.map((record) => record.key))];
  for (const sale of await saleTable.load(client, known)) touched.set(sale.saleId, { sale, items: [] });
  for (const item of await saleItemTable.load(client, known)) touched.get(item.saleId)?.items.push(item);
  for (const { key, event } of records)
    touched.set(key, foldSale(touched.get(key), key, event as SaleCreated | FactEvent));
  const rows = [...touched.values()];
  await saleTable.save(
    client,
    rows.map(({ sale }) => sale),
  );
  await saleItemTable.save(
    client,
    rows.flatMap(({ items }) => items),
  );
  await recordProjected(client, steeringsOf(records));
}

export const projection: Projection = { kind: 'sale', types, project };
