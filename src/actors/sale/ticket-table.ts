/**
 * The tickets of one sale, as columns of numbers: one million cost about 90 MB with what finds a buyer's, and a snapshot
 * is a handful of memory copies.
 *
 * 1. Tickets are numbered 1, 2, 3 … in the order of joining; a number is never used again.
 * 2. A buyer's tickets form a chain, newest first; at most the newest one is live.
 * 3. `waitingCount` and the rank tree count exactly the tickets whose status is `waiting`, and an address the live ones:
 *    those that wait or are admitted.
 * 4. No ticket that is issued makes more than some megabytes be copied: ids stand in chunks, and so does what finds buyers.
 */
import { RowKeys } from '../../protocol/row-keys.ts';
import { readUuid, uuidSpace, type Words, uuidWords as words, writeUuid } from '../../protocol/uuid-words.ts';
import { AddressCounts } from './address-counts.ts';
import { Fenwick } from './fenwick.ts';
import { isEqual, UuidRows } from './uuid-rows.ts';

export const ticketStatus = { waiting: 0, admitted: 1, completed: 2, expired: 3, left: 4 } as const;
type TicketStatusCode = (typeof ticketStatus)[keyof typeof ticketStatus];

/** A power of two. Small: a sale that nobody joins, or that could not be given its units, should cost next to nothing. */
const capacityMin = 16;
const noUuid = new Uint32Array(words);

export interface TicketColumns {
  count: number;
  status: Uint8Array;
  ids: Uint8Array;
  buyers: Uint8Array;
  requests: Uint8Array;
  previous: Uint8Array;
  /** Absent when no ticket has an address, as in all that were saved before tickets had one. */
  addresses?: Uint8Array;
  /** The same of sites. */
  sites?: Uint8Array;
}

export class TicketTable {
  count = 0;
  waitingCount = 0;
  #status: Uint8Array;
  readonly #ids = new UuidRows();
  readonly #requests = new UuidRows();
  readonly #buyers = new RowKeys(words);
  /** By the buyer's row: the number of the newest ticket. */
  #newest: Uint32Array;
  /** By the ticket's number: its buyer's row, and the buyer's ticket before it. */
  #buyerRow: Uint32Array;
  #previous: Uint32Array;
  #ranks: Fenwick;
  #addresses = new AddressCounts();
  /** The UUID that is looked for, and the characters of the one that is read: used again by every call. */
  readonly #probe = new Uint32Array(words);
  /** The ids of the ticket that is issued. */
  readonly #issued = new Uint32Array(3 * words);
  readonly #characters: number[] = uuidSpace('');

  constructor(capacity = capacityMin) {
    this.#status = new Uint8Array(capacity + 1);
    this.#newest = new Uint32Array(capacity + 1);
    this.#buyerRow = new Uint32Array(capacity + 1);
    this.#previous = new Uint32Array(capacity + 1);
    this.#ranks = new Fenwick(capacity);
  }

  /** Adds a waiting ticket and returns its number. Ids are prefixed UUIDs; `requestId` is a plain one or null; `address` and `site` 0: none. */
  issue(ticketId: string, buyerId: string, requestId: string | null, address = 0, site = 0): number {
    const ids = this.#issued;
    writeUuid(ticketId, ids, 0);
    writeUuid(buyerId, ids, words);
    if (requestId === null) ids.fill(0, 2 * words);
    else writeUuid(requestId, ids, 2 * words);
    return this.issueUuids(ids, 0, words, 2 * words, address, site);
  }

