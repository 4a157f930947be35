/**
 * What is bought together: held units and the lines of a cart, each at its price now, in one currency. A drop's hold costs what
 * its drop says, exchanged at the cart's locked rate where the cart has another currency.
 */
import { type CartLine, type CartView, readCart } from '../../actors/cart/commands.ts';
import { readStock } from '../../actors/sku/commands.ts';
import { accepted, invalid } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { priceIn } from '../../protocol/exchange.ts';
import type { Money } from '../../protocol/money.ts';
import { cartIdOf } from '../cart/views.ts';
import { knownGoods, priceNow } from '../catalog/goods-store.ts';
import type { QuoteLine } from '../pricing/terms.ts';
import { holdIndexOf, type KnownHold } from '../waiting-room/hold-index.ts';

/** Its `lineId` is the hold's id or, in a cart, the SKU. */
export interface BasketLine extends QuoteLine {
  readonly holdId: string | null;
  /** What the cart's line cost when it was added. */
  readonly priceAtAdd: Money | null;
}

export interface Basket {
  readonly buyerId: string;
  readonly currency: string;
  readonly holds: readonly KnownHold[];
  /** null: no cart is bought. */
  readonly cart: CartView | null;
  readonly lines: readonly BasketLine[];
}

interface Asked {
  readonly holdIds?: readonly string[] | undefined;
  readonly cartId?: string | undefined;
}

export async function locateHolds(
  services: Services,
  buyerId: string,
  asked: readonly string[] = [],
): Promise<KnownHold[]> {
  const index = holdIndexOf(services);
  const holdIds = new Set(asked.map((holdId) => holdId.toLowerCase()));
  return Promise.all([...holdIds].map((holdId) => index.locate(holdId, buyerId)));
}

export async function basketOf(services: Services, buyerId: string, asked: Asked): Promise<Basket> {
  const [holds, cart] = await Promise.all([
    locateHolds(services, buyerId, asked.holdIds),
    cartOf(services, buyerId, asked.cartId),
  ]);
  const currency = cart?.currency ?? holds[0]!.unitPrice.currency;
  const lines = await Promise.all([
    ...holds.map((hold) => heldLine(services, hold, currency, cart)),
    ...(cart?.lines ?? []).map((line) => cartLine(services, line, cart!)),
  ]);
  return { buyerId, currency, holds, cart, lines };
}

async function cartOf(services: Services, buyerId: string, cartId?: string): Promise<CartView | null> {
  if (cartId === undefined) return null;
  if (cartId !== cartIdOf(buyerId)) throw new DoorbusterError('not_found', `there is no cart ${cartId}`);
  const cart = accepted(await services.ask(readCart, buyerId, {}));
  if (cart.lines.length === 0) invalid('/cartId', 'is of an empty cart');
  return cart;
}

async function heldLine(
  services: Services,
  { holdId, sku, quantity, unitPrice }: KnownHold,
  currency: string,
  cart: CartView | null,
): Promise<BasketLine> {
  const goods = await knownGoods(services, sku);
  const price = priceIn(currency, cart?.rates ?? {}, [unitPrice]);
  if (price === null) return invalid('/holdIds', 'must all be in one currency');
  return {
    ...{ lineId: holdId, holdId, sku, quantity, unitPrice: price, priceAtAdd: null },
    ...{ productId: goods?.productId ?? '', sellerId: goods?.sellerId ?? '' },
    ...{ category: goods?.category ?? null, weightGrams: goods?.weightGrams ?? 0 },
  };
}

async function cartLine(services: Services, line: CartLine, { rates }: CartView): Promise<BasketLine> {
  const { sku, productId, sellerId, quantity, priceAtAdd } = line;
  const goods = await knownGoods(services, sku);
  return {
    ...{ lineId: sku, holdId: null, sku, productId, sellerId, quantity, priceAtAdd },
    unitPrice: priceNow(goods, priceAtAdd, rates),
    ...{ category: goods?.category ?? null, weightGrams: goods?.weightGrams ?? 0 },
  };
}

/** Refuses a cart that cannot be delivered now, and names all of its short lines; the order has the last word. */
export async function refuseShort(services: Services, { cart }: Basket): Promise<void> {
  const looked = await Promise.all(
    (cart?.lines ?? []).map(async ({ sku, quantity }) => {
      const [goods, stock] = await Promise.all([knownGoods(services, sku), services.ask(readStock, sku, {})]);
      const isGone = goods?.isForSale === false || stock.code === 'not_found';
      if (!isGone && stock.code !== 'ok') return null;
      const { available, allotted } =
        isGone || stock.code !== 'ok' ? { available: 0, allotted: 0 } : stock.body;
      // What a sale has set aside is told by the SKU itself, with the sale.
      return available >= quantity || (available === 0 && allotted > 0) ? null : { sku, quantity, available };
    }),
  );
  const lines = looked.filter((line) => line !== null);
  if (lines.length > 0) throwRefusal({ code: 'insufficient_stock', body: { lines } });
}

/** Refuses lines that cost something else now than when they were added. */
export function refuseChanged({ lines }: Basket): void {
  const changed = lines.flatMap(({ sku, priceAtAdd: old, unitPrice: now }) =>
    old === null || old.amount === now.amount ? [] : [{ sku, old, new: now }],
  );
  if (changed.length > 0) throwRefusal({ code: 'price_changed', body: { lines: changed } });
}
