/**
 * The coupon actor: who may use a code, a promotion or an offer, and how often.
 *
 * 1. No more orders have it, reserved or used, than its limit, and none of a buyer beyond the limit of one; whatever the
 *    order in which takes, commits and releases come, and however often.
 * 2. An order has it once. What an order gave back, also before it took it, it cannot take again: a take that comes late
 *    would belong to nobody.
 * 3. A change of the terms takes nothing away from orders that have it.
 */
import {
  type Decider,
  type Decision,
  dispatch,
  type Instant,
  isInstant,
  noEvents,
  type RefusedDecision,
  refuse,
} from '../../protocol/decider.ts';
import type {
  ChangeCoupon,
  CheckCoupon,
  CommitCoupon,
  CouponCommand,
  CouponCommands,
  CouponView,
  DefineCoupon,
  DiscountTerms,
  ReadCoupon,
  ReleaseCoupon,
  RemoveCoupon,
  TakeCoupon,
} from './commands.ts';
import type { CouponEvent } from './events.ts';
import { evolveCoupon } from './evolve.ts';
import { couponVersion, restoreCoupon, snapshotCoupon } from './snapshot.ts';
import { buyersMax, type CouponState, initialCoupon, takesMax } from './state.ts';

type CouponDecision<Reply = null> = Decision<CouponState, CouponEvent, Reply>;

const unchanged: CouponDecision = { code: 'ok', events: noEvents };
const nothingPending = [] as const;

function view({ key, definition, used, reserved, version }: CouponState): CouponView {
  const { kind, terms, createdAtMs } = definition!;
  return { key, kind, terms, used, reserved, createdAtMs, version };
}

/** A number that is no time, or no count, would pass every comparison. */
function areTerms({ limit, limitPerBuyer, startsAtMs, endsAtMs }: DiscountTerms): boolean {
  const isCount = (count: number | null) => count === null || (Number.isSafeInteger(count) && count >= 0);
  const isTime = (atMs: number | null) => atMs === null || isInstant(atMs);
  return isCount(limit) && isCount(limitPerBuyer) && isTime(startsAtMs) && isTime(endsAtMs);
}

function define(
  { definition }: CouponState,
  { kind, terms }: DefineCoupon,
  at: Instant,
): CouponDecision<CouponView> {
  if (definition !== null) {
    const isSame = definition.kind === kind && JSON.stringify(definition.terms) === JSON.stringify(terms);
    return isSame ? { code: 'ok', events: noEvents, reply: view } : refuse('exists_with_different');
  }
  if (!areTerms(terms)) return refuse('validation_failed');
  return { code: 'created', events: [{ type: 'CouponDefined', kind, terms, atMs: at }], reply: view };
}

/** Why there is nothing to show or change for somebody; null when there is. */
function missing(
  { definition, version }: CouponState,
  sellerId: string | null,
  versions: readonly string[] | null,
): RefusedDecision | null {
  if (definition === null || (sellerId !== null && sellerId !== definition.terms.sellerId))
    return refuse('not_found');
  return versions === null || versions.includes(String(version)) ? null : refuse('stale_version');
}

function change(
  state: CouponState,
  { sellerId, versions, terms }: ChangeCoupon,
  at: Instant,
): CouponDecision<CouponView> {
  const refusal = missing(state, sellerId, versions);
  if (refusal !== null) return refusal;
  if (!areTerms(terms)) return refuse('validation_failed');
  return { code: 'ok', events: [{ type: 'CouponChanged', terms, atMs: at }], reply: view };
}

function remove(state: CouponState, { sellerId, versions }: RemoveCoupon, at: Instant): CouponDecision {
  return missing(state, sellerId, versions) ?? { code: 'ok', events: [{ type: 'CouponRemoved', atMs: at }] };
}

function read(state: CouponState, { sellerId }: ReadCoupon): CouponDecision<CouponView> {
  return missing(state, sellerId, null) ?? { code: 'ok', events: noEvents, reply: view };
}

/** `validAtMs`: when it must have been valid. */
function whyNot(state: CouponState, buyerId: string, validAtMs: Instant): RefusedDecision | null {
  const { definition, used, reserved, countByBuyer } = state;
  if (definition === null) return refuse('unknown_coupon');
  const { startsAtMs, endsAtMs, limit, limitPerBuyer } = definition.terms;
  const isNotApplicable = (reason: string) => refuse('coupon_not_applicable', { reason });
  if (startsAtMs !== null && validAtMs < startsAtMs) return isNotApplicable('not_started');
  if (endsAtMs !== null && validAtMs >= endsAtMs) return isNotApplicable('ended');
  if (limitPerBuyer !== null) {
    const own = countByBuyer.get(buyerId) ?? 0;
    if (own >= limitPerBuyer) return isNotApplicable('buyer_limit');
    if (own === 0 && countByBuyer.size >= buyersMax) return refuse('coupon_exhausted');
  }
  return limit !== null && used + reserved >= limit ? refuse('coupon_exhausted') : null;
}

function check(state: CouponState, { buyerId }: CheckCoupon, at: Instant): CouponDecision<CouponView> {
  return whyNot(state, buyerId, at) ?? { code: 'ok', events: noEvents, reply: view };
}

function take(state: CouponState, command: TakeCoupon, at: Instant): CouponDecision {
  const { orderId, buyerId, quotedAtMs } = command;
  const known = state.takeByOrder.get(orderId);
  if (known !== undefined) return known.state === 'released' ? refuse('wrong_state') : unchanged;
  const refusal = whyNot(state, buyerId, quotedAtMs ?? at);
  if (refusal !== null) return refusal;
  // All that are remembered are under way: the order asks again.
  if (state.reserved >= takesMax) return refuse('busy');
  return { code: 'created', events: [{ type: 'CouponTaken', orderId, buyerId, atMs: at }] };
}

function commit({ takeByOrder }: CouponState, { orderId }: CommitCoupon, at: Instant): CouponDecision {
  if (takeByOrder.get(orderId)?.state !== 'reserved') return unchanged;
  return { code: 'ok', events: [{ type: 'CouponCommitted', orderId, atMs: at }] };
}

function release(state: CouponState, { orderId }: ReleaseCoupon, at: Instant): CouponDecision {
  const was = state.takeByOrder.get(orderId)?.state ?? 'nothing';
  if (was === 'released' || state.definition === null) return unchanged;
  return { code: 'ok', events: [{ type: 'CouponReleased', orderId, was, atMs: at }] };
}

export const couponDecider: Decider<CouponState, CouponCommand, CouponEvent> = {
  kind: 'coupon',
  version: couponVersion,
  initial: initialCoupon,
  decide: dispatch<CouponState, CouponCommands, CouponEvent>({
    DefineCoupon: define,
    ChangeCoupon: change,
    RemoveCoupon: remove,
    ReadCoupon: read,
    CheckCoupon: check,
    TakeCoupon: take,
    CommitCoupon: commit,
    ReleaseCoupon: release,
    Tick: () => unchanged,
    Answered: () => unchanged,
  }),
  evolve: evolveCoupon,
  pendingMessages: () => nothingPending,
  deadline: () => Number.POSITIVE_INFINITY,
  snapshot: snapshotCoupon,
  restore: restoreCoupon,
};
