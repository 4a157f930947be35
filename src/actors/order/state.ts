/** What the order actor remembers: the facts (facts.ts), what was placed, and the messages that follow from both. */
import type { Sent } from '../../protocol/command.ts';
import type { Decision, PendingMessage } from '../../protocol/decider.ts';
import type { PaymentCommands } from '../payments/commands.ts';
import type { attachHold, commitHold, releaseHold, retakeHold } from '../sku/commands.ts';
import type { EventOf, OrderEvent } from './events.ts';
import type { LineFacts, OrderFacts } from './facts.ts';

export type OrderDecision<Reply = null> = Decision<OrderState, OrderEvent, Reply>;

/** Everything that an order asks of others. */
export type OrderAsks =
  | typeof attachHold
  | typeof commitHold
  | typeof releaseHold
  | typeof retakeHold
  | PaymentCommands;
export type OrderMessage = PendingMessage<Sent<OrderAsks>>;

export type Placed = EventOf<'OrderPlaced'>;

export interface Line extends LineFacts {
  readonly sku: string;
}

export interface OrderState extends OrderFacts {
  readonly orderId: string;
  /** null while nobody has placed this order. */
  placed: Placed | null;
  /** In the order of the OrderPlaced event: by SKU. */
  lines: Line[];
  pending: readonly OrderMessage[];
}

export function initialOrder(orderId: string): OrderState {
  return {
    orderId,
    placed: null,
    status: 'pending',
    payment: 'none',
    paymentId: null,
    failure: null,
    lines: [],
    priced: null,
    refunded: 0,
    disputed: null,
    questionedAt: null,
    version: 0,
    pending: [],
  };
}
