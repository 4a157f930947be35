/** What the order actor remembers. Its events are all that is stored; its pending messages follow from this state. */
import type { Sent } from '../../protocol/command.ts';
import type { Decision, PendingMessage } from '../../protocol/decider.ts';
import type { PaymentCommands } from '../payments/commands.ts';
import type { attachHold, commitHold, releaseHold, retakeHold } from '../sku/commands.ts';
import type { OrderLine, OrderStatus, OrderView } from './commands.ts';
import type { OrderEvent } from './events.ts';
import type { LineStep, PaymentStep } from './flow.ts';

export type OrderDecision<Reply = null> = Decision<OrderState, OrderEvent, Reply>;

/** Everything that an order asks of others. */
export type OrderAsks =
  | typeof attachHold
  | typeof commitHold
  | typeof releaseHold
  | typeof retakeHold
  | PaymentCommands;
export type OrderMessage = PendingMessage<Sent<OrderAsks>>;

export type EventOf<Type extends OrderEvent['type']> = Extract<OrderEvent, { type: Type }>;
export type Placed = Omit<EventOf<'OrderPlaced'>, 'type'>;
export type Priced = Omit<EventOf<'OrderPriced'>, 'type' | 'atMs'>;

export interface Line {
  readonly sku: string;
  /** The hold that stands for this line now. */
  holdId: string;
  step: LineStep;
  /** While lost: the hold that is being tried instead, and since when. */
  newHoldId: string | null;
  lostAtMs: number;
  /** It was lost once: the second time the order fails. */
  isRetaken: boolean;
  /** What was bought; null until the hold was taken. */
  taken: OrderLine | null;
}

export interface OrderState {
  readonly orderId: string;
  /** null while nobody has placed this order. */
  placed: Placed | null;
  status: OrderStatus;
  payment: PaymentStep;
  paymentId: string | null;
  failure: OrderView['failure'];
  /** In the order of the OrderPlaced event: by SKU. */
  lines: Line[];
  priced: Priced | null;
  version: number;
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
    version: 0,
    pending: [],
  };
}
