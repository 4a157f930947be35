/** The sandbox's calls on disputes. As in the provider's test mode, the text of the evidence says who wins. */
import {
  type Context,
  type Effect,
  invalid,
  onlyKnown,
  type Params,
  type ProviderEvent,
  pageOf,
} from './call.ts';
import { known } from './intents.ts';
import { renderDispute, renderList } from './render.ts';
import { type Dispute, disputeAt, type Intent } from './rows.ts';

const listParams = ['payment_intent', 'created', 'starting_after', 'limit', 'expand'];

export function listDisputes({ rows, params, nowMs }: Context): object {
  onlyKnown(params, listParams);
  const intentId = params.get('payment_intent');
  const intents = intentId === undefined ? rows.disputed() : [known(rows, intentId)];
  const disputes = intents.flatMap((intent) => {
    const dispute = disputeAt(intent, nowMs);
    return dispute ? [{ ...dispute, intent }] : [];
  });
  const { page, hasMore } = pageOf(disputes, params);
  const rendered = page.map(({ intent, ...dispute }) => renderDispute(dispute, intent));
  return renderList('/v1/disputes', rendered, hasMore);
}

export function readDispute(context: Context, id: string): object {
  onlyKnown(context.params, ['expand']);
  const { intent, dispute } = disputed(context, id);
  return renderDispute(dispute, intent);
}

function disputed({ rows, nowMs }: Context, id: string): { intent: Intent; dispute: Dispute } {
  const intent = rows.disputedBy(id);
  const dispute = intent ? disputeAt(intent, nowMs) : null;
  if (!intent || !dispute) throw invalid(`No such dispute: '${id}'`, { code: 'resource_missing' }, 404);
  return { intent, dispute };
}

/** Takes evidence; `winning_evidence` and `losing_evidence` decide the dispute at once. */
export function answerDispute(context: Context, id: string): Effect {
  onlyKnown(context.params, ['evidence', 'submit', 'metadata', 'expand']);
  return decided(context, id, verdictOf(context.params));
}

/** The shop gives in. */
export function closeDispute(context: Context, id: string): Effect {
  onlyKnown(context.params, ['expand']);
  return decided(context, id, 'lost');
}

function verdictOf(params: Params): Dispute['status'] {
  switch (params.get('evidence[uncategorized_text]')) {
    case 'winning_evidence':
      return 'won';
    case 'losing_evidence':
      return 'lost';
    default:
      return 'needs_response';
  }
}

const eventsOf: Readonly<Record<NonNullable<Dispute['status']>, readonly ProviderEvent[]>> = {
  needs_response: [{ type: 'charge.dispute.updated' }],
  won: [
    { type: 'charge.dispute.updated' },
    { type: 'charge.dispute.funds_reinstated' },
    { type: 'charge.dispute.closed' },
  ],
  lost: [{ type: 'charge.dispute.updated' }, { type: 'charge.dispute.closed' }],
};

function decided(context: Context, id: string, status: Dispute['status'] = 'needs_response'): Effect {
  const { intent, dispute } = disputed(context, id);
  if (dispute.status === 'won' || dispute.status === 'lost')
    throw invalid('This dispute is already closed.', { code: 'dispute_closed' });
  return {
    status: 200,
    intent: { ...intent, dispute: { ...dispute, status } },
    events: eventsOf[status],
  };
}
