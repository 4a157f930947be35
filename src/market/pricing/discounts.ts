/**
 * What offers, codes and promotions take off the lines of an order.
 *
 * 1. Offers first: of several for one SKU the best. Then codes and promotions, the higher priority first (of equal ones
 *    codes, then by name), each on what those before have left of its lines.
 * 2. A code that does not stack is refused beside another code. A promotion that does not stack yields to a code for one of
 *    its lines, and to a promotion before it; and no promotion is added to one that does not stack.
 * 3. No line is worth less than nothing.
 */
import type { CouponTerms, DiscountTerms, PromotionTerms } from '../../actors/coupon/commands.ts';
import type { Money } from '../../protocol/money.ts';
import { shareOf, spread } from './amounts.ts';
import { inCurrency, isInBranch } from './rates.ts';
import type { OfferTerms, QuoteLine, QuoteRefusal } from './terms.ts';

export interface DiscountedLine {
  readonly line: QuoteLine;
  readonly lineTotal: number;
  /** What is left of it. */
  left: number;
  readonly discounts: { source: string; amount: number }[];
}

/** What the discounts are judged by. */
export interface Circumstances {
  readonly currency: string;
  readonly at: number;
  /** What one unit of another currency is in this one. */
  readonly exchange: Readonly<Record<string, string>>;
}

/** A code or a promotion that applies, with its lines. */
export interface Applied {
  readonly kind: 'coupon' | 'promotion';
  readonly key: string;
  readonly terms: DiscountTerms;
  readonly lines: readonly DiscountedLine[];
}

function isInScope({ sellerId, scope }: DiscountTerms, { line }: DiscountedLine): boolean {
  const { skus, categories } = scope;
  return (
    (sellerId === null || line.sellerId === sellerId) &&
    (scope.sellerId === null || line.sellerId === scope.sellerId) &&
    (skus === null || skus.includes(line.sku)) &&
    (categories === null || categories.some((branch) => isInBranch(line.category, branch)))
  );
}

/** Why it does not apply to these lines, or null. */
function whyNot(
  { startsAtMs, endsAtMs, minimumSubtotal, discount }: DiscountTerms,
  lines: readonly DiscountedLine[],
  circumstances: Circumstances,
): string | null {
  const { at } = circumstances;
  if (startsAtMs !== null && at < startsAtMs) return 'not_started';
  if (endsAtMs !== null && at >= endsAtMs) return 'ended';
  if (lines.length === 0) return 'scope';
  if (discount.kind === 'amount' && here(discount.amount, circumstances) === null) return 'currency';
  if (minimumSubtotal === null) return null;
  const minimum = here(minimumSubtotal, circumstances);
  if (minimum === null) return 'currency';
  return totalOf(lines) < minimum.amount ? 'minimum_subtotal' : null;
}

function here(price: Money, { currency, exchange }: Circumstances): Money | null {
  return inCurrency(price, currency, exchange);
}

function totalOf(lines: readonly DiscountedLine[]): number {
  return lines.reduce((sum, { lineTotal }) => sum + lineTotal, 0);
}

export function couponRefusal(couponCode: string, reason: string): QuoteRefusal {
  return { refused: 'coupon_not_applicable', details: { couponCode, reason } };
}

/** Every code, or why one of them does not apply. */
function chosenCodes(
  codes: readonly CouponTerms[],
  lines: readonly DiscountedLine[],
  circumstances: Circumstances,
): Applied[] | QuoteRefusal {
  const chosen: Applied[] = [];
  for (const terms of codes.toSorted((a, b) => (a.code < b.code ? -1 : 1))) {
    if (codes.length > 1 && !terms.stackable) return couponRefusal(terms.code, 'not_stackable');
    const own = lines.filter((line) => isInScope(terms, line));
    const reason = whyNot(terms, own, circumstances);
    if (reason !== null) return couponRefusal(terms.code, reason);
    chosen.push({ kind: 'coupon', key: terms.code, terms, lines: own });
  }
  return chosen;
}

