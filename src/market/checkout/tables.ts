/** What the marketplace's tables say to an order (pricing/store.ts): rates, promotions and personal offers. */
import type { Services } from '../../gateway/route.ts';
import type { QuoteInput } from '../pricing/quote.ts';
import { pricingOf } from '../pricing/store.ts';

export function ratesOf(services: Services): Promise<QuoteInput['rates']> {
  return pricingOf(services).rates();
}

type Reductions = Pick<QuoteInput, 'promotions' | 'offers'>;

const noReductions: Reductions = { promotions: [], offers: [] };

/** For the lines of a cart: what a drop sells costs what the drop says. */
export async function reductionsFor(
  services: Services,
  buyerId: string,
  lines: readonly { readonly sku: string; readonly sellerId: string }[],
): Promise<Reductions> {
  if (lines.length === 0) return noReductions;
  const pricing = pricingOf(services);
  const [promotions, offers] = await Promise.all([
    pricing.promotions(
      lines.map(({ sellerId }) => sellerId),
      buyerId,
    ),
    pricing.offersFor(
      buyerId,
      lines.map(({ sku }) => sku),
    ),
  ]);
  return { promotions, offers };
}

/** Nothing but lines and standard shipping makes a price. */
export function areStandard({ tax, shipping }: QuoteInput['rates']): boolean {
  return tax.length + shipping.length === 0;
}
