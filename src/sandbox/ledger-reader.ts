/** The sandbox's ledger from outside: over HTTP while it runs, or from its file. Nothing is written. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ledgerPath, parseChange } from './ledger.ts';
import { givenBack, type Intent } from './rows.ts';
import { type PaymentState, stateOf } from './totals.ts';

export interface LedgerPayment {
  readonly paymentId: string;
  readonly orderId: string | null;
  readonly status: PaymentState;
  /** Both in the provider's units. */
  readonly capturedAmount: number;
  readonly refundedAmount: number;
  readonly currency: string;
}

const pageSize = 1_000;
const replyTimeoutMs = 10_000;

/** Throws when the sandbox does not answer. */
export async function fetchLedger(sandboxUrl: string): Promise<LedgerPayment[]> {
  const payments: LedgerPayment[] = [];
  for (let after: string | null = null; ; ) {
    const url = new URL('/_sandbox/payments', sandboxUrl);
    url.searchParams.set('limit', String(pageSize));
    if (after !== null) url.searchParams.set('after', after);
    const response = await fetch(url, { signal: AbortSignal.timeout(replyTimeoutMs) });
    if (!response.ok) throw new Error(`the sandbox answered ${response.status}`);
    const page = (await response.json()) as { items: LedgerPayment[]; nextCursor: string | null };
    payments.push(...page.items);
    after = page.nextCursor;
    if (after === null) return payments;
  }
}

/** null when no sandbox ever ran on this folder. A last line that is being written is left out. */
export async function readLedger(dataDir: string): Promise<LedgerPayment[] | null> {
  const path = ledgerPath(dataDir);
  if (!existsSync(path)) return null;
  const intents = new Map<string, Intent>();
  let torn: string | null = null;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (torn !== null) throw new Error(`${path} is damaged: ${torn.slice(0, 80)}`);
    try {
      const { intent } = parseChange(line);
      intents.set(intent.id, intent);
    } catch {
      torn = line;
    }
  }
  const nowMs = Date.now();
  return [...intents.values()].map((intent) => ({
    paymentId: intent.id,
    orderId: intent.metadata.orderId ?? null,
    status: stateOf(intent, nowMs),
    capturedAmount: intent.amountCaptured,
    refundedAmount: givenBack(intent, nowMs),
    currency: intent.currency.toUpperCase(),
  }));
}
