/** The waiting room as buyers ask for it, the sale as its seller steers it, and the final audit of all that was said. */
import type { CreateSale, TicketView } from '../../src/actors/sale/commands.ts';
import type { AnyCommand } from '../../src/protocol/command.ts';
import type { Buyer } from './clients.ts';
import { Till } from './till.ts';

export const sellerId = 'acc_seller';

export class Shop extends Till {
  registerSku(sku: string, stock: number): void {
    this.skus.push(sku);
    const price = { amount: 1_000, currency: 'USD' };
    const command = { type: 'RegisterSku', productId: 'p', sellerId, title: sku, price, stock };
    this.call('sku', sku, command, () => {});
  }

  createSale(saleId: string, sale: CreateSale): void {
    this.sales.set(saleId, sale);
    this.call('sale', saleId, sale, () => {});
  }

  join(buyer: Buyer, saleId: string): void {
    const random = this.random;
    const isRepeat = buyer.joinIds.length > 0 && random.chance(0.3);
    const requestId = isRepeat ? random.pick(buyer.joinIds) : random.chance(0.7) ? random.uuid() : null;
    if (requestId !== null && !isRepeat) buyer.joinIds.push(requestId);
    const ticketId = `tkt_${random.uuid()}`;
    const floor = this.ledger.newest(saleId);
    this.call(
      'sale',
      saleId,
      { type: 'JoinSale', ticketId, buyerId: buyer.id, requestId } as AnyCommand,
      (code, body) => {
        if (code === 'sale_ended') this.endedSales.add(saleId);
        if (code !== 'ok' && code !== 'created') return;
        const view = body as TicketView;
        this.ledger.ticket(view, code === 'created', floor);
        buyer.ticketBySale.set(saleId, view);
        this.onTicket(buyer, view);
      },
    );
  }

  look(buyer: Buyer, saleId: string): void {
    const ticketId = buyer.ticketBySale.get(saleId)?.ticketId ?? null;
    this.call(
      'sale',
      saleId,
      { type: 'ReadTicket', buyerId: buyer.id, ticketId } as AnyCommand,
      (code, body) => {
        if (code === 'ok') {
          this.ledger.ticket(body as TicketView, false, 0);
          buyer.ticketBySale.set(saleId, body as TicketView);
          this.onTicket(buyer, body as TicketView);
        } else if (ticketId !== null)
          this.world.fail('no acknowledgement is contradicted', `ticket ${ticketId}: ${code}`);
      },
    );
  }

  leave(buyer: Buyer, saleId: string): void {
    this.call('sale', saleId, { type: 'LeaveSale', buyerId: buyer.id, ticketId: null } as AnyCommand, () => {
      buyer.ticketBySale.delete(saleId);
    });
  }

  adjust(sku: string, delta: number): void {
    const adjustmentId = this.random.uuid();
    const command = { type: 'AdjustStock', adjustmentId, delta, reason: 'count', sellerId: null };
    const times = this.random.chance(0.3) ? 2 : 1;
    for (let n = 0; n < times; n++)
      this.call('sku', sku, command, (code) => {
        if (code === 'ok' || code === 'created') this.ledger.adjusted(sku, adjustmentId, delta);
      });
  }

  steer(saleId: string, type: 'PauseSale' | 'ResumeSale' | 'CloseSale'): void {
    const holds = type === 'PauseSale' && this.random.chance(0.5) ? { holds: this.random.chance(0.7) } : {};
    const command = { type, sellerId: null, ...holds };
    this.call('sale', saleId, command as AnyCommand, () => {});
  }

  changeRates(saleId: string): void {
    const random = this.random;
    const queueing = { releasePerSecond: random.int(1, 50), activeLimit: random.int(1, 12) };
    this.call('sale', saleId, { type: 'ChangeSale', sellerId: null, queueing } as AnyCommand, () => {});
  }

  readStatus(saleId: string): void {
    this.call('sale', saleId, { type: 'ReadSaleStatus', sellerId: null } as AnyCommand, (code, body) => {
      if (code === 'ok' && (body as { oversold: number }).oversold > 0)
        this.world.fail('no oversell', JSON.stringify(body));
    });
  }

  /** Asks for everything that was ever acknowledged; the ledger objects to what is missing or another. */
  audit(): void {
    for (const [ticketId, { saleId, buyerId }] of this.ledger.tickets) {
      this.call('sale', saleId, { type: 'ReadTicket', buyerId, ticketId } as AnyCommand, (code, body) => {
        if (code === 'ok') this.ledger.ticket(body as TicketView, false, 0);
        else this.world.fail('no acknowledged command is lost', `ticket ${ticketId}: ${code}`);
      });
    }
    for (const holdId of this.ledger.holds.keys()) this.readHold(holdId);
    for (const orderId of this.ledger.orders.keys()) this.readOrder(orderId);
  }
}
