/** The coupon actor's saved form, version 1: its definition, and a row for each order and buyer that it remembers. */
import { type CouponState, type Definition, initialCoupon, type Take } from './state.ts';

export const couponVersion = 1;

interface Saved {
  readonly definition: Definition | null;
  readonly version: number;
  readonly used: number;
  readonly reserved: number;
  readonly takes: readonly (readonly [orderId: string, buyerId: string | null, state: Take['state']])[];
  readonly buyers: readonly (readonly [buyerId: string, count: number])[];
}

export function snapshotCoupon(state: CouponState): Saved {
  const { definition, version, used, reserved, takeByOrder, countByBuyer } = state;
  return {
    definition: structuredClone(definition),
    version,
    used,
    reserved,
    takes: Array.from(takeByOrder, ([orderId, take]) => [orderId, take.buyerId, take.state] as const),
    buyers: [...countByBuyer],
  };
}

export function restoreCoupon(key: string, snapshot: unknown, version: number): CouponState {
  if (version !== couponVersion) throw new Error(`unknown version ${version} of a coupon snapshot`);
  const saved = snapshot as Saved;
  const { definition, used, reserved } = saved;
  const state: CouponState = {
    ...initialCoupon(key),
    definition: structuredClone(definition),
    version: saved.version,
    used,
    reserved,
  };
  for (const [orderId, buyerId, its] of saved.takes) state.takeByOrder.set(orderId, { buyerId, state: its });
  for (const [buyerId, count] of saved.buyers) state.countByBuyer.set(buyerId, count);
  return state;
}
