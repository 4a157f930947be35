/** The oracle's waiting room: a list of tickets in the order in which they were issued. */
import type { Queueing, SaleItem } from '../../src/actors/sale/commands.ts';
import type { SaleEvent } from '../../src/actors/sale/events.ts';
import type { Fail } from './model.ts';

export interface TicketEntry {
  readonly ticketId: string;
  readonly buyerId: string;
  readonly requestId: string | null;
  status: 'waiting' | 'admitted' | 'completed' | 'expired' | 'left';
  /** By SKU: units held and units bought. */
  readonly units: Map<string, readonly [held: number, sold: number]>;
}

type IssuedRow = Pick<TicketEntry, 'ticketId' | 'buyerId' | 'requestId'>;

/** Read by hand: an id is sixteen bytes, least significant byte of each word first. */
function rowsIn({ rows }: Extract<SaleEvent, { type: 'TicketsIssued' }>): IssuedRow[] {
  const bytes = Buffer.from(rows);
  const uuid = (at: number) => {
    const hex = [0, 4, 8, 12]
      .map((n) =>
        bytes
          .readUInt32LE(at + n)
          .toString(16)
          .padStart(8, '0'),
      )
      .join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  const rowBytes = 56;
  return Array.from({ length: Math.floor(bytes.length / rowBytes) }, (_, row) => {
    const at = row * rowBytes;
    const hasRequest = bytes.subarray(at + 32, at + 48).some((byte) => byte !== 0);
    return {
      ticketId: `tkt_${uuid(at)}`,
      buyerId: `acc_${uuid(at + 16)}`,
      requestId: hasRequest ? uuid(at + 32) : null,
    };
  });
}

export class RoomBook {
  isCreated = false;
  isEnded = false;
  isPaused = false;
  nowServing = 0;
  queueing: Queueing | null = null;
  items: readonly SaleItem[] = [];
  /** Ticket n is at n - 1. */
  readonly tickets: TicketEntry[] = [];
  /** By SKU: what the last report that counted said. */
  readonly reports = new Map<string, { seq: number; available: number; held: number; sold: number }>();
  readonly #saleId: string;
  readonly #fail: Fail;

  constructor(saleId: string, fail: Fail) {
    this.#saleId = saleId;
    this.#fail = fail;
  }

  count(status: TicketEntry['status']): number {
    return this.tickets.filter((ticket) => ticket.status === status).length;
  }

  take(event: SaleEvent): void {
    switch (event.type) {
      case 'SaleCreated':
        if (this.isCreated) this.#object('a sale is created once', event);
        this.isCreated = true;
        this.queueing = event.queueing;
        this.items = event.items;
        return;
      case 'SaleChanged':
        this.queueing = event.queueing;
        return;
      case 'SalePaused':
        this.isPaused = true;
        return;
      case 'SaleResumed':
        this.isPaused = false;
        return;
      case 'SaleEnded':
        this.isEnded = true;
        for (const ticket of this.tickets) if (ticket.status === 'waiting') ticket.status = 'expired';
        return;
      case 'ItemAllotted': {
        const { sku, quantity } = this.items.find((item) => item.sku === event.sku)!;
        if (!this.reports.has(sku)) this.reports.set(sku, { seq: 0, available: quantity, held: 0, sold: 0 });
        return;
      }
      case 'TicketIssued':
        this.#issue(event, event);
        return;
      case 'TicketsIssued': {
        const all = rowsIn(event);
        if (all.length !== event.count || all.length === 0)
          this.#object('rows are as many as is said', event);
        for (const row of all) this.#issue(row, event);
        return;
      }
      case 'TicketLeft':
        this.#end([event.ticketNumber], 'left', event);
        return;
      case 'AdmissionsExpired':
        this.#end(event.ticketNumbers, 'expired', event);
        return;
      case 'TicketsReleased':
        this.#release(event);
        return;
      case 'StockReported':
        this.#report(event);
        return;
      case 'StocksReported':
        if (event.reports.length === 0) this.#object('reports are as many as is said', event);
        for (const [sku, seq, available, held, sold, tickets] of event.reports)
          this.#report({ sku, seq, available, held, sold, tickets });
    }
  }

  #issue({ ticketId, buyerId, requestId }: IssuedRow, event: SaleEvent): void {
    if (this.tickets.some((ticket) => ticket.ticketId === ticketId))
      this.#object('a ticket is issued once', event);
    const mine = this.tickets.filter((ticket) => ticket.buyerId === buyerId);
    if (mine.some(({ status }) => status === 'waiting' || status === 'admitted'))
      this.#object('one live ticket per buyer', event);
    if (requestId !== null && mine.some((ticket) => ticket.requestId === requestId))
      this.#object('a join request makes one ticket', event);
    this.tickets.push({
      ticketId,
      buyerId,
      requestId,
      status: 'waiting',
      units: new Map(),
    });
  }

  #end(numbers: readonly number[], status: 'left' | 'expired', event: SaleEvent): void {
    for (const number of numbers) {
      const ticket = this.tickets[number - 1];
      const isRight = ticket?.status === 'admitted' || (status === 'left' && ticket?.status === 'waiting');
      if (!isRight) this.#object('an admission ends once', event);
      if (ticket) ticket.status = status;
    }
  }

  #release(event: Extract<SaleEvent, { type: 'TicketsReleased' }>): void {
    const { upTo, count } = event;
    const next = this.tickets.slice(this.nowServing, upTo).filter(({ status }) => status === 'waiting');
    const isBehind = this.tickets.slice(0, this.nowServing).some(({ status }) => status === 'waiting');
    if (upTo <= this.nowServing || next.length !== count || count < 1 || isBehind)
      this.#object('admissions in ticket order', event);
    for (const ticket of next) ticket.status = 'admitted';
    this.nowServing = upTo;
    if (this.isPaused || this.isEnded) this.#object('nobody is admitted to a closed room', event);
    const { activeLimit, overAdmission, releasePerSecond } = this.queueing!;
    // The bucket holds two ticks' worth, and one ticket at least.
    if (count > Math.max(1, releasePerSecond / 5)) this.#object('no faster than the rate', event);
    let inPlay = 0;
    for (const { available, held } of this.reports.values()) inPlay += available + held;
    const most = Math.min(activeLimit, Math.floor(inPlay * overAdmission));
    if (this.count('admitted') > most) this.#object('no more admitted than may be', { ...event, most });
  }

  #report(event: Omit<Extract<SaleEvent, { type: 'StockReported' }>, 'type' | 'claimed' | 'atMs'>): void {
    const { sku, seq, available, held, sold } = event;
    if (seq <= (this.reports.get(sku)?.seq ?? 0)) this.#object('reports count once, in order', event);
    this.reports.set(sku, { seq, available, held, sold });
    for (const [number, ticketHeld, ticketSold] of event.tickets) {
      const ticket = this.tickets[number - 1];
      if (!ticket) continue;
      const hasJoinedAgain = this.tickets.slice(number).some(({ buyerId }) => buyerId === ticket.buyerId);
      if (ticket.status === 'expired' && ticketHeld > 0 && !hasJoinedAgain) ticket.status = 'admitted';
      if (ticket.status !== 'admitted') {
        if (ticketSold > 0) ticket.status = 'completed';
        continue;
      }
      ticket.units.set(sku, [ticketHeld, ticketSold]);
      const units = [...ticket.units.values()];
      if (units.some(([, bought]) => bought > 0) && units.every(([holding]) => holding === 0))
        ticket.status = 'completed';
    }
  }

  #object(rule: string, about: object): void {
    this.#fail(rule, `sale ${this.#saleId}: ${JSON.stringify(about)}`);
  }
}
