/**
 * Brings what the provider told of a payment to the order that it belongs to.
 *
 * 1. Money that moved belongs to the order of its payment. What somebody wrote on a refund, a dispute or a charge
 *    (`metadata.orderId`) may only confirm that: where it names another order, the payment is believed.
 * 2. A payment that the tables do not have may be a new one. The order that is named is asked then, and refuses what is not of its
 *    own payment.
 * 3. What fits no order is logged and told to nobody.
 */
import { paymentReported } from '../../actors/order/commands.ts';
import type { Ask } from '../../protocol/command.ts';
import { isId } from '../../protocol/ids.ts';
import type { Log } from '../../protocol/log.ts';
import type { ProviderReport } from './provider-event.ts';

/**
 * `taken`: by the order, which may have known it. `contradicted`: taken, but what is written on it names another order. `unknown`:
 * it fits no order. `busy`: nobody could say; bring it again.
 */
export type Delivery = 'taken' | 'contradicted' | 'unknown' | 'busy';

interface DeliveryDeps {
  readonly ask: Ask;
  readonly log: Log;
  /** By the tables, which may be behind. */
  orderOf(paymentId: string): Promise<string | null>;
  /** Whether a payment of then may still be missing from the tables. */
  isYoung(createdAtMs: number): boolean;
}

export async function deliver(told: ProviderReport, deps: DeliveryDeps): Promise<Delivery> {
  const { isMove, report, orderId: named } = told;
  const { paymentId, status } = report;
  const own = isMove ? await deps.orderOf(paymentId) : null;
  const orderId = own ?? (named !== null && isId('order', named) ? named : null);
  const { code } = orderId === null ? notFound : await deps.ask(paymentReported, orderId, report);
  if (code === 'not_found') return unknown(told, deps);
  if (code !== 'ok') return 'busy';
  if (status === 'refund_failed')
    deps.log('error', 'payments: a refund did not reach its buyer', { orderId, paymentId });
  if (own === null || named === null || named === own) return 'taken';
  deps.log('warn', 'payments: what is written on money that moved names another order than its payment', {
    ...{ orderId: own, paymentId, status, named: named.slice(0, 64) },
  });
  return 'contradicted';
}

const notFound = { code: 'not_found' } as const;

function unknown({ isMove, createdAtMs, report }: ProviderReport, { isYoung, log }: DeliveryDeps): Delivery {
  if (isMove && isYoung(createdAtMs)) return 'busy';
  const { paymentId, status } = report;
  log('warn', 'payments: an event about a payment that no order has', { paymentId, status });
  return 'unknown';
}