function shares(a: Applied, b: Applied): boolean {
  return a.lines.some((line) => b.lines.includes(line));
}

function chosenPromotions(
  promotions: readonly PromotionTerms[],
  codes: readonly Applied[],
  lines: readonly DiscountedLine[],
  circumstances: Circumstances,
): Applied[] {
  const chosen: Applied[] = [];
  const candidates = promotions.map(
    (terms): Applied => ({
      ...{ kind: 'promotion', key: terms.promotionId, terms },
      lines: lines.filter((line) => isInScope(terms, line)),
    }),
  );
  for (const candidate of candidates.sort(firstFirst)) {
    const { terms } = candidate;
    if (whyNot(terms, candidate.lines, circumstances) !== null) continue;
    if (!terms.stackable && codes.some((code) => shares(code, candidate))) continue;
    if (chosen.some((other) => !(terms.stackable && other.terms.stackable) && shares(other, candidate)))
      continue;
    chosen.push(candidate);
  }
  return chosen;
}

function firstFirst(a: Applied, b: Applied): number {
  if (a.terms.priority !== b.terms.priority) return b.terms.priority - a.terms.priority;
  if (a.kind !== b.kind) return a.kind === 'coupon' ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

function take(line: DiscountedLine, source: string, amount: number): void {
  if (amount === 0) return;
  line.left -= amount;
  line.discounts.push({ source, amount });
}

function applyOffers(
  lines: readonly DiscountedLine[],
  offers: readonly OfferTerms[],
  circumstances: Circumstances,
): void {
  const { at } = circumstances;
  for (const each of lines) {
    let best: { source: string; amount: number } | null = null;
    for (const offer of offers.toSorted((a, b) => (a.offerId < b.offerId ? -1 : 1))) {
      const { sku, sellerId, startsAtMs, endsAtMs } = offer;
      if (sku !== each.line.sku || sellerId !== each.line.sellerId) continue;
      if ((startsAtMs !== null && at < startsAtMs) || (endsAtMs !== null && at >= endsAtMs)) continue;
      const amount = amountOff(offer, each, circumstances);
      if (amount > (best?.amount ?? 0)) best = { source: `offer ${offer.offerId}`, amount };
    }
    if (best !== null) take(each, best.source, best.amount);
  }
}

function amountOff({ offered }: OfferTerms, each: DiscountedLine, circumstances: Circumstances): number {
  if (offered.kind === 'percent') return shareOf(each.lineTotal, offered.basisPoints);
  const price = here(offered.price, circumstances);
  if (price === null) return 0;
  return Math.max(0, each.lineTotal - price.amount * each.line.quantity);
}

function apply({ kind, key, terms, lines }: Applied, circumstances: Circumstances): void {
  const source = `${kind} ${key}`;
  const { discount } = terms;
  if (discount.kind === 'percent') {
    for (const line of lines) take(line, source, shareOf(line.left, discount.basisPoints));
  } else if (discount.kind === 'amount') {
    const parts = lines.map(({ line, left }) => ({ name: line.lineId, value: left }));
    const most = parts.reduce((sum, { value }) => sum + value, 0);
    const amounts = spread(Math.min(here(discount.amount, circumstances)!.amount, most), parts);
    for (const [i, line] of lines.entries()) take(line, source, amounts[i]!);
  }
}

/** Takes off the lines what there is to take, and answers what was applied, in that order; or why a code cannot be. */
export function applyDiscounts(
  lines: readonly DiscountedLine[],
  codes: readonly CouponTerms[],
  promotions: readonly PromotionTerms[],
  offers: readonly OfferTerms[],
  circumstances: Circumstances,
): readonly Applied[] | QuoteRefusal {
  const chosen = chosenCodes(codes, lines, circumstances);
  if ('refused' in chosen) return chosen;
  applyOffers(lines, offers, circumstances);
  const all = [...chosen, ...chosenPromotions(promotions, chosen, lines, circumstances)].sort(firstFirst);
  for (const each of all) apply(each, circumstances);
  return all;
}
