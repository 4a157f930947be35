/**
 * The facts of an order: how far it, its lines and its payment have come. This is the one place that says what an
 * order's events mean: the actor and the tables of orders call the same fold.
 */
import { unknownEvent } from '../../protocol/decider.ts';
import type {
  OrderFailure,
  OrderLine,
  OrderStatus,
  OrderTerms,
  OrderView,
  PaymentStatus,
} from './commands.ts';
import type { EventOf, OrderEvent } from './events.ts';
import type { CouponStep, LineStep, PaymentStep } from './flow.ts';

export interface LineFacts {
  /** The hold that stands for this line now. */
  holdId: string;
  step: LineStep;
  /** While lost: the hold that is being tried instead, and since when. */
  newHoldId: string | null;
  lostAtMs: number;
  /** It was lost once: the second time the order fails. */
  isRetaken: boolean;
  /** What was bought; null until the hold was taken, and in tables that were moved past the frame that said it. */
  taken: OrderLine | null;
}

export interface CouponFacts {
  /** The key of its actor. */
  readonly coupon: string;
  step: CouponStep;
}

export type Priced = Omit<EventOf<'OrderPriced'>, 'type' | 'atMs'>;

export interface OrderFacts {
  status: OrderStatus;
  payment: PaymentStep;
  paymentId: string | null;
  failure: OrderView['failure'];
  readonly lines: readonly LineFacts[];
  /** Absent where the order has none; the tables know nothing of their steps. */
  readonly coupons?: readonly CouponFacts[];
  /** Absent where the cart hears nothing of the order. */
  isCartTold?: boolean;
  priced: Priced | null;
  /** Minor units that went back to the buyer. */
  refunded: number;
  /** Minor units that the buyer's bank has, or holds back; null when there is no dispute. */
  disputed: number | null;
  /** The version at which the provider was last found to know more than this; null when there is nothing to ask. */
  questionedAt: number | null;
  version: number;
}

/** What is placed, and that its address is forgotten, is handled by the caller (actor or projection), all else here. */
export function evolveFacts(facts: OrderFacts, event: OrderEvent): void {
  if (isSeen(event)) facts.version++;
  switch (event.type) {
    case 'OrderPlaced':
    case 'AddressForgotten':
      break;
    case 'OrderPriced':
      facts.priced = event;
      facts.status = event.total.amount === 0 ? 'committing' : 'authorizing';
      if (event.total.amount > 0) facts.payment = 'asked';
      break;
    case 'OrderConfirmed':
      facts.status = 'confirmed';
      break;
    case 'OrderFailed':
      facts.status = event.status;
      // `ok`: the buyer cancelled, which is no failure.
      if (event.code !== 'ok') facts.failure = failureOf(event);
      break;
    case 'LineTaken':
    case 'LineRefused':
    case 'LineCommitted':
    case 'LineLost':
    case 'LineRetaken':
    case 'LineReleased':
      applyToLine(facts, event);
      askWaiting(facts);
      break;
    case 'DiscountTaken':
    case 'DiscountRefused':
    case 'DiscountCommitted':
    case 'DiscountReleased':
      facts.coupons!.find(({ coupon }) => coupon === event.coupon)!.step = couponStepAfter[event.type];
      askWaiting(facts);
      break;
    case 'CartTold':
      facts.isCartTold = true;
      break;
    case 'PaymentAuthorized':
    case 'PaymentDeclined':
    case 'PaymentFailed':
    case 'PaymentCaptured':
    case 'PaymentSettled':
    case 'PaymentQuestioned':
    case 'PaymentExamined':
    case 'RefundExamined':
      applyToPayment(facts, event);
      break;
    default:
      unknownEvent(event);
  }
}

type UnseenEvent = EventOf<
  'DiscountTaken' | 'DiscountRefused' | 'DiscountCommitted' | 'DiscountReleased' | 'CartTold'
>;

const couponStepAfter: Readonly<Record<Exclude<UnseenEvent['type'], 'CartTold'>, CouponStep>> = {
  DiscountTaken: 'taken',
  DiscountRefused: 'refused',
  DiscountCommitted: 'committed',
  DiscountReleased: 'released',
};

/** It changes something that the buyer sees, and so the order's version. */
export function isSeen({ type }: OrderEvent): boolean {
  return type !== 'CartTold' && !(type in couponStepAfter);
}

/** A line whose hold is not assigned yet. */
export function newLine(holdId: string, step: LineStep = 'asked'): LineFacts {
  return { holdId, step, newHoldId: null, lostAtMs: 0, isRetaken: false, taken: null };
}

/** Holds are asked for once all items and coupons are taken. */
function askWaiting({ status, lines, coupons = [] }: OrderFacts): void {
  if (status !== 'pending' || coupons.some(({ step }) => step !== 'taken')) return;
  if (lines.some(({ step }) => step !== 'taken' && step !== 'waiting')) return;
  for (const line of lines) if (line.step === 'waiting') line.step = 'asked';
}

