/**
 * How many live tickets each address has in one sale, and each site (a /48 of IPv6). An address or a site is a number that
 * is not 0 and says nothing to whoever does not have the server's secret; 0 is one that is not counted.
 *
 * 1. A ticket keeps its address for good, because an expired one may live again; `live` and `over` count it.
 * 2. Columns of numbers, made with the first address: a million tickets cost four bytes each, and sixteen for each address
 *    that has a live one.
 */

/** A power of two. */
const slotsMin = 16;

export class AddressCounts {
  #byTicket = new Uint32Array(0);
  /** Empty while no ticket has a site. A ticket with a site has an address. */
  #siteByTicket = new Uint32Array(0);
  /** Open addressing from an address or a site to its count; what has come down to 0 is thrown out when the table is made anew. */
  #addresses = new Uint32Array(slotsMin);
  #counts = new Uint32Array(slotsMin);
  #used = 0;

  get slots(): number {
    return this.#addresses.length;
  }

  of(address: number): number {
    return this.#counts[this.#slotOf(address)]!;
  }

  /** Keeps the ticket's address and site; they are not counted yet. */
  note(ticketNumber: number, address: number, site: number): void {
    if (address === 0) return;
    this.#byTicket = withRoomFor(this.#byTicket, ticketNumber);
    this.#byTicket[ticketNumber] = address;
    if (site === 0) return;
    this.#siteByTicket = withRoomFor(this.#siteByTicket, ticketNumber);
    this.#siteByTicket[ticketNumber] = site;
  }

  live(ticketNumber: number): void {
    const address = this.#byTicket[ticketNumber] ?? 0;
    if (address === 0) return;
    this.#add(address, 1);
    const site = this.#siteByTicket[ticketNumber] ?? 0;
    if (site !== 0) this.#add(site, 1);
  }

  over(ticketNumber: number): void {
    const address = this.#byTicket[ticketNumber] ?? 0;
    if (address === 0) return;
    this.#counts[this.#slotOf(address)]! -= 1;
    const site = this.#siteByTicket[ticketNumber] ?? 0;
    if (site !== 0) this.#counts[this.#slotOf(site)]! -= 1;
  }

  /** The addresses, and the sites, of tickets 0 to `count`; null when none has one. */
  columns(count: number): { addresses: Uint32Array | null; sites: Uint32Array | null } {
    return { addresses: columnOf(this.#byTicket, count), sites: columnOf(this.#siteByTicket, count) };
  }

  static fromColumns(addresses: Uint32Array, sites: Uint32Array | null): AddressCounts {
    const counts = new AddressCounts();
    counts.#byTicket = new Uint32Array(addresses);
    if (sites !== null) counts.#siteByTicket = new Uint32Array(sites);
    return counts;
  }

  #add(address: number, tickets: number): void {
    const slot = this.#slotOf(address);
    if (this.#addresses[slot] === 0) {
      this.#addresses[slot] = address;
      this.#used += 1;
    }
    this.#counts[slot]! += tickets;
    if (this.#used * 2 > this.#addresses.length) this.#makeAnew();
  }

  #slotOf(address: number): number {
    const mask = this.#addresses.length - 1;
    let slot = Math.imul(address, 0x9e3779b1) >>> 0;
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const known = this.#addresses[slot]!;
      if (known === address || known === 0) return slot;
    }
  }

  /** With room for twice as many as are counted, and without those that are not any more. */
  #makeAnew(): void {
    const [addresses, counts] = [this.#addresses, this.#counts];
    let counted = 0;
    for (const count of counts) if (count > 0) counted += 1;
    const slots = Math.max(slotsMin, 2 ** Math.ceil(Math.log2((counted + 1) * 4)));
    this.#addresses = new Uint32Array(slots);
    this.#counts = new Uint32Array(slots);
    this.#used = 0;
    for (let slot = 0; slot < addresses.length; slot++)
      if (counts[slot]! > 0) this.#add(addresses[slot]!, counts[slot]!);
  }
}

function withRoomFor(column: Uint32Array<ArrayBuffer>, ticketNumber: number): Uint32Array<ArrayBuffer> {
  if (ticketNumber < column.length) return column;
  const grown = new Uint32Array(2 ** Math.ceil(Math.log2(ticketNumber + 2)));
  grown.set(column);
  return grown;
}

function columnOf(byTicket: Uint32Array, count: number): Uint32Array | null {
  if (byTicket.length === 0) return null;
  const column = new Uint32Array(count + 1);
  column.set(byTicket.subarray(0, count + 1));
  return column;
}
