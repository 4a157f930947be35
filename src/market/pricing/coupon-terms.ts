/** The terms of a discount as the wire has them, and as the actor has them. */
import type { CouponView, Discount, DiscountTerms } from '../../actors/coupon/commands.ts';
import { invalid, iso } from '../../gateway/handling.ts';
import type { Money } from '../../protocol/money.ts';
import type { Coupon, DiscountChange, NewTerms } from './coupon-schemas.ts';

type Kind = NewTerms['kind'];
type Value = number | Money | undefined;

function discountOf(kind: Kind, value: Value): Discount {
  if (kind === 'free_shipping') {
    if (value !== undefined) invalid('/value', 'must be absent of free shipping');
    return { kind };
  }
  if (kind === 'percent') {
    if (typeof value !== 'number') invalid('/value', 'must be a number from 0 to 100');
    if (Number(value.toFixed(2)) !== value) invalid('/value', 'must have at most two decimals');
    return { kind, basisPoints: Math.round(value * 100) };
  }
  if (typeof value !== 'object') invalid('/value', 'must be money');
  return { kind, amount: value };
}

function checked(terms: DiscountTerms): DiscountTerms {
  const { startsAtMs, endsAtMs } = terms;
  if (startsAtMs !== null && endsAtMs !== null && startsAtMs >= endsAtMs)
    invalid('/endsAt', 'must be later than startsAt');
  return terms;
}

/** `sellerId` null: the marketplace's own. Refuses with `validation_failed`. */
export function newTerms(sellerId: string | null, body: NewTerms): DiscountTerms {
  return checked({
    sellerId,
    discount: discountOf(body.kind, body.value),
    limit: body.limit ?? null,
    limitPerBuyer: body.limitPerBuyer ?? null,
    startsAtMs: body.startsAt ?? null,
    endsAtMs: body.endsAt ?? null,
    minimumSubtotal: body.minimumSubtotal ?? null,
    scope: scopeOf(body.scope),
    stackable: body.stackable ?? false,
    priority: body.priority ?? 0,
  });
}

function scopeOf(scope: NewTerms['scope'] = {}): DiscountTerms['scope'] {
  const { skus = null, categories = null, sellerId = null } = scope;
  return { skus, categories, sellerId };
}

/** What is not given stays; null takes a limit, a time or a minimum away. */
export function changedTerms(before: DiscountTerms, body: DiscountChange): DiscountTerms {
  const kept = givenOf(before.discount);
  const kind = body.kind ?? kept.kind;
  const isOther = body.kind !== undefined || body.value !== undefined;
  const value = body.value ?? (kind === kept.kind ? kept.value : undefined);
  const or = <Value>(given: Value | null | undefined, old: Value | null) =>
    given === undefined ? old : given;
  return checked({
    ...before,
    discount: isOther ? discountOf(kind, value) : before.discount,
    limit: or(body.limit, before.limit),
    limitPerBuyer: or(body.limitPerBuyer, before.limitPerBuyer),
    startsAtMs: or(body.startsAt, before.startsAtMs),
    endsAtMs: or(body.endsAt, before.endsAtMs),
    minimumSubtotal: or(body.minimumSubtotal, before.minimumSubtotal),
    scope: body.scope === undefined ? before.scope : scopeOf(body.scope),
    stackable: body.stackable ?? before.stackable,
    priority: body.priority ?? before.priority,
  });
}

function givenOf(discount: Discount): { kind: Kind; value: Value } {
  const { kind } = discount;
  if (kind === 'percent') return { kind, value: discount.basisPoints / 100 };
  return { kind, value: kind === 'amount' ? discount.amount : undefined };
}

/** All but what it is called. */
export function shownTerms(view: Omit<CouponView, 'key' | 'kind'>): Omit<Coupon, 'code'> {
  const { terms, used, reserved, version, createdAtMs } = view;
  const { kind, value } = givenOf(terms.discount);
  const { skus, categories, sellerId } = terms.scope;
  return {
    sellerId: terms.sellerId,
    kind,
    ...(value !== undefined && { value }),
    ...(terms.limit !== null && { limit: terms.limit }),
    ...(terms.limitPerBuyer !== null && { limitPerBuyer: terms.limitPerBuyer }),
    ...(terms.startsAtMs !== null && { startsAt: iso(terms.startsAtMs) }),
    ...(terms.endsAtMs !== null && { endsAt: iso(terms.endsAtMs) }),
    ...(terms.minimumSubtotal !== null && { minimumSubtotal: terms.minimumSubtotal }),
    scope: {
      ...(skus !== null && { skus: [...skus] }),
      ...(categories !== null && { categories: [...categories] }),
      ...(sellerId !== null && { sellerId }),
    },
    ...{ stackable: terms.stackable, priority: terms.priority, used, reserved },
    ...{ createdAt: iso(createdAtMs), version },
  };
}