  /** The same with ids in words; a request's that are all 0 are none. */
  issueUuids(
    ids: Words,
    ticketAt: number,
    buyerAt: number,
    requestAt: number,
    address: number,
    site: number,
  ): number {
    if (this.count + 1 >= this.#status.length) this.#grow();
    const number = ++this.count;
    this.#ids.set(number, ids, ticketAt);
    this.#requests.set(number, ids, requestAt);
    this.#append(number, ids, buyerAt, this.newestOfUuid(ids, buyerAt) === 0);
    this.#ranks.add(number, 1);
    this.waitingCount++;
    this.#addresses.note(number, address, site);
    this.#addresses.live(number);
    return number;
  }

  /** One of `ticketStatus`. */
  status(number: number): number {
    return this.#status[number]!;
  }

  setStatus(number: number, status: TicketStatusCode): void {
    const before = this.#status[number]!;
    const wasWaiting = before === ticketStatus.waiting;
    const isWaiting = status === ticketStatus.waiting;
    this.#status[number] = status;
    if (isLive(before) !== isLive(status)) {
      if (isLive(status)) this.#addresses.live(number);
      else this.#addresses.over(number);
    }
    if (wasWaiting === isWaiting) return;
    this.#ranks.add(number, isWaiting ? 1 : -1);
    this.waitingCount += isWaiting ? 1 : -1;
  }

  /** Ends every waiting ticket, and returns how many there were: one pass, however many there are. */
  expireWaiting(): number {
    const ended = this.waitingCount;
    for (let number = 1; number <= this.count; number++)
      if (this.#status[number] === ticketStatus.waiting) {
        this.#status[number] = ticketStatus.expired;
        this.#addresses.over(number);
      }
    this.#ranks = new Fenwick(this.#ranks.capacity);
    this.waitingCount = 0;
    return ended;
  }

  /** Live tickets of this address, or site. */
  liveOf(address: number): number {
    return this.#addresses.of(address);
  }

  /** Places for addresses: bounded by those that have live tickets. */
  get addressSlots(): number {
    return this.#addresses.slots;
  }

  isLive(number: number): boolean {
    return isLive(this.#status[number]!);
  }

  /** How many waiting tickets have a smaller number. */
  waitingBefore(number: number): number {
    return this.#ranks.prefix(number - 1);
  }

  ticketId(number: number): string {
    return `tkt_${this.#ids.read(number, this.#characters)}`;
  }

  buyerId(number: number): string {
    const row = this.#buyerRow[number]!;
    for (let n = 0; n < words; n++) this.#probe[n] = this.#buyers.word(row, n);
    return `acc_${readUuid(this.#probe, 0, this.#characters)}`;
  }

  /** The buyer's newest ticket, 0 when there is none. */
  newestOf(buyerId: string): number {
    writeUuid(buyerId, this.#probe, 0);
    return this.newestOfUuid(this.#probe, 0);
  }

  newestOfUuid(buyer: Words, at: number): number {
    const row = this.#buyers.find(buyer, at);
    return row < 0 ? 0 : this.#newest[row]!;
  }

  /** The buyer's ticket with this id, 0 when there is none. */
  byId(buyerId: string, ticketId: string): number {
    const newest = this.newestOf(buyerId);
    writeUuid(ticketId, this.#probe, 0);
    return this.byIdUuid(newest, this.#probe, 0);
  }

  /** The same of the buyer whose newest ticket that is. */
  byIdUuid(newest: number, ticket: Words, at: number): number {
    return this.#inChain(newest, this.#ids, ticket, at);
  }

  /** The buyer's ticket that this join request made, 0 when there is none. */
  byRequest(buyerId: string, requestId: string): number {
    const newest = this.newestOf(buyerId);
    writeUuid(requestId, this.#probe, 0);
    return this.byRequestUuid(newest, this.#probe, 0);
  }

  /** The same of the buyer whose newest ticket that is; 0 also for words that are none. */
  byRequestUuid(newest: number, request: Words, at: number): number {
    return isEqual(request, at, noUuid, 0) ? 0 : this.#inChain(newest, this.#requests, request, at);
  }

  columns(): TicketColumns {
    const used = this.count + 1;
    const { addresses, sites } = this.#addresses.columns(this.count);
    return {
      count: this.count,
      status: this.#status.slice(0, used),
      ids: bytesOf(this.#ids.column(this.count)),
      buyers: bytesOf(this.#buyersColumn()),
      requests: bytesOf(this.#requests.column(this.count)),
      previous: bytesOf(this.#previous.slice(0, used)),
      ...(addresses === null ? {} : { addresses: bytesOf(addresses) }),
      ...(sites === null ? {} : { sites: bytesOf(sites) }),
    };
  }

  static fromColumns(columns: TicketColumns): TicketTable {
    const table = new TicketTable(Math.max(capacityMin, 2 ** Math.ceil(Math.log2(columns.count + 2))));
    table.count = columns.count;
    table.#status.set(columns.status);
    const { ids, buyers, requests, previous } = columns;
    const [idWords, buyerWords, requestWords, before] = [ids, buyers, requests, previous].map(wordsOf);
    for (let number = 1; number <= table.count; number++) {
      table.#ids.set(number, idWords!, number * words);
      table.#requests.set(number, requestWords!, number * words);
      table.#append(number, buyerWords!, number * words, before![number] === 0);
    }
    const { addresses, sites } = columns;
    if (addresses !== undefined)
      table.#addresses = AddressCounts.fromColumns(
        wordsOf(addresses),
        sites === undefined ? null : wordsOf(sites),
      );
    for (let number = 1; number <= table.count; number++) {
      if (table.isLive(number)) table.#addresses.live(number);
      if (table.status(number) === ticketStatus.waiting) table.waitingCount++;
    }
    table.#ranks = Fenwick.build(
      table.#ranks.capacity,
      (number) => number <= table.count && table.status(number) === ticketStatus.waiting,
    );
    return table;
  }

  #inChain(newest: number, column: UuidRows, id: Words, at: number): number {
    let number = newest;
    while (number !== 0 && !column.isAt(number, id, at)) number = this.#previous[number]!;
    return number;
  }

  /** The ticket is its buyer's newest, or the first. */
  #append(number: number, buyers: Words, at: number, isFirst: boolean): void {
    const row = isFirst ? this.#buyers.add(buyers, at) : this.#buyers.find(buyers, at);
    this.#previous[number] = this.#newest[row]!;
    this.#newest[row] = number;
    this.#buyerRow[number] = row;
  }

  #buyersColumn(): Uint32Array {
    const column = new Uint32Array((this.count + 1) * words);
    for (let number = 1; number <= this.count; number++)
      for (let n = 0; n < words; n++)
        column[number * words + n] = this.#buyers.word(this.#buyerRow[number]!, n);
    return column;
  }

  #grow(): void {
    const capacity = (this.#status.length - 1) * 2;
    this.#status = grown(this.#status, new Uint8Array(capacity + 1));
    this.#newest = grown(this.#newest, new Uint32Array(capacity + 1));
    this.#buyerRow = grown(this.#buyerRow, new Uint32Array(capacity + 1));
    this.#previous = grown(this.#previous, new Uint32Array(capacity + 1));
    this.#ranks.grow();
  }
}

function isLive(status: number): boolean {
  return status === ticketStatus.waiting || status === ticketStatus.admitted;
}

function grown<Column extends Uint8Array | Uint32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function bytesOf(column: Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

/** Snapshots store the columns as bytes, which may arrive unaligned: copy, then view as words. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}
