/** Hand-made evidence: a small sale that kept every promise, built by the crowd's own ledger, for mutants to break. */
import type { Evidence, PaymentEvidence, StockEvidence } from '../../bench/crowd/evidence.ts';
import { type HoldRecord, Ledger, type OrderRecord, type TicketRecord } from '../../bench/crowd/ledger.ts';

/** Everything may be changed here, unlike in a real run. */
type Loose<Value> = Value extends readonly (infer Item)[]
  ? Loose<Item>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Loose<Value[Key]> }
    : Value;

export interface LooseEvidence {
  tickets: Loose<TicketRecord>[];
  holds: Loose<HoldRecord>[];
  orders: Loose<OrderRecord>[];
  servingWentBack: number;
  stock: Loose<StockEvidence>[];
  oversoldReported: number;
  payments: Loose<PaymentEvidence>[];
}

const startMs = Date.parse('2026-01-01T12:00:00Z');
const price = 49_900;

/**
 * Six buyers, three units of two SKUs. Buyers 0 to 2 buy; 3 was declined in the first release and went home; 4 let the
 * hold lapse; 5 waits when the units are gone. Releases of two, 100 ms apart.
 */
export function keptSale(): LooseEvidence {
  const ledger = new Ledger(6);
  for (let buyer = 0; buyer < 6; buyer++) {
    ledger.seeTicket(buyer, ticketView(buyer, 'waiting', 0, startMs + buyer));
  }
  for (let buyer = 0; buyer < 5; buyer++) {
    ledger.seeAdmission(buyer, startMs + 60_000 + Math.floor(buyer / 2) * 100);
    ledger.acknowledgeHold(buyer, {
      holdId: `hold-${buyer}`,
      sku: buyer === 1 ? 'B' : 'A',
      quantity: 1,
      expiresAt: new Date(startMs + 300_000).toISOString(),
    });
  }
  const payments: Loose<PaymentEvidence>[] = [];
  const holds = ledger.holds as Loose<HoldRecord>[];
  for (const buyer of [0, 1, 2]) {
    ledger.acknowledgeOrder(holds[buyer]!, `order-${buyer}`, 'confirmed');
    holds[buyer]!.reread = { state: 'committed' };
    payments.push({
      paymentId: `pi-${buyer}`,
      orderId: `order-${buyer}`,
      capturedAmount: price,
      refundedAmount: 0,
    });
  }
  ledger.acknowledgeOrder(holds[3]!, 'order-3', 'payment_failed');
  payments.push({ paymentId: 'pi-3', orderId: 'order-3', capturedAmount: 0, refundedAmount: 0 });
  // Somebody else's sale in the same ledger.
  payments.push({ paymentId: 'pi-x', orderId: 'order-x', capturedAmount: 100, refundedAmount: 0 });
  holds[3]!.reread = { state: 'voided' };
  holds[4]!.isAbandoned = true;
  holds[4]!.reread = { state: 'expired' };
  const tickets = ledger.tickets as Loose<TicketRecord>[];
  for (const ticket of tickets) {
    const status = ticket.buyer < 3 ? 'completed' : ticket.buyer < 5 ? 'expired' : 'waiting';
    ticket.reread = { status, ticketNumber: ticket.ticketNumber };
  }
  const orders = ledger.orders as Loose<OrderRecord>[];
  for (const order of orders) {
    const isConfirmed = order.status === 'confirmed';
    order.reread = {
      status: order.status,
      paymentStatus: isConfirmed ? 'captured' : 'failed',
      totalAmount: price,
    };
  }
  return {
    tickets,
    holds,
    orders,
    servingWentBack: ledger.servingWentBack,
    stock: [
      { sku: 'A', offered: 2, onHand: 2, held: 0, sold: 2, allotted: 0, available: 0, saleSold: 2 },
      { sku: 'B', offered: 1, onHand: 1, held: 0, sold: 1, allotted: 0, available: 0, saleSold: 1 },
    ],
    oversoldReported: 0,
    payments,
  };
}

/** Buyer 0 has ticket 1, and so on. */
export function ticketView(
  buyer: number,
  status: string,
  nowServing: number,
  asOfMs: number,
  number = buyer + 1,
) {
  return {
    ticketId: `ticket-${buyer}`,
    ticketNumber: number,
    status,
    nowServing,
    admission: null,
    asOf: new Date(asOfMs).toISOString(),
  };
}

export function asEvidence(loose: LooseEvidence): Evidence {
  return loose as Evidence;
}
