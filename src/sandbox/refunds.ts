/** The sandbox's calls on refunds. */
import { refuseFraction } from './amounts.ts';
import type { Context, Effect } from './call.ts';
import {
  amountMax,
  bankMs,
  integer,
  invalid,
  metadataOf,
  mint,
  onlyKnown,
  type ProviderEvent,
  pageOf,
  required,
  slowMs,
} from './call.ts';
import { refundFailingCard } from './cards.ts';
import { known } from './intents.ts';
import { renderList, renderRefund } from './render.ts';
import { disputeAt, givenBack, type Intent, type Refund } from './rows.ts';

const made: readonly ProviderEvent[] = [
  { type: 'refund.created' },
  { type: 'charge.refunded' },
  { type: 'refund.updated' },
];
const arrived: ProviderEvent = { type: 'refund.updated', afterMs: slowMs };
const failed: readonly ProviderEvent[] = [
  { type: 'charge.refund.updated', afterMs: bankMs },
  { type: 'refund.updated', afterMs: bankMs },
  { type: 'refund.failed', afterMs: bankMs },
];

export function createRefund({ rows, params, nowMs, refunding }: Context): Effect {
  onlyKnown(params, ['amount', 'expand', 'metadata', 'payment_intent', 'reason']);
  const found = known(rows, required(params, 'payment_intent'));
  if (found.status !== 'succeeded')
    throw invalid(`This PaymentIntent (${found.id}) does not have a successful charge to refund.`);
  const dispute = disputeAt(found, nowMs);
  if (dispute && dispute.status !== 'won')
    throw invalid(`Charge ${found.chargeId} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  const refundable = found.amountCaptured - givenBack(found, nowMs);
  if (refundable === 0)
    throw invalid(`Charge ${found.chargeId} has already been refunded.`, { code: 'charge_already_refunded' });
  const amount = integer(params, 'amount', refundable, 1, amountMax);
  if (amount > refundable)
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${refundable})`, {
      param: 'amount',
    });
  refuseFraction(amount, found.currency, 'amount');
  const intent: Intent = { ...found, amountRefunded: found.amountRefunded + amount };
  const refund: Refund = {
    id: mint('re'),
    intentId: found.id,
    amount,
    createdAtMs: nowMs,
    metadata: metadataOf(params),
  };
  if (!refunding.isBad && found.paymentMethod !== refundFailingCard)
    return refunding.isSlow
      ? {
          status: 200,
          intent,
          refund: { ...refund, arrivesAtMs: nowMs + slowMs },
          events: [...made, arrived],
        }
      : { status: 200, intent, refund, events: made };
  const failsAtMs = nowMs + bankMs;
  return {
    status: 200,
    intent: { ...intent, failedRefunds: [...(found.failedRefunds ?? []), { amount, atMs: failsAtMs }] },
    refund: { ...refund, failsAtMs },
    events: [...made, ...failed],
  };
}

export function listRefunds({ rows, params, nowMs }: Context): object {
  onlyKnown(params, ['payment_intent', 'created', 'starting_after', 'limit', 'expand']);
  const intentId = params.get('payment_intent') ?? null;
  if (intentId !== null) known(rows, intentId);
  const { page, hasMore } = pageOf(rows.refunds(intentId), params);
  const rendered = page.map((refund) => renderRefund(refund, known(rows, refund.intentId), nowMs));
  return renderList('/v1/refunds', rendered, hasMore);
}
