/**
 * Who is shown a sale; and a sale as JSON, from what its actor says. Field by field, so that nothing internal (the sale's hidden numbers) gets
 * out by being added to the actor's view.
 */
import {
  type CurrentSaleView,
  type ItemFigures,
  readSale,
  type SaleChange as SaleChangeView,
  type SaleStatusView,
  type SaleView,
} from '../../actors/sale/commands.ts';
import { accepted, iso } from '../../gateway/handling.ts';
import { throwRefusal } from '../../gateway/problem.ts';
import type { Services } from '../../gateway/route.ts';
import type { CatalogueEntry } from '../catalog/store.ts';
import type { Sale, SaleChange, SaleStatus } from './schemas.ts';

/** A sale as anybody may read it, the seller included. One that was refused is answered as one that never was. */
export async function readShownSale(
  { ask }: Pick<Services, 'ask'>,
  saleId: string,
): Promise<CurrentSaleView> {
  const sale = accepted(await ask(readSale, saleId, {}));
  return sale.stock === 'refused' ? throwRefusal({ code: 'not_found', body: null }) : sale;
}

/** Figures and names are null, and a title is the SKU's code, where nobody could be asked. */
export function saleJson(
  view: SaleView,
  figures: readonly ItemFigures[],
  names: ReadonlyMap<string, CatalogueEntry>,
): Sale {
  return {
    saleId: view.saleId,
    sellerId: view.sellerId,
    title: view.title,
    phase: view.phase,
    items: view.items.map(({ sku, quantity, price, purchaseLimit }, position) => {
      const { productId = null, title = sku, imageUrl = null } = names.get(sku) ?? {};
      const { left = null, onHold = null, outlook = null } = figures[position] ?? {};
      return { sku, productId, title, imageUrl, quantity, price, purchaseLimit, left, onHold, outlook };
    }),
    stock: view.stock,
    prequeueAt: view.prequeueAtMs === null ? null : iso(view.prequeueAtMs),
    startsAt: iso(view.startsAtMs),
    endsAt: iso(view.endsAtMs),
    queueing: { ...view.queueing, ticketsPerAddress: view.queueing.ticketsPerAddress ?? null },
    holdSeconds: view.holdSeconds,
    paymentSeconds: view.paymentSeconds,
    inviteOnly: false,
    createdAt: iso(view.createdAtMs),
  };
}

export function changeJson({ what, atMs, by, holds, rates }: SaleChangeView): SaleChange {
  return {
    at: iso(atMs),
    actor: { accountId: by.accountId, role: by.role },
    change: what,
    ...(holds !== undefined && { holds }),
    ...(rates !== undefined && {
      rates: Object.fromEntries(Object.entries(rates).map(([name, [from, to]]) => [name, { from, to }])),
    }),
  };
}

export function saleStatusJson(view: SaleStatusView): SaleStatus {
  return {
    saleId: view.saleId,
    phase: view.phase,
    queueLength: view.queueLength,
    activeAdmissions: view.activeAdmissions,
    joined: view.joined,
    released: view.released,
    completed: view.completed,
    expired: view.expired,
    left: view.left,
    inflowPerSecond: view.inflowPerSecond,
    outflowPerSecond: view.outflowPerSecond,
    items: view.items.map(({ sku, quantity, available, held, sold }) => ({
      sku,
      quantity,
      available,
      held,
      sold,
    })),
    oversold: view.oversold,
  };
}
