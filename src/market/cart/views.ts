/**
 * A cart as it is shown: what its actor keeps, with titles, prices and units as they are now.
 *
 * Whoever reads is told what the actors of the SKUs say at that moment; an answer to a change, of which there are many, may
 * say what they said up to a second ago.
 */
import type { CartLine, CartView } from '../../actors/cart/commands.ts';
import { etagOf } from '../../gateway/etag.ts';
import { iso } from '../../gateway/handling.ts';
import type { Services } from '../../gateway/route.ts';
import { digestOf } from '../../protocol/digest.ts';
import { prefixes } from '../../protocol/ids.ts';
import { money, sum, times } from '../../protocol/money.ts';
import { type Goods, knownGoods, priceNow } from '../catalog/goods-store.ts';
import { discountOf } from './discount.ts';
import { levelsOf } from './levels-index.ts';
import type { Cart, CartItem } from './schemas.ts';

/** What an empty cart costs is nothing in this currency, until it has one. */
const currencyOfNothing = 'USD';

export function cartIdOf(accountId: string): string {
  return `${prefixes.cart}_${accountId.slice(-36)}`;
}

/** The version, which a change is based on, and a name of all that the body shows. */
export function tagOf(cart: Cart): string {
  return etagOf(`${cart.version}.${digestOf(cart)}`);
}

export type Freshness = 'now' | 'recent';

export async function cartJson(services: Services, view: CartView, freshness: Freshness): Promise<Cart> {
  const items = await Promise.all(view.lines.map((line) => itemOf(services, view, line, freshness)));
  const currency = view.currency ?? currencyOfNothing;
  const discount = await discountOf(services, view);
  return {
    cartId: cartIdOf(view.accountId),
    currency: view.currency,
    ...exchangeOf(items, view),
    items: items.map(({ item }) => item),
    couponCodes: [...view.couponCodes],
    subtotal: sum(
      currency,
      items.map(({ item }) => item.lineTotal),
    ),
    discount: discount ?? money(0, currency),
    itemCount: items.reduce((units, { item }) => units + item.quantity, 0),
    version: view.version,
    expiresAt: view.expiresAtMs === null ? null : iso(view.expiresAtMs),
  };
}

interface Shown {
  readonly item: CartItem;
  /** Of the price that was exchanged; null: none was. */
  readonly exchangedFrom: string | null;
}

async function itemOf(
  services: Services,
  { rates }: CartView,
  line: CartLine,
  freshness: Freshness,
): Promise<Shown> {
  const { sku, quantity, priceAtAdd } = line;
  const [goods, units] = await Promise.all([knownGoods(services, sku), levelsOf(services)[freshness](sku)]);
  const { currency } = priceAtAdd;
  const { title, imageUrl, productId, sellerId } = goods ?? line;
  const unitPrice = priceNow(goods, priceAtAdd, rates);
  const from = goods?.prices.some((price) => price.currency === currency) ? null : goods?.prices[0].currency;
  const available = goods?.isForSale === false ? 0 : Math.max(0, units ?? quantity);
  const item: CartItem = {
    ...{ sku, productId, sellerId, title, imageUrl, quantity, unitPrice, priceAtAdd },
    priceChanged: unitPrice.amount !== priceAtAdd.amount,
    lineTotal: times(unitPrice, quantity),
    available,
    availability: availabilityOf(goods, available, quantity),
  };
  return { item, exchangedFrom: from ?? null };
}

function availabilityOf(goods: Goods | null, available: number, quantity: number): CartItem['availability'] {
  if (goods?.isForSale === false) return 'gone';
  if (available < quantity) return 'insufficient';
  return goods !== null && available <= goods.lowStockThreshold ? 'low' : 'ok';
}

/** The rates by which lines were exchanged; nothing where none was. */
function exchangeOf(items: readonly Shown[], { rates }: CartView): Pick<Cart, 'exchangeRate'> {
  const used = new Set(items.flatMap(({ exchangedFrom }) => exchangedFrom ?? []));
  const entries = Object.entries(rates).filter(([currency]) => used.has(currency));
  return entries.length === 0 ? {} : { exchangeRate: Object.fromEntries(entries) };
}
