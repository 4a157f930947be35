import { describe, expect, test } from 'vitest';
import { Ledger } from '../../bench/crowd/ledger.ts';
import { checkPromises, oversoldUnits } from '../../bench/crowd/promises.ts';
import { asEvidence, keptSale, type LooseEvidence, ticketView } from './ledgers.ts';

const names = {
  stock: 'no unit is sold twice, none is lost',
  sold: 'units sold = confirmed orders',
  orders: 'every acknowledged order reads the same again',
  paid: 'units confirmed = units paid',
  charged: 'nobody is charged twice',
  unit: 'one unit per buyer',
  ticket: 'one ticket per buyer, one buyer per ticket',
  number: 'a ticket keeps its number',
  places: 'admissions follow the ticket numbers',
  holds: 'every acknowledged hold is accounted for',
  remain: 'all units are sold while tickets remain',
} as const;

function broken(evidence: LooseEvidence): string[] {
  return checkPromises(asEvidence(evidence))
    .filter(({ isKept }) => isKept === false)
    .map(({ name }) => name);
}

test('a sale that went well keeps every promise', () => {
  expect(broken(keptSale())).toEqual([]);
  expect(checkPromises(asEvidence(keptSale())).map(({ name }) => name)).toEqual(Object.values(names));
});

test('without the provider’s ledger two promises are skipped, not kept', () => {
  const evidence = { ...asEvidence(keptSale()), payments: '--no-provider' };
  const skipped = checkPromises(evidence).filter(({ isKept }) => isKept === null);
  expect(skipped.map(({ name }) => name)).toEqual([names.paid, names.charged]);
  expect(skipped[0]!.detail).toContain('--no-provider');
});

type Mutant = readonly [what: string, breaks: readonly string[], mutate: (sale: LooseEvidence) => void];

const mutants: readonly Mutant[] = [
  [
    'one unit more is sold than was offered',
    [names.stock, names.sold],
    ({ stock }) => {
      stock[0]!.sold = 3;
      stock[0]!.available = -1;
    },
  ],
  [
    'the sale itself reports an oversold unit',
    [names.stock],
    (sale) => {
      sale.oversoldReported = 1;
    },
  ],
  [
    'a unit vanishes from the shelf',
    [names.stock],
    ({ stock }) => {
      stock[1]!.onHand = 0;
    },
  ],
  [
    'stock counts a unit that nobody’s order has',
    [names.sold, names.orders, names.paid, names.holds],
    ({ orders }) => {
      orders[0]!.reread = 'missing';
    },
  ],
  [
    'the sale and the stock disagree',
    [names.sold],
    ({ stock }) => {
      stock[0]!.saleSold = 1;
    },
  ],
  [
    'the units are right in sum but of the wrong SKU',
    [names.stock, names.sold],
    ({ orders }) => {
      orders[1]!.sku = 'A';
    },
  ],
  [
    'a confirmed order has become another',
    [names.sold, names.orders, names.paid, names.holds],
    ({ orders }) => {
      orders[2]!.reread = { status: 'cancelled', paymentStatus: 'voided', totalAmount: 0 };
    },
  ],
  [
    'an order never comes to rest',
    [names.orders],
    ({ orders }) => {
      orders[3]!.status = 'authorizing';
      orders[3]!.reread = { status: 'authorizing', paymentStatus: 'none', totalAmount: 1 };
    },
  ],
  [
    'a confirmed order was never paid',
    [names.paid],
    ({ payments }) => {
      payments[0]!.capturedAmount = 0;
    },
  ],
  [
    'a confirmed order was paid in part',
    [names.paid],
    ({ payments }) => {
      payments[1]!.capturedAmount = 1;
    },
  ],
  [
    'a declined order was captured all the same',
    [names.paid],
    ({ payments }) => {
      payments[3]!.capturedAmount = 49_900;
    },
  ],
  [
    'an order is captured twice',
    [names.paid, names.charged],
    ({ payments }) => void payments.push({ ...payments[0]!, paymentId: 'pi-again' }),
  ],
  [
    'an order is captured twice and refunded once',
    [names.charged],
    ({ payments }) => void payments.push({ ...payments[0]!, paymentId: 'pi-again', refundedAmount: 49_900 }),
  ],
  [
    'a buyer has two units',
    [names.unit],
    ({ orders }) => {
      orders[1]!.buyer = 0;
    },
  ],
  [
    'two buyers have one number',
    [names.ticket],
    ({ tickets }) => {
      tickets[5]!.ticketNumber = 5;
      tickets[5]!.reread = { status: 'waiting', ticketNumber: 5 };
    },
  ],
  [
    'two buyers have one ticket',
    [names.ticket],
    ({ tickets }) => {
      tickets[5]!.ticketId = 'ticket-4';
    },
  ],
  [
    'a buyer has two tickets',
    [names.ticket],
    ({ tickets }) => {
      tickets[5]!.buyer = 4;
    },
  ],
  [
    'a reconnecting buyer got another number',
    [names.number],
    ({ tickets }) => {
      tickets[2]!.changes = 1;
    },
  ],
  [
    'a ticket reads another number in the end',
    [names.number],
    ({ tickets }) => {
      tickets[2]!.reread = { status: 'completed', ticketNumber: 9 };
    },
  ],
  [
    'a ticket is not known any more',
    [names.number],
    ({ tickets }) => {
      tickets[4]!.reread = 'missing';
    },
  ],
  [
    'a higher number was admitted in an earlier release',
    [names.places],
    ({ tickets }) => {
      tickets[4]!.admissionExpiresAtMs! -= 150;
    },
  ],
  [
    'somebody waits while a higher number was let in',
    [names.places],
    ({ tickets }) => {
      tickets[3]!.admissionExpiresAtMs = null;
      tickets[3]!.reread = { status: 'waiting', ticketNumber: 4 };
    },
  ],
  [
    'somebody waited although the number had come up',
    [names.places],
    ({ tickets }) => {
      tickets[4]!.wasPassedOver = true;
    },
  ],
  [
    'the number that is served went back',
    [names.places],
    (sale) => {
      sale.servingWentBack = 1;
    },
  ],
  [
    'a hold is not known any more',
    [names.holds],
    ({ holds }) => {
      holds[4]!.reread = 'missing';
    },
  ],
  [
    'a hold was never read again',
    [names.holds],
    ({ holds }) => {
      holds[4]!.reread = undefined;
    },
  ],
  [
    'a hold stays open after its time',
    [names.holds],
    ({ holds }) => {
      holds[4]!.reread = { state: 'held' };
    },
  ],
  [
    'a hold is bought without an order',
    [names.holds],
    ({ holds }) => {
      holds[4]!.reread = { state: 'committed' };
    },
  ],
  [
    'a bought hold was given away',
    [names.holds],
    ({ holds }) => {
      holds[0]!.reread = { state: 'voided' };
    },
  ],
  [
    'a hold lapsed though its buyer wanted it',
    [names.holds],
    ({ holds }) => {
      holds[4]!.isAbandoned = false;
    },
  ],
  [
    'a checkout was refused as too late before the hold’s time was up',
    [names.holds],
    ({ holds }) => {
      holds[4]!.isAbandoned = false;
      holds[4]!.refusal = { code: 'hold_expired', atMs: holds[4]!.expiresAtMs - 1 };
    },
  ],
  [
    'units stay on the shelf while people wait',
    [names.sold, names.remain],
    ({ stock }) => {
      stock[1]!.sold = 0;
      stock[1]!.available = 1;
    },
  ],
];

