/**
 * What the sandbox remembers: payment intents, refunds and the answers saved under idempotency keys.
 *
 * 1. Rows are never changed in place, so a saved answer keeps the very row that it showed.
 * 2. `record` changes memory at once and `flushed` resolves when the file has it: answers wait for that, so what
 *    anybody was told is still true after kill -9.
 * 3. All changes of one turn of the event loop are one write. A write that fails is tried again from the same
 *    position before anything else is answered; the file never holds half a line in its middle.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Decline } from './cards.ts';

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

export interface Intent {
  readonly id: string;
  readonly createdAtMs: number;
  readonly amount: number;
  /** Lower case, as the provider writes it. */
  readonly currency: string;
  readonly captureMethod: 'manual' | 'automatic';
  readonly status: IntentStatus;
  readonly paymentMethod: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly chargeId: string | null;
  readonly amountCaptured: number;
  readonly amountRefunded: number;
  readonly decline: Decline | null;
  readonly canceledAtMs: number | null;
}

export interface Refund {
  readonly id: string;
  readonly intentId: string;
  readonly amount: number;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SavedAnswer {
  readonly key: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly atMs: number;
  readonly intent: Intent;
  readonly refund: Refund | null;
}

/** One line of the file. */
export interface Change {
  readonly intent: Intent;
  readonly refund: Refund | null;
  readonly saved: { key: string; fingerprint: string; status: number; atMs: number } | null;
}

export interface Ledger {
  readonly intents: readonly Intent[];
  intent(id: string): Intent | undefined;
  /** Position in `intents`, which is the order of creation. */
  indexOf(id: string): number | undefined;
  intentsOfOrder(orderId: string): Intent[];
  refunds(intentId: string): readonly Refund[];
  saved(key: string, nowMs: number): SavedAnswer | undefined;
  readonly isFull: boolean;
  record(change: Change): void;
  flushed(): Promise<void>;
  close(): Promise<void>;
}

const intentsMax = 1_000_000;
const savedMax = 500_000;
const savedForMs = 24 * 3600 * 1000;

/** The rows in memory, without the file. */
function createRows() {
  const intents: Intent[] = [];
  const indexById = new Map<string, number>();
  const idsByOrder = new Map<string, string[]>();
  const refundsByIntent = new Map<string, Refund[]>();
  const savedByKey = new Map<string, SavedAnswer>();

  function listed<Item>(map: Map<string, Item[]>, key: string): Item[] {
    const list = map.get(key) ?? [];
    if (list.length === 0) map.set(key, list);
    return list;
  }

  function apply({ intent, refund, saved }: Change): void {
    const index = indexById.get(intent.id);
    if (index === undefined) {
      indexById.set(intent.id, intents.push(intent) - 1);
      const orderId = intent.metadata.orderId;
      if (orderId !== undefined) listed(idsByOrder, orderId).push(intent.id);
    } else {
      intents[index] = intent;
    }
    if (refund) listed(refundsByIntent, intent.id).push(refund);
    if (!saved) return;
    savedByKey.set(saved.key, { ...saved, intent, refund });
    // Keys were set in order of age: the first is the oldest.
    if (savedByKey.size > savedMax) savedByKey.delete(savedByKey.keys().next().value!);
  }

  return {
    intents,
    intent(id: string) {
      const index = indexById.get(id);
      return index === undefined ? undefined : intents[index];
    },
    indexOf: (id: string) => indexById.get(id),
    intentsOfOrder: (orderId: string) =>
      (idsByOrder.get(orderId) ?? []).map((id) => intents[indexById.get(id)!]!),
    refunds: (intentId: string) => refundsByIntent.get(intentId) ?? [],
    saved(key: string, nowMs: number) {
      const saved = savedByKey.get(key);
      if (saved && nowMs - saved.atMs <= savedForMs) return saved;
      savedByKey.delete(key);
      return undefined;
    },
    apply,
  };
}

/** Length of the part of the file that ends with a whole line: what follows was being written when we died. */
function readLines(bytes: Buffer, take: (change: Change) => void): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(10, start);
    if (end < 0) return start;
    let change: Change;
    try {
      change = JSON.parse(bytes.toString('utf8', start, end)) as Change;
    } catch {
      // Only the last line can be torn; a broken one before it means that someone else wrote here.
      if (bytes.indexOf(10, end + 1) < 0) return start;
      throw new Error(`the sandbox's ledger is damaged at byte ${start}`);
    }
    take(change);
    start = end + 1;
  }
}

export async function openLedger(dataDir: string): Promise<Ledger> {
  const folder = join(dataDir, 'sandbox');
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'payments.jsonl');
  const rows = createRows();
  // Opened for appending first, which makes the file; then for writing at positions of our own.
  await (await open(path, 'a')).close();
  const file = await open(path, 'r+');
  let endBytes = readLines(await readFile(path), rows.apply);
  await file.truncate(endBytes);

  let lines: string[] = [];
  /** Bytes whose write has not succeeded yet: they go first. */
  let unwritten = Buffer.alloc(0);
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    try {
      // One turn's changes travel together.
      await new Promise((resolve) => setImmediate(resolve));
      while (unwritten.length > 0 || lines.length > 0) {
        if (unwritten.length === 0) {
          unwritten = Buffer.from(lines.join(''));
          lines = [];
        }
        const { bytesWritten } = await file.write(unwritten, 0, unwritten.length, endBytes);
        endBytes += bytesWritten;
        unwritten = unwritten.subarray(bytesWritten);
      }
    } finally {
      // In the same step as the last look at `lines`: whoever records after this starts a new write.
      writing = null;
    }
  }

  function flushed(): Promise<void> {
    if (!writing && unwritten.length === 0 && lines.length === 0) return Promise.resolve();
    writing ??= write();
    return writing;
  }

  return {
    ...rows,
    get isFull() {
      return rows.intents.length >= intentsMax;
    },
    record(change) {
      rows.apply(change);
      lines.push(`${JSON.stringify(change)}\n`);
    },
    flushed,
    async close() {
      await flushed();
      await file.close();
    },
  };
}
