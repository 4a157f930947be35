/** The till, seen from outside: the provider's ledger, what is under way to it, and how to disturb it. */
import { readMetrics } from '../system/metrics.ts';
import { waitFor } from '../system/server.ts';
import { sandboxFaults } from '../system/shop.ts';
import { type Payment, readPayments } from './audit.ts';
import type { Round } from './round.ts';

export const tellProvider = (round: Round, faults: object) =>
  sandboxFaults({ sandboxUrl: round.world.providerUrl }, faults);

export const noTrouble = {
  delayMs: 0,
  failRate: 0,
  dropAnswerRate: 0,
  oddBody: 0,
  wrongAmount: 0,
  refundPending: 0,
  webhookRepeat: 0,
  webhookReorder: 0,
  webhookDrop: 0,
} as const;

export const paymentsOf = (round: Round) => readPayments(round.world.providerUrl);

export function untilPayments(round: Round, status: string, count: number): Promise<Payment[]> {
  return waitFor(async () => {
    const payments = await paymentsOf(round);
    return payments.filter((payment) => payment.status === status).length >= count && payments;
  }, 20_000);
}

/** Payment commands that the back office has not answered yet. */
export const paymentsOpen = async (round: Round) =>
  (await readMetrics(round.world.server.opsUrl)).value('doorbuster_payments_open');

/** Nobody is at the till, and no call to the provider is under way: the ledger can change hands. */
export async function untilTillIsQuiet(round: Round): Promise<void> {
  round.crowd.isTillClosed = true;
  await waitFor(async () => {
    const metrics = await readMetrics(round.world.server.opsUrl);
    const isBusy = round.crowd.atTill > 0 || metrics.value('doorbuster_payments_open') > 0;
    return !isBusy && metrics.value('doorbuster_outbox_depth', { shard: '0' }) === 0;
  }, 20_000);
}
