/** What a basket costs: the tables, the buyer's codes and offers, through the one function that prices orders. */

import { type CouponTerms, checkCoupon } from '../../actors/coupon/commands.ts';
import type { ShippingAddress } from '../../actors/order/commands.ts';
import { accepted, invalid } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Services } from '../../gateway/route.ts';
import { whyNotChargeable } from '../../protocol/currencies.ts';
import { type Quote, quoteOf } from '../pricing/quote.ts';
import type { Basket } from './basket.ts';
import { ratesOf, reductionsFor } from './tables.ts';

const methodDefault = 'standard';

export interface Wanted {
  /** null: not known yet. */
  readonly address: ShippingAddress | null;
  /** null: `standard`, where it is offered. */
  readonly method: string | null;
  readonly codes: readonly string[];
}

/** Upper case, as they are kept; without any, those of the cart. */
export function codesOf({ cart }: Basket, asked: readonly string[] | undefined): string[] {
  const codes = asked?.map((code) => code.toUpperCase()) ?? cart?.couponCodes ?? [];
  return [...new Set(codes)].sort();
}

/** Refuses with the codes' refusals, `shipping_not_available`, and 400 where the whole cannot be charged. */
export async function priced(
  services: Services,
  { buyerId, currency, lines, cart }: Basket,
  { address, method, codes: asked }: Wanted,
  at: number,
): Promise<Quote> {
  const ofCart = lines.filter(({ holdId }) => holdId === null);
  const [rates, reductions, codes] = await Promise.all([
    ratesOf(services),
    reductionsFor(services, buyerId, ofCart),
    Promise.all(asked.map((code) => termsOf(services, code, buyerId))),
  ]);
  const input = {
    ...{ currency, lines, codes, buyerId, at, exchange: cart?.rates ?? {}, rates, ...reductions },
    destination: address === null ? null : { country: address.country, state: address.state },
  };
  const open = quoteOf({ ...input, method });
  if ('refused' in open) return throwRefusal({ code: open.refused, body: open.details });
  const hasDefault = open.shippingOptions.some((option) => option.method === methodDefault);
  const quote = method === null && hasDefault ? quoteOf({ ...input, method: methodDefault }) : open;
  if ('refused' in quote) return throwRefusal({ code: quote.refused, body: quote.details });
  if (address !== null && quote.method === null && open.shippingOptions.length === 0)
    return throwRefusal({ code: 'shipping_not_available', body: { country: address.country, offered: [] } });
  const whyNot = quote.total.amount === 0 ? null : whyNotChargeable(quote.total);
  if (whyNot !== null) invalid(cart === null ? '/holdIds' : '/cartId', `together: ${whyNot}`);
  return quote;
}

async function termsOf({ ask }: Services, code: string, buyerId: string): Promise<CouponTerms> {
  const answer = await ask(checkCoupon, code, { buyerId });
  if (answer.code === 'ok' || answer.code === 'created') return { ...accepted(answer).terms, code };
  return throwRefusal({ code: answer.code, body: { ...(answer.body as object | null), coupon: code } });
}
