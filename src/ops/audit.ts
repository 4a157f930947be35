/**
 * The inventory audit: recomputes stock, holds, orders and payments from snapshots and journal, beside a running server
 * or without one, and compares them with the tables and the provider.
 *
 * 1. Read only. One partition is in memory at a time; of the others only what is compared across partitions is kept.
 * 2. Actors and rows of a partition are compared as of the same frame, the cut: whatever is written meanwhile is later.
 * 3. Cuts of different partitions, and the provider, are of different moments: what looks wrong across them counts
 *    only if a second look finds it again (`settledMismatches`).
 */

import type { OrderView } from '../actors/order/commands.ts';
import type { HoldView, StockView } from '../actors/sku/commands.ts';
import { partitionCount, partitionOf } from '../protocol/address.ts';
import type { AnyCommand } from '../protocol/command.ts';
import { decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type { Actor } from '../runtime/partition.ts';
import {
  compareHolds,
  compareOrder,
  compareProvider,
  compareStock,
  type HoldEntry,
  inBrief,
  type Mismatch,
  type OrderEntry,
  type OrderInBrief,
  type OrderRows,
  type ProviderLedger,
  type StockEntry,
  type StockRow,
} from './audit-compare.ts';
import { type Inspection, type InspectionDeps, inspect, readOn } from './inspection.ts';

export interface Tables {
  readonly stock: ReadonlyMap<string, StockRow>;
  readonly orders: ReadonlyMap<string, OrderRowsOf>;
}

/** As `OrderRows`, with the payments by id. */
interface OrderRowsOf extends Omit<OrderRows, 'payments'> {
  readonly payments: ReadonlyMap<string, OrderRows['payments'][number]>;
}

export interface AuditDeps<Rows extends Tables> {
  readonly inspection: InspectionDeps;
  /** See projections/as-of.ts. */
  readRows(
    partition: number,
    keysAt: (seq: number) => Promise<{ skus: string[]; orderIds: string[] }>,
  ): Promise<{ seq: number; rows: Rows }>;
  foldRows(rows: Rows, records: readonly JournalRecord[]): void;
  keysInTables(): AsyncIterable<{ kind: 'sku' | 'order'; keys: string[] }>;
  /** Asked once all partitions are read. null: there is none to ask. */
  provider(orders: ReadonlyMap<string, OrderInBrief>): Promise<ProviderLedger | null>;
  readonly nowMs: () => number;
}

export interface AuditReport {
  readonly mismatches: Mismatch[];
  readonly compared: {
    skus: number;
    holds: number;
    orders: number;
    ordersUnderWay: number;
    /** null: no provider was asked. */
    payments: number | null;
    frames: number;
  };
  /** By partition: the frame at which it was cut. */
  readonly cuts: number[];
}

interface Ledger {
  readonly report: AuditReport;
  readonly orders: Map<string, OrderInBrief>;
  /** Committing and committed ones. */
  readonly holds: Map<string, HoldEntry>;
}

/** Trimming may overtake us: the partition is then looked at again. */
const triesMax = 5;
const framesPerRead = 512;

export async function audit<Rows extends Tables>(deps: AuditDeps<Rows>): Promise<AuditReport> {
  const report: AuditReport = {
    mismatches: [],
    compared: { skus: 0, holds: 0, orders: 0, ordersUnderWay: 0, payments: null, frames: 0 },
    cuts: [],
  };
  const ledger: Ledger = { report, orders: new Map(), holds: new Map() };
  // Before the actors: whatever has a row now must be known to an actor afterwards.
  const keysByPartition = await keysOfRows(deps);
  for (let partition = 0; partition < partitionCount; partition++)
    await auditPartition(partition, keysByPartition[partition]!, ledger, deps);
  report.mismatches.push(...compareHolds(ledger.orders, ledger.holds, deps.nowMs()));
  const books = await deps.provider(ledger.orders);
  if (books) {
    report.compared.payments = books.payments.length;
    report.mismatches.push(...compareProvider(ledger.orders, books));
  }
  return report;
}

/** Those of the second look that the first one found as well. */
export function settledMismatches(first: readonly Mismatch[], second: readonly Mismatch[]): Mismatch[] {
  const known = new Set(first.map(({ kind, key }) => `${kind} ${key}`));
  return second.filter(({ kind, key }) => known.has(`${kind} ${key}`));
}

async function keysOfRows<Rows extends Tables>(deps: AuditDeps<Rows>): Promise<string[][]> {
  const addresses: string[][] = Array.from({ length: partitionCount }, () => []);
  for await (const { kind, keys } of deps.keysInTables())
    for (const key of keys) addresses[partitionOf(kind, key)]!.push(`${kind}/${key}`);
  return addresses;
}

async function auditPartition<Rows extends Tables>(
  partition: number,
  rowAddresses: readonly string[],
  ledger: Ledger,
  deps: AuditDeps<Rows>,
): Promise<void> {
  const { mismatches, compared, cuts } = ledger.report;
  const key = `partition ${partition}`;
  for (let tries = 1; ; tries++) {
    const inspection = await inspect(partition, deps.inspection);
    const rows = inspection.fault === null ? await rowsAtCut(inspection, deps) : null;
    if (inspection.fault !== null) {
      cuts.push(inspection.seq);
      mismatches.push({ kind: 'journal', key, expected: 'every frame', found: inspection.fault });
      return;
    }
    if (rows === null && tries < triesMax) continue;
    if (rows === null) throw new Error(`${key}: its journal is trimmed faster than it can be read`);
    cuts.push(inspection.seq);
    compared.frames += inspection.frames;
    for (const address of rowAddresses) {
      const slash = address.indexOf('/');
      if (!inspection.memory.find(address.slice(0, slash), address.slice(slash + 1)))
        mismatches.push({ kind: 'row_without_actor', key: address, expected: null, found: 'a row' });
    }
    for (const actor of inspection.memory.everyActor()) auditActor(actor, rows, ledger);
    return;
  }
}

/** The partition's rows as of the frame that its actors are at; null when frames in between were trimmed meanwhile. */
async function rowsAtCut<Rows extends Tables>(
  inspection: Inspection,
  deps: AuditDeps<Rows>,
): Promise<Rows | null> {
  const after: JournalRecord[][] = [];
  let isWhole = true;
  const { rows } = await deps.readRows(inspection.partition, async (seq) => {
    // The projection may have gone past our cut meanwhile: then the cut moves on to it.
    await readOn(inspection, seq, deps.inspection);
    if (inspection.seq < seq)
      inspection.fault ??= `its journal ends at frame ${inspection.seq}, but the tables are at frame ${seq}`;
    isWhole = await framesBetween(inspection, seq, after, deps);
    return keysOf(inspection);
  });
  if (!isWhole) return null;
  for (const records of after) deps.foldRows(rows, records);
  return rows;
}

async function framesBetween<Rows extends Tables>(
  inspection: Inspection,
  afterSeq: number,
  into: JournalRecord[][],
  deps: AuditDeps<Rows>,
): Promise<boolean> {
  for (let seq = afterSeq; seq < inspection.seq; ) {
    const limit = Math.min(framesPerRead, inspection.seq - seq);
    const frames = await deps.inspection.journal.read(inspection.partition, seq, limit);
    if (frames.length === 0) return false;
    for (const frame of frames) {
      if (frame.seq !== seq + 1) return false;
      into.push(decodeFrame(frame).filter(({ kind }) => kind === 'sku' || kind === 'order'));
      seq = frame.seq;
    }
  }
  return true;
}

function keysOf(inspection: Inspection): { skus: string[]; orderIds: string[] } {
  const skus: string[] = [];
  const orderIds: string[] = [];
  for (const { decider, key } of inspection.memory.everyActor()) {
    if (decider.kind === 'sku') skus.push(key);
    if (decider.kind === 'order') orderIds.push(key);
  }
  return { skus, orderIds };
}

function auditActor(actor: Actor, rows: Tables, ledger: Ledger): void {
  const { mismatches, compared } = ledger.report;
  if (actor.decider.kind === 'sku') {
    const book = stockEntry(actor);
    if (!book) return;
    compared.skus++;
    compared.holds += book.holds.length;
    mismatches.push(...compareStock(book, rows.stock.get(book.sku)));
    for (const hold of book.holds)
      if (hold.state === 'committing' || hold.state === 'committed') ledger.holds.set(hold.holdId, hold);
  }
  if (actor.decider.kind === 'order') {
    const book = orderEntry(actor);
    if (!book) return;
    compared.orders++;
    if (!book.isSettled) compared.ordersUnderWay++;
    const found = rows.orders.get(actor.key);
    mismatches.push(...compareOrder(book, found && { ...found, payments: [...found.payments.values()] }));
    ledger.orders.set(actor.key, inBrief(book));
  }
}

/** Asks the actor as anybody would, at a time before every deadline: so the answer is the state and nothing else. */
function ask<View>({ decider, state }: Actor, command: AnyCommand): View | null {
  const { code, reply } = decider.decide(state, command, 0);
  if (code !== 'ok') return null;
  return (typeof reply === 'function' ? reply(state) : reply) as View;
}

function stockEntry(actor: Actor): StockEntry | null {
  const stock = ask<StockView>(actor, { type: 'ReadStock' });
  if (!stock) return null;
  const { sku, onHand, held, sold } = stock;
  const holds: HoldEntry[] = [];
  for (const holdId of actor.decider.allNames?.(actor.state) ?? []) {
    const command = { type: 'ReadHold', holdId, buyerId: null };
    const { quantity, state, orderId } = ask<HoldView>(actor, command)!;
    holds.push({ holdId, sku, quantity, state, orderId });
  }
  return { sku, onHand, held, sold, holds };
}

function orderEntry(actor: Actor): OrderEntry | null {
  const view = ask<OrderView>(actor, { type: 'ReadOrder', buyerId: null } as AnyCommand);
  if (!view) return null;
  const { decider, state } = actor;
  const isSettled =
    decider.pendingMessages(state).length === 0 && decider.deadline(state, 0) === Number.POSITIVE_INFINITY;
  return { view, isSettled };
}