describe('a broken promise is seen when', () => {
  test.each(mutants)('%s', (_, breaks, mutate) => {
    const sale = keptSale();
    mutate(sale);
    expect(broken(sale)).toEqual(breaks);
  });
});

describe('no promise is broken when', () => {
  test('several tickets are admitted in one release', () => {
    const sale = keptSale();
    for (const ticket of sale.tickets) if (ticket.buyer < 5) ticket.admissionExpiresAtMs = 1;
    expect(broken(sale)).toEqual([]);
  });

  test('a lower number had left before its turn', () => {
    const sale = keptSale();
    sale.tickets[3]!.admissionExpiresAtMs = null;
    sale.tickets[3]!.reread = { status: 'left', ticketNumber: 4 };
    expect(broken(sale)).toEqual([]);
  });

  test('a hold lapsed and the checkout came after its time', () => {
    const sale = keptSale();
    sale.holds[4]!.isAbandoned = false;
    sale.holds[4]!.refusal = { code: 'hold_expired', atMs: sale.holds[4]!.expiresAtMs + 1 };
    expect(broken(sale)).toEqual([]);
  });

  test('units are left because nobody waits', () => {
    const sale = keptSale();
    sale.tickets[5]!.reread = { status: 'left', ticketNumber: 6 };
    sale.stock[1] = {
      sku: 'B',
      offered: 2,
      onHand: 2,
      held: 0,
      sold: 1,
      allotted: 0,
      available: 1,
      saleSold: 1,
    };
    expect(broken(sale)).toEqual([]);
  });
});

test('oversold units are counted over all SKUs, by the worst of the figures', () => {
  const sale = keptSale();
  sale.stock[0]!.saleSold = 4;
  sale.stock[1]!.sold = 2;
  expect(oversoldUnits(asEvidence(sale))).toBe(3);
});

describe('the ledger notices', () => {
  test('another number or ticket for a buyer who has one', () => {
    const ledger = new Ledger(1);
    ledger.seeTicket(0, ticketView(0, 'waiting', 0, 1));
    ledger.seeTicket(0, ticketView(0, 'waiting', 0, 2));
    expect(ledger.tickets[0]!.changes).toBe(0);
    ledger.seeTicket(0, ticketView(0, 'waiting', 0, 3, 7));
    ledger.seeTicket(0, { ...ticketView(0, 'waiting', 0, 4), ticketId: 'another' });
    expect(ledger.tickets[0]!.changes).toBe(2);
    expect(ledger.tickets).toHaveLength(1);
    expect(ledger.tickets[0]!.ticketNumber).toBe(1);
  });

  test('a ticket that waits while its number has come up', () => {
    const ledger = new Ledger(2);
    ledger.seeTicket(0, ticketView(0, 'admitted', 1, 1));
    ledger.seeTicket(1, ticketView(1, 'waiting', 2, 2));
    expect(ledger.tickets.map(({ wasPassedOver }) => wasPassedOver)).toEqual([false, true]);
  });

  test('a number that goes back, but not statements that arrive late', () => {
    const ledger = new Ledger(0);
    ledger.seeServing(5, 1_000);
    ledger.seeServing(3, 900);
    expect(ledger.servingWentBack).toBe(0);
    ledger.seeServing(4, 1_100);
    expect(ledger.servingWentBack).toBe(1);
  });

  test('a repeated acknowledgement is the same hold and the same order', () => {
    const ledger = new Ledger(1);
    const view = { holdId: 'h', sku: 'A', quantity: 1, expiresAt: '2026-01-01T00:00:00Z' };
    const hold = ledger.acknowledgeHold(0, view);
    expect(ledger.acknowledgeHold(0, view)).toBe(hold);
    ledger.acknowledgeOrder(hold, 'o', 'authorizing');
    ledger.acknowledgeOrder(hold, 'o', 'confirmed');
    expect(ledger.holds).toHaveLength(1);
    expect(ledger.orders.map(({ status }) => status)).toEqual(['confirmed']);
  });
});
