/**
 * A sale as JSON, from what its actor says. Field by field, so that nothing internal (the sale's hidden numbers) gets
 * out by being added to the actor's view.
 */
import type { SaleStatusView, SaleView } from '../../actors/sale/commands.ts';
import { iso } from '../../gateway/handling.ts';
import type { Sale, SaleStatus } from './schemas.ts';

export function saleJson(view: SaleView): Sale {
  return {
    saleId: view.saleId,
    sellerId: view.sellerId,
    title: view.title,
    phase: view.phase,
    items: view.items.map(({ sku, quantity, price, purchaseLimit }) => ({
      sku,
      quantity,
      price,
      purchaseLimit,
    })),
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
