/**
 * What a quote is made of besides its lines, as each gateway keeps it (kept.ts): no more than 5 seconds old, and going on
 * while the tables are away. What was never asked for then is left out, where that only means a discount less.
 */
import { checkCoupon, type PromotionTerms } from '../../actors/coupon/commands.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import type { Ask } from '../../protocol/command.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { CouponRow } from './coupon-rows.ts';
import { livePromotions } from './coupon-store.ts';
import { Kept } from './kept.ts';
import { liveOffers } from './offer-store.ts';
import type { RateTables } from './rate-schemas.ts';
import { readRateTables } from './rate-store.ts';
import type { OfferTerms } from './terms.ts';

const sellersMax = 10_000;
const buyersMax = 10_000;
/** The marketplace's own promotions. A seller's id is never empty. */
const marketplace = '';

/** Of so many promotions with a limit the actors are asked for one quote: those of the highest priority. */
const limitedMax = 100;

class Pricing {
  readonly #ask: Ask;
  readonly #rates: Kept<RateTables>;
  readonly #promotions: Kept<readonly CouponRow[]>;
  readonly #offers: Kept<readonly OfferTerms[]>;

  constructor({ database: { query }, ask }: Pick<Services, 'database' | 'ask'>) {
    this.#ask = ask;
    this.#rates = new Kept(1, () => readRateTables(query));
    this.#promotions = new Kept<readonly CouponRow[]>(sellersMax, (seller) =>
      livePromotions(query, seller === marketplace ? null : seller),
    );
    this.#offers = new Kept<readonly OfferTerms[]>(buyersMax, (buyerId) => liveOffers(query, buyerId));
  }

  /** All tables. Refuses with `busy` when they were never read and cannot be. */
  tables(): Promise<RateTables> {
    return this.#rates.get('');
  }

  /** What a quote takes. */
  async rates() {
    const { tax, shipping } = await this.tables();
    return { tax: tax.items, shipping: shipping.items };
  }

  async exchangeRates(): Promise<RateTables['exchange']> {
    return (await this.tables()).exchange;
  }

  /** Those of these sellers and of the marketplace that this buyer can still use. */
  async promotions(sellerIds: readonly string[], buyerId: string): Promise<PromotionTerms[]> {
    const sellers = [marketplace, ...new Set(sellerIds)];
    const rows = await Promise.all(sellers.map((seller) => orNone(this.#promotions.get(seller))));
    const byPriority = rows.flat().toSorted((a, b) => b.terms.priority - a.terms.priority);
    const [limited, open] = [byPriority.filter(isLimited), byPriority.filter((row) => !isLimited(row))];
    const usable = await Promise.all(
      limited.slice(0, limitedMax).map(async (row) => ((await this.#canUse(row.key, buyerId)) ? [row] : [])),
    );
    return [...open, ...usable.flat()].map(({ key, terms }) => ({ ...terms, promotionId: key }));
  }

  /** Those for this buyer and of these SKUs that can still be used. */
  async offersFor(buyerId: string, skus: readonly string[]): Promise<OfferTerms[]> {
    const offers = await orNone(this.#offers.get(buyerId));
    const usable = await Promise.all(
      offers
        .filter(({ sku }) => skus.includes(sku))
        .map(async (offer) =>
          !offer.isLimited || (await this.#canUse(offer.offerId, buyerId)) ? [offer] : [],
        ),
    );
    return usable.flat();
  }

  async #canUse(key: string, buyerId: string): Promise<boolean> {
    return (await this.#ask(checkCoupon, key, { buyerId })).code === 'ok';
  }
}

function isLimited({ terms }: CouponRow): boolean {
  return terms.limit !== null || terms.limitPerBuyer !== null;
}

async function orNone<Item>(reading: Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DoorbusterError && error.code === 'busy') return [];
    throw error;
  }
}

export const pricingOf = perGateway((services) => new Pricing(services));
