/**
 * `npm run audit [-- --json]`: recomputes stock, holds, orders and payments from snapshots and journal and compares them
 * with the tables and the provider. Reads only; works beside a running server or without one.
 *
 * Ends with 0 when nothing differs, 1 with mismatches, 2 for bad flags or settings, 3 when a store or the provider
 * cannot be reached.
 */
import '../environment.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type AuditReport, audit, settledMismatches } from '../ops/audit.ts';
import { countOwners } from '../persistence/data-loss.ts';
import { providerLedger } from './provider-ledger.ts';
import { commandSettings, openStores, type Stores } from './stores.ts';

/** Orders under way settle, and messages between actors arrive, in much less. */
const secondLookAfterMs = 3_000;
/** More are counted, not printed. */
const printedMax = 1_000;

const isJson = readFlags();
const { config, log } = commandSettings();
let stores: Stores | null = null;
try {
  stores = await openStores(config, log);
  const report = await lookTwice(stores);
  process.stdout.write(isJson ? `${JSON.stringify(report, null, 2)}\n` : text(report));
  process.exitCode = report.mismatches.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`doorbuster: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 3;
} finally {
  await stores?.close();
}

function readFlags(): boolean {
  try {
    return parseArgs({ options: { json: { type: 'boolean' } } }).values.json ?? false;
  } catch (error) {
    process.stderr.write(`doorbuster: ${(error as Error).message}\nusage: npm run audit [-- --json]\n`);
    process.exit(2);
  }
}

async function look({ inspection, pool }: Stores): Promise<AuditReport> {
  return audit({
    inspection,
    pool,
    provider: (orders) => providerLedger(config, orders, log),
    nowMs: Date.now,
  });
}

/** Beside a running server things move while we look: only what a second look finds again is a mismatch. */
async function lookTwice(opened: Stores): Promise<AuditReport> {
  const first = await look(opened);
  if (first.mismatches.length === 0 || (await countOwners(opened.pool)) === 0) return first;
  await wait(secondLookAfterMs);
  const second = await look(opened);
  return { ...second, mismatches: settledMismatches(first.mismatches, second.mismatches) };
}

function text({ mismatches, compared, auditHead }: AuditReport): string {
  const { skus, holds, orders, ordersUnderWay, payments, actions, frames, products, changes } = compared;
  const lines = [
    `Compared ${skus} SKUs, ${holds} holds, ${orders} orders (${ordersUnderWay} under way), ${
      payments === null ? 'no payments: there is no provider to ask' : `${payments} payments`
    }; ${frames} frames replayed.`,
    `Followed ${changes} changes of ${products} products, and ${actions} actions of the audit trail${auditHead === null ? '' : `, to ${auditHead}`}.`,
    ...mismatches
      .slice(0, printedMax)
      .map(
        ({ kind, key, expected, found }) =>
          `  ${kind}  ${key}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`,
      ),
    ...(mismatches.length > printedMax ? [`  … and ${mismatches.length - printedMax} more`] : []),
    mismatches.length === 0 ? 'No mismatch.' : `${mismatches.length} mismatches.`,
  ];
  return `${lines.join('\n')}\n`;
}
