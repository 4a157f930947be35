/** A drop of four consoles out of ten in stock, two for each buyer, and what is asked of it. */

import type { PlaceHold, SkuCommand } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import { given } from '../given.ts';

type EventOf<Type extends SkuEvent['type']> = Extract<SkuEvent, { type: Type }>;

export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;
export const openedAt = 1_000_000;
export const price = { amount: 49_900, currency: 'USD' };

export const registered: EventOf<'SkuRegistered'> = {
  type: 'SkuRegistered',
  productId: 'prd_1',
  sellerId: 'acc_seller',
  title: 'Console',
  price,
  stock: 10,
  atMs: openedAt,
};
export const opened: EventOf<'AllotmentOpened'> = {
  type: 'AllotmentOpened',
  saleId: 'sal_1',
  quantity: 4,
  price,
  purchaseLimit: 2,
  holdSeconds: 300,
  atMs: openedAt,
};

export function reported(atMs: number): EventOf<'ReportFormed'> {
  return { type: 'ReportFormed', saleId: 'sal_1', atMs };
}

export function heard(seq: number): EventOf<'ReportAcknowledged'> {
  return { type: 'ReportAcknowledged', saleId: 'sal_1', seq };
}

/** Its first report is on its way to the sale. */
export function drop() {
  return given(skuDecider, 'PS-1').events(registered, opened, reported(openedAt));
}

export function placeHold(holdId: string, change: Partial<PlaceHold> = {}): PlaceHold {
  return {
    type: 'PlaceHold',
    holdId,
    saleId: 'sal_1',
    buyerId: 'ann',
    ticketNumber: 1,
    quantity: 1,
    admissionExpiresAtMs: openedAt + dayMs,
    ...change,
  };
}

export function attach(holdId: string, orderId: string, untilMs: number, buyerId = 'ann'): SkuCommand {
  return { type: 'AttachHold', holdId, buyerId, orderId, untilMs };
}

export const readStock: SkuCommand = { type: 'ReadStock' };

export function placed(holdId: string): EventOf<'HoldPlaced'> {
  return {
    type: 'HoldPlaced',
    holdId,
    saleId: 'sal_1',
    buyerId: 'ann',
    ticketNumber: 1,
    quantity: 1,
    expiresAtMs: openedAt + 5 * minuteMs,
    atMs: openedAt,
  };
}
