/**
 * What coupon codes take off a cart, by the same function that prices an order. Nothing is counted here: a use is taken when
 * an order is placed, so a cart may show a code that others use up meanwhile.
 */
import type { CartLine, CartView } from '../../actors/cart/commands.ts';
import { type CouponTerms, checkCoupon, readCoupon } from '../../actors/coupon/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Services } from '../../gateway/route.ts';
import { type Money, money } from '../../protocol/money.ts';
import { knownGoods, priceNow } from '../catalog/goods-store.ts';
import { type Quote, quoteOf } from '../pricing/quote.ts';
import type { QuoteLine, QuoteRefusal } from '../pricing/terms.ts';

/** What can still be bought, at its price now. */
async function quoteLine(services: Services, { rates }: CartView, line: CartLine): Promise<QuoteLine[]> {
  const { sku, productId, sellerId, quantity, priceAtAdd } = line;
  const goods = await knownGoods(services, sku);
  if (goods?.isForSale === false) return [];
  const unitPrice = priceNow(goods, priceAtAdd, rates);
  const category = goods?.category ?? null;
  return [{ lineId: sku, sku, productId, sellerId, category, quantity, weightGrams: 0, unitPrice }];
}

/** null: nothing in it can be bought. */
async function quoted(
  services: Services,
  view: CartView,
  codes: readonly CouponTerms[],
): Promise<Quote | QuoteRefusal | null> {
  const lines = (await Promise.all(view.lines.map((line) => quoteLine(services, view, line)))).flat();
  if (view.currency === null || lines.length === 0) return null;
  return quoteOf({
    ...{ currency: view.currency, lines, codes, exchange: view.rates },
    ...{ destination: null, method: null, promotions: [], offers: [], rates: { tax: [], shipping: [] } },
    ...{ buyerId: view.accountId, at: services.now() },
  });
}

async function termsOf({ ask }: Services, code: string): Promise<CouponTerms[]> {
  const answer = await ask(readCoupon, code, { sellerId: null });
  return answer.code === 'ok' ? [{ ...answer.body.terms, code }] : [];
}

/** null: there is none. Codes that do not apply any more take nothing off; a checkout says why. */
export async function discountOf(services: Services, view: CartView): Promise<Money | null> {
  if (view.couponCodes.length === 0) return null;
  const codes = (await Promise.all(view.couponCodes.map((code) => termsOf(services, code)))).flat();
  const quote = await quoted(services, view, codes);
  return quote === null || 'refused' in quote ? null : money(quote.discount.amount, quote.currency);
}

/**
 * Refuses a code that an order of this cart could not take now: `unknown_coupon`, `coupon_exhausted`,
 * `coupon_not_applicable` {reason}.
 */
export async function judgeCode(services: Services, view: CartView, code: string): Promise<void> {
  const { terms } = accepted(await services.ask(checkCoupon, code, { buyerId: view.accountId }));
  const others = view.couponCodes.filter((other) => other !== code);
  const known = (await Promise.all(others.map((other) => termsOf(services, other)))).flat();
  const quote = await quoted(services, view, [...known, { ...terms, code }]);
  if (quote !== null && 'refused' in quote) throwRefusal({ code: quote.refused, body: quote.details });
}
