/**
 * The audit: recomputes stock, holds, orders and payments from snapshots and journal, beside a running server
 * or without one, and compares them with the tables and the provider. It also follows the chain of the audit trail
 * and those of the changes of products.
 *
 * 1. Read only. One partition is in memory at a time; of the others only what is compared across partitions is kept.
 * 2. Actors and rows of a partition are compared as of the same frame, the cut: whatever is written meanwhile is later.
 * 3. Cuts of different partitions, and the provider, are of different moments: what looks wrong across them counts
 *    only if a second look finds it again (`settledMismatches`).
 */
import type { Pool } from 'pg';
import { openDatabase } from '../persistence/database.ts';
import { allPartitions, partitionOf } from '../protocol/address.ts';
import { decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type { Actor } from '../runtime/partition.ts';
import { foldRows, keysInTables, readRows, type TableRows } from './as-of.ts';
import { compareHolds, compareProvider } from './audit-across.ts';
import { orderEntry, stockEntry } from './audit-actors.ts';
import { auditActions } from './audit-chain.ts';
import { compareOrder, compareStock } from './audit-compare.ts';
import {
  type HoldEntry,
  inBrief,
  type Mismatch,
  type OrderInBrief,
  type ProviderLedger,
} from './audit-entries.ts';
import { auditChains } from './audit-provenance.ts';
import { type Inspection, type InspectionDeps, inspect, readOn } from './inspection.ts';

interface AuditDeps {
  readonly inspection: InspectionDeps;
  readonly pool: Pool;
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
    /** Of administrators and operators: those of the audit trail. */
    actions: number;
    frames: number;
    /** Products with a chain of changes, and the links of all chains. */
    products: number;
    changes: number;
  };
  /** The audit trail's last hash: whoever keeps it elsewhere sees it when last actions were taken off. Null: there is none. */
  auditHead: string | null;
  /** By partition: the frame at which it was cut. */
  readonly cuts: number[];
}

interface Findings {
  readonly report: AuditReport;
  readonly orders: Map<string, OrderInBrief>;
  /** Committing and committed ones. */
  readonly holds: Map<string, HoldEntry>;
}

/** Trimming may overtake us: the partition is then looked at again. */
const triesMax = 5;
const framesPerRead = 512;

export async function audit(deps: AuditDeps): Promise<AuditReport> {
  const report: AuditReport = {
    mismatches: [],
    compared: {
      ...{ skus: 0, holds: 0, orders: 0, ordersUnderWay: 0, payments: null },
      ...{ actions: 0, frames: 0, products: 0, changes: 0 },
    },
    auditHead: null,
    cuts: [],
  };
  const findings: Findings = { report, orders: new Map(), holds: new Map() };
  // Before the actors: whatever has a row now must be known to an actor afterwards.
  const keysByPartition = await keysOfRows(deps);
  for (const partition of allPartitions)
    await auditPartition(partition, keysByPartition[partition]!, findings, deps);
  report.mismatches.push(...compareHolds(findings.orders, findings.holds, deps.nowMs()));
  const provider = await deps.provider(findings.orders);
  if (provider) {
    report.compared.payments = provider.payments.length;
    report.mismatches.push(...compareProvider(findings.orders, provider));
  }
  const chains = await auditChains(deps.pool);
  Object.assign(report.compared, { products: chains.products, changes: chains.changes });
  report.mismatches.push(...chains.mismatches);
  const trail = await auditActions(openDatabase(deps.pool).query);
  report.mismatches.push(...trail.mismatches);
  report.compared.actions = trail.count;
  return { ...report, auditHead: trail.head };
}

/** Those of the second look that the first one found as well. */
export function settledMismatches(first: readonly Mismatch[], second: readonly Mismatch[]): Mismatch[] {
  const known = new Set(first.map(({ kind, key }) => `${kind} ${key}`));
  return second.filter(({ kind, key }) => known.has(`${kind} ${key}`));
}

async function keysOfRows(deps: AuditDeps): Promise<string[][]> {
  const addresses: string[][] = allPartitions.map(() => []);
  for await (const { kind, keys } of keysInTables(deps.pool))
    for (const key of keys) addresses[partitionOf(kind, key)]!.push(`${kind}/${key}`);
  return addresses;
}

async function auditPartition(
  partition: number,
  rowAddresses: readonly string[],
  findings: Findings,
  deps: AuditDeps,
): Promise<void> {
  const { mismatches, compared, cuts } = findings.report;
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
    for (const actor of inspection.memory.everyActor()) auditActor(actor, rows, findings);
    return;
  }
}

/** The partition's rows as of the frame that its actors are at; null when frames in between were trimmed meanwhile. */
async function rowsAtCut(inspection: Inspection, deps: AuditDeps): Promise<TableRows | null> {
  const after: JournalRecord[][] = [];
  let isWhole = true;
  const { rows } = await readRows(deps.pool, inspection.partition, async (seq) => {
    // The projection may have gone past our cut meanwhile: then the cut moves on to it.
    await readOn(inspection, seq, deps.inspection);
    if (inspection.seq < seq)
      inspection.fault ??= `its journal ends at frame ${inspection.seq}, but the tables are at frame ${seq}`;
    isWhole = await framesBetween(inspection, seq, after, deps);
    return keysOf(inspection);
  });
  if (!isWhole) return null;
  for (const records of after) foldRows(rows, records);
  return rows;
}

async function framesBetween(
  inspection: Inspection,
  afterSeq: number,
  into: JournalRecord[][],
  deps: AuditDeps,
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

function auditActor(actor: Actor, rows: TableRows, findings: Findings): void {
  const { mismatches, compared } = findings.report;
  if (actor.decider.kind === 'sku') {
    const entry = stockEntry(actor);
    if (!entry) return;
    compared.skus++;
    compared.holds += entry.holds.length;
    mismatches.push(...compareStock(entry, rows.stock.get(entry.sku)));
    for (const hold of entry.holds)
      if (hold.state === 'committing' || hold.state === 'committed') findings.holds.set(hold.holdId, hold);
  }
  if (actor.decider.kind === 'order') {
    const entry = orderEntry(actor);
    if (!entry) return;
    compared.orders++;
    if (!entry.isSettled) compared.ordersUnderWay++;
    const found = rows.orders.get(actor.key);
    mismatches.push(...compareOrder(entry, found && { ...found, payments: [...found.payments.values()] }));
    findings.orders.set(actor.key, inBrief(entry));
  }
}
