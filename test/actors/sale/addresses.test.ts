import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import { initialSale, type SaleState } from '../../../src/actors/sale/state.ts';
import { TicketTable, ticketStatus } from '../../../src/actors/sale/ticket-table.ts';
import { buyer, request, SaleRoom, saleId, terms, ticket } from './room.ts';

/** A sale that bounds the live tickets of one address, and releases nobody by itself. */
function opened(ticketsPerAddress: number | null | undefined, changes: Partial<typeof terms.queueing> = {}) {
  const queueing = { ...terms.queueing, ...changes };
  if (ticketsPerAddress !== undefined) queueing.ticketsPerAddress = ticketsPerAddress;
  return SaleRoom.open({ queueing });
}

const home = 0xffff_ffff;
const elsewhere = 7;

function saved(state: SaleState): SaleState {
  const { version, snapshot, restore } = saleDecider;
  return restore(saleId, unpack(pack(snapshot(state))), version);
}

describe('one address', () => {
  it('has no more live tickets in a sale than its terms say, however many buyers it has', () => {
    const room = opened(2);
    expect([1, 2, 3, 4].map((n) => room.join(n, null, home).code)).toEqual([
      'created',
      'created',
      'address_limit',
      'address_limit',
    ]);
    expect(room.join(3, null, home).body).toEqual({ limit: 2 });
    expect(room.join(5, null, elsewhere).code).toBe('created');
    expect(room.state.tickets.count).toBe(3);
  });

  it('is not counted when it is exempt', () => {
    const room = opened(1);
    for (let n = 1; n <= 50; n++) expect(room.join(n).code).toBe('created');
  });

  it.each([null, undefined])('has any number when the terms say %s', (limit) => {
    const room = opened(limit);
    for (let n = 1; n <= 50; n++) expect(room.join(n, null, home).code).toBe('created');
  });

  it('gets the ticket that a buyer has already, and its repeats, also at the bound', () => {
    const room = opened(1);
    const first = room.join(1, request(9), home);
    for (const requestId of [request(9), null, request(8)]) {
      const again = room.join(1, requestId, home);
      expect([again.code, again.body.ticketId]).toEqual(['ok', first.body.ticketId]);
    }
    expect(room.join(1, null, elsewhere).code).toBe('ok');
    expect(room.join(2, null, elsewhere).code).toBe('created');
  });

  it('may join again for every ticket that was left, and not once more', () => {
    const room = opened(3);
    for (let n = 1; n <= 3; n++) room.join(n, null, home);
    for (let round = 0; round < 20; round++) {
      expect(room.join(100 + round, null, home).code).toBe('address_limit');
      room.leave(1);
      room.leave(1);
      expect(room.join(1, null, home).code).toBe('created');
    }
    expect(room.state.tickets.liveOf(home)).toBe(3);
  });

  it('counts an admitted ticket until it has expired, was completed or was left', () => {
    const room = opened(1);
    room.join(1, null, home);
    room.wait(200);
    expect(room.admitted()).toEqual([1]);
    expect(room.join(2, null, home).code).toBe('address_limit');
    room.wait(30_000);
    expect(room.view(1).status).toBe('expired');
    expect(room.join(2, null, home).code).toBe('created');
    room.wait(200);
    room.report(2, 1, 0, [[2, 1, 0]]);
    expect(room.join(3, null, home).code).toBe('address_limit');
    room.report(2, 0, 1, [[2, 0, 1]]);
    expect(room.view(2).status).toBe('completed');
    expect(room.join(3, null, home).code).toBe('created');
  });

  it('counts a ticket again whose hold was reported after it had expired', () => {
    const room = opened(1);
    room.join(1, null, home);
    room.wait(30_000);
    expect([room.view(1).status, room.state.tickets.liveOf(home)]).toEqual(['expired', 0]);
    room.report(2, 1, 0, [[1, 1, 0]]);
    expect([room.view(1).status, room.state.tickets.liveOf(home)]).toEqual(['admitted', 1]);
    expect(room.join(2, null, home).code).toBe('address_limit');
  });

  it('is bound by what a seller changes, from the next ticket on', () => {
    const room = opened(undefined, { activeLimit: 1 });
    for (let n = 1; n <= 5; n++) room.join(n, null, home);
    const change = (ticketsPerAddress: number | null) =>
      room.send({ type: 'ChangeSale', sellerId: null, queueing: { ticketsPerAddress } });
    change(5);
    expect(room.join(6, null, home).code).toBe('address_limit');
    change(6);
    expect(room.join(6, null, home).code).toBe('created');
    change(null);
    expect(room.join(7, null, home).code).toBe('created');
  });
});

