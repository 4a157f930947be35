/**
 * The second reading: when everybody is done, every acknowledgement in the ledger is read again through the public
 * API, and the provider's own ledger is read from the payment sandbox.
 */
import { type Answer, type Client, NoAnswer } from './client.ts';
import type { Clock } from './clock.ts';
import type { Evidence, PaymentEvidence, StockEvidence } from './evidence.ts';
import type { HoldRecord, Ledger, Reread, TicketRecord } from './ledger.ts';
import type { Seller } from './seller.ts';

export interface RereadParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly saleId: string;
  readonly tokenOf: (buyer: number) => string;
  readonly concurrency: number;
}

export interface AuditParts extends RereadParts {
  readonly seller: Seller;
  /** Base URL of the sandbox, or why its ledger is not read. */
  readonly provider: { readonly url: string } | { readonly skipped: string };
}

const openHoldStates = new Set(['held', 'committing']);
const resolveGraceMs = 15_000;
const patienceMsMax = 360_000;
const paymentPagesMax = 10_000;

export async function audit(parts: AuditParts): Promise<Evidence> {
  const { ledger } = parts;
  await rereadTill(parts);
  await rereadTickets(parts, ledger.tickets);
  const status = await parts.seller.status(parts.saleId);
  return {
    tickets: ledger.tickets,
    holds: ledger.holds,
    orders: ledger.orders,
    servingWentBack: ledger.servingWentBack,
    stock: await readStock(parts, status),
    oversoldReported: Number(status.oversold),
    payments: await readPayments(parts.provider),
  };
}

/** Holds and orders, when they have come to rest. */
export async function rereadTill(parts: RereadParts): Promise<void> {
  await findUnresolvedOrders(parts);
  await rereadHolds(parts);
  await rereadOrders(parts);
}

export function rereadTickets(parts: RereadParts, tickets: readonly TicketRecord[]): Promise<void> {
  return forEach(parts.concurrency, tickets, async (ticket) => {
    const path = `/v1/sales/${parts.saleId}/tickets/${ticket.ticketId}`;
    const answer = await read(parts, ticket.buyer, path);
    ticket.reread = view(answer, (body) => ({ status: body.status, ticketNumber: body.ticketNumber }));
  });
}

function read({ client, tokenOf }: RereadParts, buyer: number, path: string): Promise<Answer> {
  return client.ask({ method: 'GET', path, token: tokenOf(buyer) });
}

function view<View>(answer: Answer, make: (body: Answer['body']) => View): Reread<View> {
  if (answer.status === 200) return make(answer.body);
  if (answer.status === 404) return 'missing';
  return undefined;
}

/** A buyer who had to give up during the checkout may have an order all the same: the list of orders tells. */
async function findUnresolvedOrders(parts: RereadParts): Promise<void> {
  const unresolved = parts.ledger.holds.filter(({ isUnresolved }) => isUnresolved);
  await forEach(parts.concurrency, unresolved, async (hold) => {
    const answer = await read(parts, hold.buyer, '/v1/orders');
    if (answer.status !== 200) return;
    for (const order of answer.body.items ?? []) {
      const isOurs = order.lines?.some((line: { holdId?: string }) => line.holdId === hold.holdId);
      if (isOurs) parts.ledger.acknowledgeOrder(hold, order.orderId, order.status);
    }
  });
}

/** Holds that are still open are given until their time is up. */
async function rereadHolds(parts: RereadParts): Promise<void> {
  const startedAtMs = performance.now();
  let pending: readonly HoldRecord[] = parts.ledger.holds;
  for (;;) {
    await forEach(parts.concurrency, pending, async (hold) => {
      const answer = await read(parts, hold.buyer, `/v1/holds/${hold.holdId}`);
      hold.reread = view(answer, (body) => ({ state: body.state }));
    });
    pending = pending.filter(({ reread }) => typeof reread === 'object' && openHoldStates.has(reread.state));
    const latestMs = pending.reduce((latest, hold) => Math.max(latest, hold.expiresAtMs), 0);
    const isLate = Date.now() > latestMs + resolveGraceMs;
    if (pending.length === 0 || isLate || performance.now() - startedAtMs > patienceMsMax) return;
    await parts.clock.pause(1_000);
  }
}

const finalStatuses = new Set(['confirmed', 'payment_failed', 'expired', 'cancelled', 'refunded']);
const settledPayments = new Set(['none', 'captured', 'voided', 'refunded', 'failed']);

/** An order is read until it has come to rest, which takes the saga a moment after its answer at most. */
async function rereadOrders(parts: RereadParts): Promise<void> {
  let pending = parts.ledger.orders;
  for (let round = 0; round < 60 && pending.length > 0; round++) {
    if (round > 0) await parts.clock.pause(500);
    await forEach(parts.concurrency, pending, async (order) => {
      const answer = await read(parts, order.buyer, `/v1/orders/${order.orderId}`);
      order.reread = view(answer, (body) => ({
        status: body.status,
        paymentStatus: body.paymentStatus,
        totalAmount: body.total?.amount ?? 0,
      }));
    });
    pending = pending.filter(
      ({ reread }) =>
        typeof reread === 'object' &&
        !(finalStatuses.has(reread.status) && settledPayments.has(reread.paymentStatus)),
    );
  }
}

async function readStock({ seller }: AuditParts, status: Answer['body']): Promise<StockEvidence[]> {
  const stock: StockEvidence[] = [];
  for (const { sku, units } of seller.offers) {
    const { onHand, held, sold, allotted, available } = await seller.stock(sku);
    const item = (status.items ?? []).find((candidate: { sku: string }) => candidate.sku === sku);
    const saleSold = Number(item?.sold);
    stock.push({ sku, offered: units, onHand, held, sold, allotted, available, saleSold });
  }
  return stock;
}

async function readPayments(provider: AuditParts['provider']): Promise<PaymentEvidence[] | string> {
  if ('skipped' in provider) return provider.skipped;
  const payments: PaymentEvidence[] = [];
  let cursor = '';
  for (let page = 0; page < paymentPagesMax; page++) {
    const answer = await fetch(`${provider.url}/_sandbox/payments?limit=1000${cursor}`);
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to /_sandbox/payments`);
    const body = (await answer.json()) as { items: PaymentEvidence[]; nextCursor: string | null };
    payments.push(...body.items);
    if (!body.nextCursor || body.items.length === 0) return payments;
    cursor = `&after=${encodeURIComponent(body.nextCursor)}`;
  }
  throw new Error('the sandbox has more payments than this audit reads');
}

/** Where the provider's ledger is, by the operators' port. Throws when that port does not answer. */
export async function findProvider(opsUrl: string | null): Promise<AuditParts['provider']> {
  if (opsUrl === null) return { skipped: '--no-provider' };
  const answer = await fetch(`${opsUrl}/readyz`, { signal: AbortSignal.timeout(5_000) });
  const body = (await answer.json()) as { payments?: { mode?: string; url?: string } };
  if (body.payments?.mode === 'sandbox' && body.payments.url) return { url: body.payments.url };
  return {
    skipped: `the server pays by ${body.payments?.mode ?? 'an unknown provider'}, not by the sandbox`,
  };
}

/** Runs `work` on all items, at most `concurrency` at once. An item whose answer never came stays unread. */
export async function forEach<Item>(
  concurrency: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length) {
      const index = next++;
      try {
        await work(items[index]!, index);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}
