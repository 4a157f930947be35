/**
 * What actors say in engine milliseconds, as the contract's JSON with ISO 8601 times. Views are built field by
 * field, so that nothing internal (a buyer's id, the sale's hidden numbers) gets out by being added to an actor.
 */

import type { OrderView } from '../actors/order/commands.ts';
import type { SaleStatusView, SaleView, ServingView, TicketView } from '../actors/sale/commands.ts';
import type { HoldView } from '../actors/sku/commands.ts';

/** What an admission token says; `tokens.ts` signs and verifies it. */
export interface AdmissionClaims {
  readonly saleId: string;
  readonly ticketId: string;
  readonly ticketNumber: number;
  readonly buyerId: string;
  readonly items: readonly { readonly sku: string; readonly limit: number }[];
  readonly expiresAtMs: number;
}

/** Signs an admission; the same claims always give the same token. */
export type SignAdmission = (claims: AdmissionClaims) => string;

export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function saleJson(view: SaleView) {
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
    queueing: view.queueing,
    holdSeconds: view.holdSeconds,
    paymentSeconds: view.paymentSeconds,
    inviteOnly: false,
    createdAt: iso(view.createdAtMs),
  };
}

export function saleStatusJson(view: SaleStatusView) {
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

export function servingJson(view: ServingView) {
  return {
    saleId: view.saleId,
    nowServing: view.nowServing,
    queueLength: view.queueLength,
    releasedPerSecond: view.releasedPerSecond,
    outlook: view.outlook,
    asOf: iso(view.asOfMs),
  };
}

/** The token and its end, or null for a ticket that is not admitted. */
export function admissionJson(view: TicketView, sign: SignAdmission) {
  if (view.admission === null) return null;
  const { items, expiresAtMs } = view.admission;
  const { saleId, ticketId, ticketNumber, buyerId } = view;
  return {
    token: sign({ saleId, ticketId, ticketNumber, buyerId, items, expiresAtMs }),
    expiresAt: iso(expiresAtMs),
  };
}

export function ticketJson(view: TicketView, sign: SignAdmission) {
  return {
    ticketId: view.ticketId,
    saleId: view.saleId,
    status: view.status,
    ticketNumber: view.ticketNumber,
    nowServing: view.nowServing,
    usersAhead: view.usersAhead,
    queueLength: view.queueLength,
    waitTimeSeconds: view.waitTimeSeconds,
    waitTimeKnown: view.waitTimeKnown,
    outlook: view.outlook,
    admission: admissionJson(view, sign),
    pollAfterSeconds: view.pollAfterSeconds,
    asOf: iso(view.asOfMs),
  };
}

export function holdJson(view: HoldView) {
  return {
    holdId: view.holdId,
    saleId: view.saleId,
    sku: view.sku,
    quantity: view.quantity,
    unitPrice: view.unitPrice,
    state: view.state,
    expiresAt: iso(view.expiresAtMs),
  };
}

/** An order that its buyer cancelled did not fail. */
function failureJson(failure: OrderView['failure']) {
  return failure === null || failure.code === 'ok'
    ? null
    : { code: failure.code, declineCode: failure.declineCode };
}

/** Amounts are null until every line is taken and priced. */
export function orderJson(view: OrderView) {
  return {
    orderId: view.orderId,
    orderNumber: view.orderNumber,
    status: view.status,
    paymentStatus: view.paymentStatus,
    paymentId: view.paymentId,
    failure: failureJson(view.failure),
    lines: view.lines.map((line) => ({
      holdId: line.holdId,
      saleId: line.saleId,
      sku: line.sku,
      title: line.title,
      sellerId: line.sellerId,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      lineTotal: line.lineTotal,
      discount: line.discount,
      tax: line.tax,
    })),
    subtotal: view.subtotal,
    discount: view.discount,
    shipping: view.shipping,
    tax: view.tax,
    total: view.total,
    shippingAddress: view.shippingAddress,
    shippingMethod: view.shippingMethod,
    estimatedDelivery: view.estimatedDeliveryMs === null ? null : iso(view.estimatedDeliveryMs).slice(0, 10),
    createdAt: iso(view.createdAtMs),
    version: view.version,
  };
}

/** What an order's buyer may know of its payment. */
export function paymentJson(order: OrderView) {
  return {
    paymentId: order.paymentId,
    orderId: order.orderId,
    status: order.paymentStatus,
    amount: order.total,
    orderCreatedAt: iso(order.createdAtMs),
  };
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The number people read out: `DB-` and the last 60 bits of the order's UUID, nearly all of them random, in Crockford's
 * base 32. Enough that a hundred million orders have no two alike.
 */
export function orderNumberOf(orderId: string): string {
  let bits = BigInt(`0x${orderId.replaceAll('-', '').slice(-15)}`);
  let text = '';
  for (let digit = 0; digit < 12; digit++) {
    text = crockford[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `DB-${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
}