describe('a site of many addresses', () => {
  const site = 0x8000_0001;

  it('has sixteen times the live tickets of an address, whichever of its addresses they come from', () => {
    const room = opened(2);
    for (let n = 1; n <= 32; n++) expect(room.join(n, null, 1_000 + n, site).code).toBe('created');
    const refused = room.join(33, null, 2_000, site);
    expect([refused.code, refused.body]).toEqual(['address_limit', { limit: 32 }]);
    expect(room.join(33, null, 2_000, site + 1).code).toBe('created');
    expect(room.join(34, null, 3_000).code).toBe('created');
    room.leave(5);
    expect(room.join(35, null, 2_001, site).code).toBe('created');
    expect(room.join(36, null, 2_001, site).code).toBe('address_limit');
  });

  it('is counted as before when the sale was saved, or its journal is read', () => {
    const room = opened(1);
    for (let n = 1; n <= 16; n++) room.join(n, null, 1_000 + n, site);
    room.leave(3);
    const replayed = initialSale(saleId);
    for (const event of room.events) saleDecider.evolve(replayed, unpack(pack(event)));
    for (const state of [saved(room.state), replayed]) {
      expect(state.tickets.liveOf(site)).toBe(15);
      room.state = state;
      expect([room.join(20, null, 5_000, site).code, room.join(21, null, 5_001, site).code]).toEqual([
        'created',
        'address_limit',
      ]);
    }
  });

  it('is not in the journal, nor in what is saved, of a sale without any', () => {
    const room = opened(2);
    room.join(1, null, home);
    room.join(2, null, null, site);
    expect(room.events.some((event) => 'site' in event)).toBe(false);
    expect(Object.keys(unpack(pack(saleDecider.snapshot(room.state))).tickets)).not.toContain('sites');
  });
});

describe('a sale that was saved', () => {
  it('counts as before, and its journal leads to the same', () => {
    const room = opened(2);
    room.join(1, null, home);
    room.join(2);
    room.join(3, null, elsewhere);
    room.leave(3);
    const replayed = initialSale(saleId);
    for (const event of room.events) saleDecider.evolve(replayed, unpack(pack(event)));
    for (const state of [saved(room.state), replayed]) {
      expect([state.tickets.liveOf(home), state.tickets.liveOf(elsewhere)]).toEqual([1, 0]);
      room.state = state;
      expect([room.join(4, null, home).code, room.join(5, null, home).code]).toEqual([
        'created',
        'address_limit',
      ]);
    }
  });

  it('without addresses has the form that it had before there were any, and is read without', () => {
    const room = opened(2);
    for (let n = 1; n <= 3; n++) room.join(n);
    const snapshot = unpack(pack(saleDecider.snapshot(room.state)));
    expect(Object.keys(snapshot.tickets)).not.toContain('addresses');
    expect(room.events.some((event) => 'address' in event)).toBe(false);
    room.state = saved(room.state);
    expect(room.join(4, null, home).code).toBe('created');
    expect(room.state.tickets.liveOf(home)).toBe(1);
    room.state = saved(room.state);
    expect(room.state.tickets.liveOf(home)).toBe(1);
  });
});

describe('the counts of a ticket table', () => {
  const status = fc.constantFrom(...Object.values(ticketStatus));
  const step = fc.oneof(
    fc.record({ join: fc.oneof(fc.nat(5), fc.integer({ min: 1, max: 2 ** 31 })) }),
    fc.record({ ticket: fc.nat(200), status }),
    fc.constantFrom('save' as const, 'end' as const),
  );

  it('are the live tickets of each address, whatever becomes of them', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let table = new TicketTable();
        const tickets: { address: number; site: number; status: number }[] = [];
        for (const one of steps) {
          if (one === 'save') table = TicketTable.fromColumns(unpack(pack(table.columns())));
          else if (one === 'end') {
            table.expireWaiting();
            for (const waiting of tickets.filter((other) => other.status === ticketStatus.waiting))
              waiting.status = ticketStatus.expired;
          } else if ('join' in one) {
            // No site has the number of an address.
            const site = one.join === 0 ? 0 : [0, 2 ** 31 + 5, 2 ** 31 + 6][one.join % 3]!;
            tickets.push({ address: one.join, site, status: ticketStatus.waiting });
            table.issue(ticket(tickets.length), buyer(tickets.length), null, one.join, site);
          } else if (tickets.length > 0) {
            const index = one.ticket % tickets.length;
            tickets[index]!.status = one.status;
            table.setStatus(index + 1, one.status);
          }
        }
        for (const { address } of tickets) {
          const live = tickets.filter((other) => other.address === address && other.status <= 1).length;
          expect(table.liveOf(address)).toBe(address === 0 ? 0 : live);
        }
        for (const site of [2 ** 31 + 5, 2 ** 31 + 6]) {
          const live = tickets.filter((other) => other.site === site && other.status <= 1).length;
          expect(table.liveOf(site)).toBe(live);
        }
      }),
    );
  });

  it('take no more room for addresses that come and go than for those that stay', () => {
    const table = new TicketTable();
    for (let n = 1; n <= 200_000; n++) {
      table.issue(ticket(n), buyer(n), null, n);
      table.setStatus(n, ticketStatus.left);
    }
    expect(table.liveOf(200_000)).toBe(0);
    expect(table.addressSlots).toBeLessThanOrEqual(32);
  });
});
