/** The sandbox's calls on refunds. */
import { refuseFraction } from './amounts.ts';
import type { Context, Effect } from './call.ts';
import { amountMax, integer, invalid, metadataOf, mint, onlyKnown, pageOf, required } from './call.ts';
import { known } from './intents.ts';
import { renderCharge, renderList, renderRefund } from './render.ts';
import type { Intent, Refund } from './rows.ts';

export function createRefund({ rows, params, nowMs }: Context): Effect {
  onlyKnown(params, ['amount', 'expand', 'metadata', 'payment_intent', 'reason']);
  const found = known(rows, required(params, 'payment_intent'));
  if (found.status !== 'succeeded')
    throw invalid(`This PaymentIntent (${found.id}) does not have a successful charge to refund.`);
  if (found.dispute)
    throw invalid(`Charge ${found.chargeId} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  const refundable = found.amountCaptured - found.amountRefunded;
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
  const object = renderRefund(refund, intent);
  return {
    status: 200,
    intent,
    refund,
    events: [
      { type: 'refund.created', object },
      { type: 'charge.refunded', object: renderCharge(intent) },
      { type: 'refund.updated', object },
    ],
  };
}

export function listRefunds({ rows, params }: Context): object {
  onlyKnown(params, ['payment_intent', 'created', 'starting_after', 'limit', 'expand']);
  const intentId = params.get('payment_intent') ?? null;
  if (intentId !== null) known(rows, intentId);
  const { page, hasMore } = pageOf(rows.refunds(intentId), params);
  const rendered = page.map((refund) => renderRefund(refund, known(rows, refund.intentId)));
  return renderList('/v1/refunds', rendered, hasMore);
}