function failureOf(event: EventOf<'OrderFailed'>): OrderFailure {
  const { type: _, status: __, atMs: ___, ...failure } = event;
  return failure;
}

function applyToLine(
  facts: OrderFacts,
  event: EventOf<'LineTaken' | 'LineRefused' | 'LineCommitted' | 'LineLost' | 'LineRetaken' | 'LineReleased'>,
): void {
  const holdId = event.type === 'LineTaken' ? event.line.holdId : event.holdId;
  const line = facts.lines.find((each) => each.holdId === holdId)!;
  switch (event.type) {
    case 'LineTaken':
      line.step = 'taken';
      line.taken = event.line;
      break;
    case 'LineRefused':
      line.step = 'refused';
      break;
    case 'LineCommitted':
      line.step = 'committed';
      break;
    case 'LineLost':
      line.step = 'lost';
      line.newHoldId = event.newHoldId;
      line.lostAtMs = event.atMs;
      break;
    case 'LineRetaken':
      line.step = 'taken';
      line.holdId = event.newHoldId;
      line.newHoldId = null;
      line.isRetaken = true;
      if (line.taken !== null) line.taken = { ...line.taken, holdId: event.newHoldId };
      break;
    case 'LineReleased':
      line.step = 'released';
      break;
  }
}

function applyToPayment(
  facts: OrderFacts,
  event: EventOf<
    | 'PaymentAuthorized'
    | 'PaymentDeclined'
    | 'PaymentFailed'
    | 'PaymentCaptured'
    | 'PaymentSettled'
    | 'PaymentQuestioned'
    | 'PaymentExamined'
    | 'RefundExamined'
  >,
): void {
  switch (event.type) {
    case 'PaymentAuthorized':
      facts.payment = 'authorized';
      facts.paymentId = event.paymentId;
      if (facts.status === 'authorizing') facts.status = 'committing';
      break;
    case 'PaymentDeclined':
      facts.payment = 'declined';
      facts.paymentId = event.paymentId;
      break;
    case 'PaymentFailed':
      // A failed capture leaves the authorisation in force: it is still to be voided.
      if (facts.payment === 'asked') facts.payment = 'failed';
      break;
    case 'PaymentCaptured':
      facts.payment = 'captured';
      // The actor knows it from the authorisation; tables that were moved past that learn it here.
      facts.paymentId = event.paymentId;
      break;
    case 'PaymentSettled':
      facts.payment = event.paymentStatus;
      if (event.paymentStatus === 'refunded') {
        facts.status = 'refunded';
        facts.refunded = facts.priced?.total.amount ?? facts.refunded;
      }
      break;
    case 'PaymentQuestioned':
      facts.questionedAt = facts.version;
      break;
    case 'PaymentExamined':
      facts.questionedAt = null;
      facts.refunded = event.refunded.amount;
      facts.disputed = event.disputed?.amount ?? null;
      if (event.paymentStatus !== 'refunded') break;
      facts.payment = 'refunded';
      // What was sent off does not come back with the money: only goods that are still here do.
      if (facts.status === 'confirmed' || facts.status === 'cancelled') facts.status = 'refunded';
      break;
    case 'RefundExamined':
      facts.questionedAt = null;
      facts.refunded = event.refunded.amount;
      facts.disputed = event.disputed?.amount ?? null;
      if (event.paymentStatus === 'voided' || event.paymentStatus === 'refunded') {
        facts.payment = event.paymentStatus;
        break;
      }
      facts.payment = 'refund_failed';
      if (facts.status === 'refunded') facts.status = 'cancelled';
      break;
  }
}

const paymentStatusByStep: Readonly<Record<PaymentStep, PaymentStatus>> = {
  none: 'none',
  asked: 'none',
  authorized: 'authorized',
  captured: 'captured',
  declined: 'failed',
  failed: 'failed',
  voided: 'voided',
  refunded: 'refunded',
  refund_failed: 'captured',
};

export function paymentStatusOf({
  payment,
  refunded,
}: Pick<OrderFacts, 'payment' | 'refunded'>): PaymentStatus {
  const status = paymentStatusByStep[payment];
  return status === 'captured' && refunded > 0 ? 'partially_refunded' : status;
}

/** The step behind a row's status; `total`: in minor units, null while the order is not priced. A row cannot tell declined from failed, nor captured from refund_failed; the fold treats both alike. */
export function paymentStepOf(status: PaymentStatus, total: number | null): PaymentStep {
  if (status === 'none') return total === null || total === 0 ? 'none' : 'asked';
  if (status === 'partially_refunded') return 'captured';
  return status;
}

const none: readonly string[] = [];

/** Codes are in upper case; what else is counted like a coupon has an id, which its buyer never typed. */
export function codesOf({ coupons }: Pick<OrderTerms, 'coupons'>): readonly string[] {
  return coupons === undefined ? none : coupons.filter((key) => key === key.toUpperCase());
}
