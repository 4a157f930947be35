/** What the marketplace's tables say to an order: rates, promotions and personal offers. */
import type { PromotionTerms } from '../../actors/coupon/commands.ts';
import type { Services } from '../../gateway/route.ts';
import type { QuoteInput } from '../pricing/quote.ts';
import type { OfferTerms } from '../pricing/terms.ts';

export interface Tables {
  readonly rates: QuoteInput['rates'];
  readonly promotions: readonly PromotionTerms[];
}

const noTables: Tables = { rates: { tax: [], shipping: [] }, promotions: [] };

/** Until the marketplace has tables. */
export async function tablesOf(_services: Services): Promise<Tables> {
  return noTables;
}

export async function offersFor(
  _services: Services,
  _buyerId: string,
  _skus: readonly string[],
): Promise<readonly OfferTerms[]> {
  return [];
}

/** Nothing but lines and standard shipping makes a price. */
export function areStandard({ rates, promotions }: Tables): boolean {
  return rates.tax.length + rates.shipping.length + promotions.length === 0;
}
