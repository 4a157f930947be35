/** Holds and orders as buyers ask for them, sometimes twice and sometimes with other content under the same id. */

import type { OrderView, PlaceOrder } from '../../src/actors/order/commands.ts';
import type { HoldView, PlaceHold } from '../../src/actors/sku/commands.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import { type Buyer, Clients } from './clients.ts';
import { cards } from './provider.ts';

const address = { name: 'n', line1: 'l', city: 'c', postalCode: 'p', country: 'US' };

export class Till extends Clients {
  placeHold(buyer: Buyer, saleId: string, sku: string, quantity: number): void {
    const ticket = buyer.ticketBySale.get(saleId);
    if (!ticket?.admission) return;
    const command: PlaceHold = {
      type: 'PlaceHold',
      holdId: this.random.uuid(),
      saleId,
      buyerId: buyer.id,
      ticketNumber: ticket.ticketNumber,
      quantity,
      admissionExpiresAtMs: ticket.admission.expiresAtMs,
    };
    const flags = { isGivenBack: false, isCommitted: false };
    this.ledger.holds.set(command.holdId, { sku, command, quantity: null, asked: new Set(), ...flags });
    buyer.holdIds.push(command.holdId);
    this.#hold(command);
  }

  /** The same hold once more, or its id with other content. */
  repeatHold(holdId: string, isOther: boolean): void {
    const { command } = this.ledger.holds.get(holdId)!;
    this.#hold(isOther ? { ...command, quantity: command.quantity + 1 } : command);
  }

  #hold(command: PlaceHold): void {
    const { holdId, quantity, buyerId } = command;
    const known = this.ledger.holds.get(holdId)!;
    const { quantity: before, isGivenBack } = known;
    known.asked.add(quantity);
    this.call('sku', known.sku, command, (code, body) => {
      const isTaken = code === 'ok' || code === 'created';
      const expected = before === null ? null : before === quantity ? 'ok' : 'exists_with_different';
      if (expected !== null && code !== expected && !(expected === 'ok' && code === 'created'))
        this.world.fail('a known id gets its stored result', `hold ${holdId}: ${code}, not ${expected}`);
      if (isTaken) this.ledger.hold(holdId, code, body as HoldView, isGivenBack);
      if (code === 'created') this.onHold(this.buyers.find(({ id }) => id === buyerId)!, holdId);
    });
  }

  giveBack(buyer: Buyer, holdId: string): void {
    const { sku, isGivenBack } = this.ledger.holds.get(holdId)!;
    this.call('sku', sku, { type: 'VoidHold', holdId, buyerId: buyer.id } as AnyCommand, (code, body) => {
      if (code !== 'ok') return;
      this.ledger.hold(holdId, code, body as HoldView, isGivenBack);
      this.ledger.holds.get(holdId)!.isGivenBack = true;
    });
  }

  readHold(holdId: string): void {
    const known = this.ledger.holds.get(holdId)!;
    const { isGivenBack } = known;
    const wasAcknowledged = known.quantity !== null;
    this.call('sku', known.sku, { type: 'ReadHold', holdId, buyerId: null } as AnyCommand, (code, body) => {
      if (code === 'ok') this.ledger.hold(holdId, code, body as HoldView, isGivenBack);
      else if (wasAcknowledged) this.ledger.hold(holdId, code, null, isGivenBack);
    });
  }

  checkout(buyer: Buyer, holdIds: readonly string[]): void {
    const random = this.random;
    const orderId = `ord_${random.uuid()}`;
    const command: PlaceOrder = {
      type: 'PlaceOrder',
      orderNumber: orderId.slice(-6),
      buyerId: buyer.id,
      holds: holdIds.map((holdId) => ({ holdId, sku: this.ledger.holds.get(holdId)!.sku })),
      shippingAddress: address,
      shippingMethod: random.pick(['standard', 'express']),
      paymentMethod: random.pick(cards),
      paymentSeconds: random.int(5, 40),
    };
    this.ledger.orders.set(orderId, {
      buyerId: buyer.id,
      isAcknowledged: false,
      isCancelled: false,
      version: 0,
      status: 'pending',
    });
    buyer.orderIds.push(orderId);
    const place = () =>
      this.call('order', orderId, command, (code, body) => {
        if (code === 'ok' || code === 'created') this.ledger.order(orderId, code, body as OrderView);
        else this.world.fail('an order is placed or busy', `${orderId}: ${code}`);
      });
    place();
    if (random.chance(0.2)) this.world.loop.after(random.int(0, 5_000), null, place);
  }

  readOrder(orderId: string): void {
    const wasAcknowledged = this.ledger.orders.get(orderId)!.isAcknowledged;
    this.call('order', orderId, { type: 'ReadOrder', buyerId: null } as AnyCommand, (code, body) => {
      if (code === 'ok') this.ledger.order(orderId, code, body as OrderView);
      else if (wasAcknowledged) this.ledger.order(orderId, code, null);
    });
  }

  cancel(orderId: string): void {
    this.call('order', orderId, { type: 'CancelOrder', buyerId: null } as AnyCommand, (code, body) => {
      if (code === 'ok') this.ledger.cancelled(orderId, body as OrderView);
    });
  }
}
