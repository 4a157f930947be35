/** What the order actor remembers: the facts (facts.ts), what was placed, and the messages that follow from both. */
import type { Sent } from '../../protocol/command.ts';
import type { Decision, PendingMessage } from '../../protocol/decider.ts';
import type { cartOrdered } from '../cart/commands.ts';
import type { commitCoupon, releaseCoupon, takeCoupon } from '../coupon/commands.ts';
import type { PaymentCommands } from '../payments/commands.ts';
import type { attachHold, commitHold, releaseHold, retakeHold, takeStock } from '../sku/commands.ts';
import type { EventOf, OrderEvent } from './events.ts';
import type { CouponFacts, LineFacts, OrderFacts } from './facts.ts';

export type OrderDecision<Reply = null> = Decision<OrderState, OrderEvent, Reply>;

/** What an order asks of others, coupons apart. */
export type OrderAsks =
  | typeof attachHold
  | typeof commitHold
  | typeof releaseHold
  | typeof retakeHold
  | typeof takeStock
  | typeof cartOrdered
  | PaymentCommands;
/** Its key is the coupon. */
type CouponMessage = PendingMessage<Sent<typeof takeCoupon | typeof commitCoupon | typeof releaseCoupon>>;
export type OrderMessage = PendingMessage<Sent<OrderAsks>> | CouponMessage;

export function isToCoupon(message: OrderMessage): message is CouponMessage {
  return message.kind === 'coupon';
}

export type Placed = EventOf<'OrderPlaced'>;

export interface Line extends LineFacts {
  readonly sku: string;
}

export interface OrderState extends OrderFacts {
  readonly orderId: string;
  /** null while nobody has placed this order. */
  placed: Placed | null;
  /** In the order of the OrderPlaced event: holds by SKU, then items by SKU. */
  lines: Line[];
  coupons?: CouponFacts[];
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
