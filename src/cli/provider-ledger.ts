/** The provider's side of the audit: the sandbox's whole ledger, or the real provider asked payment by payment. */

import type { Config } from '../config.ts';
import { Payments } from '../market/payments/effects.ts';
import type { OrderInBrief, ProviderLedger, ProviderPayment } from '../ops/audit-entries.ts';
import { fromProvider } from '../protocol/currencies.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import type { Log } from '../protocol/log.ts';
import { fetchLedger, type LedgerPayment, readLedger } from '../sandbox/ledger-reader.ts';

type Orders = ReadonlyMap<string, OrderInBrief>;

/** The real provider is asked for no more payments than this: those under way first, then the newest. */
const askedMax = 1_000;
const askedAtOnce = 16;
const replyTimeoutMs = 5_000;

/** Throws when the provider cannot be reached. null: there is none, and no order has ever asked one. */
export async function providerLedger(
  config: Config,
  orders: Orders,
  log: Log,
): Promise<ProviderLedger | null> {
  if (config.stripe.secretKey !== null)
    return pollLedger({ secretKey: config.stripe.secretKey, sandboxUrl: null }, orders, log);
  // The file is written before the sandbox answers: it says the same, and belongs to this data for certain.
  const kept = await readLedger(config.dataDir);
  if (kept) return { payments: kept.map(inOurUnits), isComplete: true };
  const url = await sandboxUrl(config.opsPort);
  if (url !== null) return { payments: (await fetchLedger(url)).map(inOurUnits), isComplete: true };
  if (![...orders.values()].some(({ paymentId }) => paymentId !== null)) return null;
  throw new DoorbusterError(
    'busy',
    `the payment sandbox's ledger is neither under ${config.dataDir} nor served by a server on OPS_PORT ${config.opsPort}`,
  );
}

function inOurUnits({ capturedAmount, refundedAmount, ...payment }: LedgerPayment): ProviderPayment {
  const { amount, currency } = fromProvider(capturedAmount, payment.currency);
  const refunded = fromProvider(refundedAmount, currency).amount;
  return { ...payment, capturedAmount: amount, refundedAmount: refunded, currency };
}

/** Where the running server says that payments go. */
async function sandboxUrl(opsPort: number): Promise<string | null> {
  if (opsPort === 0) return null;
  try {
    const url = `http://127.0.0.1:${opsPort}/readyz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(replyTimeoutMs) });
    const { payments } = (await response.json()) as { payments?: { mode: string; url?: string } };
    return payments?.mode === 'sandbox' ? (payments.url ?? null) : null;
  } catch {
    return null;
  }
}

/** The payments of the orders that may still change, then of the newest, each asked for by its id. */
export async function pollLedger(
  stripe: { secretKey: string | null; sandboxUrl: string | null },
  orders: Orders,
  log: Log,
): Promise<ProviderLedger> {
  const payments = new Payments({ stripe, log, now: Date.now });
  const asked = [...orders]
    .filter(([, order]) => order.paymentId !== null)
    .sort(([, a], [, b]) => Number(a.isSettled) - Number(b.isSettled) || b.createdAtMs - a.createdAtMs)
    .slice(0, askedMax);
  const found: ProviderPayment[] = [];
  try {
    for (let from = 0; from < asked.length; from += askedAtOnce) {
      const some = asked.slice(from, from + askedAtOnce);
      found.push(...(await Promise.all(some.map(([id, { paymentId }]) => poll(payments, id, paymentId!)))));
    }
  } finally {
    await payments.stop();
  }
  return { payments: found, isComplete: false };
}

async function poll(payments: Payments, orderId: string, paymentId: string): Promise<ProviderPayment> {
  const found = await payments.poll(paymentId).catch((error: unknown) => {
    // The provider knows no such payment: that is a finding. Anything else is no answer.
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  });
  return {
    paymentId,
    orderId,
    status: found?.status ?? 'open',
    capturedAmount: found?.captured.amount ?? null,
    refundedAmount: found?.refunded.amount ?? null,
    currency: found?.captured.currency ?? null,
  };
}
