/** Whatever anybody asks of a SKU, in whatever order: the rules hold, compared with a naive ledger (sku-ledger.ts). */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import type { ReportStock } from '../../../src/actors/sale/commands.ts';
import type { PlaceHold, SkuCommand, StockView, TakeStock } from '../../../src/actors/sku/commands.ts';
import { skuDecider } from '../../../src/actors/sku/decide.ts';
import type { SkuEvent } from '../../../src/actors/sku/events.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import type { RuntimeCommand } from '../../../src/protocol/decider.ts';
import { step } from '../given.ts';
import { SkuLedger } from './ledger.ts';

interface AboutHold {
  readonly type: 'AttachHold' | 'CommitHold' | 'ReleaseHold' | 'VoidHold' | 'RetakeHold';
  readonly someHold: number;
  readonly rightly: boolean;
  readonly buyerId: string;
  readonly orderId: string;
  readonly forMs: number;
}

interface Taking extends Omit<TakeStock, 'untilMs'> {
  readonly forMs: number;
}

type Asked = {
  command: Taking | SkuCommand | RuntimeCommand | AboutHold | { type: 'AnswerReports' };
  afterMs: number;
};

const price = { amount: 100, currency: 'USD' };
const startAt = 1_000_000;
const hourMs = 3_600_000;
const register: SkuCommand = {
  type: 'RegisterSku',
  productId: 'p',
  sellerId: 'seller',
  title: 't',
  price,
  stock: 12,
};

const saleId = fc.constantFrom('A', 'B');
const buyerId = fc.constantFrom('ann', 'bob', 'eve');
const orderId = fc.constantFrom('o1', 'o2');
const newHoldId = fc.constantFrom('h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8');
/** One of the newest holds of the story so far: most commands are about holds that exist. */
const someHold = fc.nat({ max: 99 });
/** Whether the one who asks is the one who may; otherwise `buyerId` and `orderId` are anybody's. */
const rightly = fc.integer({ min: 0, max: 9 }).map((n) => n > 0);
/** Counted from the time of asking. */
const forMs = fc.constantFrom(0, 15_000, 40_000, 90_000, 200_000);

const aboutHold = (
  type: 'AttachHold' | 'CommitHold' | 'ReleaseHold' | 'VoidHold' | 'RetakeHold',
): fc.Arbitrary<AboutHold> =>
  fc.record({ type: fc.constant(type), someHold, rightly, buyerId, orderId, forMs });

const command: fc.Arbitrary<Asked['command']> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('PlaceHold' as const),
      holdId: newHoldId,
      saleId,
      buyerId,
      ticketNumber: fc.integer({ min: 1, max: 4 }),
      quantity: fc.constantFrom(1, 1, 1, 2, 2, 3, 0),
      admissionExpiresAtMs: fc.constantFrom(startAt + 20_000, ...Array(9).fill(startAt * 9_000_000)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('TakeStock' as const),
      holdId: newHoldId,
      buyerId,
      orderId,
      quantity: fc.constantFrom(1, 1, 2, 3, 0),
      forMs,
    }),
  },
  { weight: 6, arbitrary: aboutHold('AttachHold') },
  { weight: 5, arbitrary: aboutHold('CommitHold') },
  { weight: 3, arbitrary: aboutHold('ReleaseHold') },
  { weight: 1, arbitrary: aboutHold('VoidHold') },
  { weight: 4, arbitrary: aboutHold('RetakeHold') },
  { weight: 3, arbitrary: fc.constant({ type: 'Tick' as const }) },
  { weight: 3, arbitrary: fc.constant({ type: 'AnswerReports' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('CloseAllocation' as const),
      saleId: fc.constantFrom('A', 'B', 'C', 'C', 'C'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('OpenAllocation' as const),
      saleId,
      sellerId: fc.constant('seller'),
      quantity: fc.integer({ min: 1, max: 9 }),
      price: fc.constant(price),
      purchaseLimit: fc.integer({ min: 1, max: 3 }),
      holdSeconds: fc.constantFrom(20, 90),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('AdjustStock' as const),
      adjustmentId: fc.constantFrom('a1', 'a2', 'a3'),
      delta: fc.integer({ min: -6, max: 6 }),
      reason: fc.constant('count'),
      sellerId: fc.constant('seller'),
    }),
  },
);

const story: fc.Arbitrary<Asked[]> = fc.array(
  fc.record({
    command,
    afterMs: fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(0, 0, 1, 1_000, 7_000) },
      { weight: 4, arbitrary: fc.constantFrom(15_000, 20_000, 40_000, 60_000, 90_000) },
      { weight: 1, arbitrary: fc.constantFrom(25 * hourMs, 25 * hourMs, 31 * 24 * hourMs) },
    ),
  }),
  { minLength: 10, maxLength: 80, size: 'max' },
);

const opening: Asked[] = [
  { command: register, afterMs: 0 },
  ...['A', 'B'].map((id) => ({
    command: {
      type: 'OpenAllocation' as const,
      saleId: id,
      sellerId: 'seller',
      quantity: 5,
      price,
      purchaseLimit: 2,
      holdSeconds: id === 'A' ? 90 : 20,
    },
    afterMs: 0,
  })),
];

const packr = new Packr({ useRecords: true, moreTypes: false });

/** As the runtime stores it: through msgpack. */
function saved(state: ReturnType<typeof skuDecider.initial>): unknown {
  return packr.unpack(packr.pack(skuDecider.snapshot(state)));
}

class Run {
  state = skuDecider.initial('X');
  at = startAt;
  readonly events: SkuEvent[] = [];
  readonly ledger = new SkuLedger();
  /** What a sale knows from reports: seq and figures by sale, units by sale and ticket. */
  readonly told = new Map<string, ReportStock>();
  readonly ticketsTold = new Map<string, readonly [number, number]>();

  ask(command: SkuCommand | RuntimeCommand) {
    const decided = step(skuDecider, this.state, command, this.at);
    for (const event of decided.events) {
      this.events.push(event);
      this.ledger.note(event);
      // A sale that the SKU had forgotten begins anew.
      if (event.type === 'AllotmentOpened')
        for (const name of [...this.ticketsTold.keys()])
          if (name.startsWith(`${event.saleId} `)) this.ticketsTold.delete(name);
    }
    return decided;
  }

  /** The actor's own commands, with reports delivered and answered. */
  *commandsOf(asked: Asked): Generator<SkuCommand | RuntimeCommand> {
    this.at += asked.afterMs;
    const { command } = asked;
    if ('someHold' in command) yield this.#resolve(command);
    else if (command.type === 'TakeStock')
      yield { untilMs: this.at + ('forMs' in command ? command.forMs : 0), ...command };
    else if (command.type !== 'AnswerReports') yield command;
    else
      for (const { id, key, command } of skuDecider.pendingMessages(this.state)) {
        this.#hear(key, command as ReportStock);
        yield { type: 'Answered', id, code: 'ok', body: null };
      }
  }

  #resolve(about: AboutHold): SkuCommand {
    const ids = [...this.ledger.holds.keys()];
    const holdId = ids[ids.length - 1 - (about.someHold % Math.min(ids.length, 5))] ?? 'h1';
    const hold = this.ledger.holds.get(holdId);
    const buyerId = (about.rightly && hold?.buyerId) || about.buyerId;
    const orderId = (about.rightly && hold?.orderId) || about.orderId;
    const untilMs = this.at + about.forMs;
    switch (about.type) {
      case 'AttachHold':
        return { type: 'AttachHold', holdId, buyerId, orderId, untilMs };
      case 'RetakeHold':
        return { type: 'RetakeHold', holdId: `${holdId}:again`, replaces: holdId, orderId, untilMs };
      case 'VoidHold':
        return { type: 'VoidHold', holdId, buyerId };
      default:
        return { type: about.type, holdId, orderId };
    }
  }

  #hear(saleId: string, report: ReportStock): void {
    const last = this.told.get(saleId);
    expect(report.seq).toBeGreaterThan(last?.seq ?? 0);
    if (last !== undefined) expect(report.seq - last.seq).toBeGreaterThanOrEqual(100);
    this.told.set(saleId, report);
    for (const [ticket, held, sold] of report.tickets)
      this.ticketsTold.set(`${saleId} ${ticket}`, [held, sold]);
  }

  view(): StockView {
    return step(skuDecider, this.state, { type: 'ReadStock' }, this.at).reply as StockView;
  }
}

/** Everything that can be seen of an actor from outside. */
function seen(state: ReturnType<typeof skuDecider.initial>, at: number): unknown {
  return {
    snapshot: skuDecider.snapshot(state),
    pendingMessages: skuDecider.pendingMessages(state),
    deadline: skuDecider.deadline(state, at),
    names: [...skuDecider.allNames!(state)].sort(),
  };
}

/** A refused hold names the true reason. */
function checkRefusal(ledger: SkuLedger, command: { type: string }, code: Code, reply: object | null): void {
  if (command.type === 'TakeStock') checkShortage(ledger, command as TakeStock, code, reply);
  if (command.type !== 'PlaceHold') return;
  const { saleId, buyerId, quantity } = command as PlaceHold;
  if (code === 'purchase_limit') {
    const { limit } = ledger.sales.get(saleId)!;
    const owned = ledger.owned(saleId, buyerId);
    expect(reply).toEqual({ limit, owned });
    expect(owned + quantity).toBeGreaterThan(limit);
  }
  if (code === 'sold_out' || code === 'insufficient_stock') {
    const available = ledger.free(saleId);
    expect(reply).toEqual({ available });
    expect(available).toBeLessThan(quantity);
    expect(code === 'sold_out').toBe(available === 0);
  }
}

function checkShortage(ledger: SkuLedger, { quantity }: TakeStock, code: Code, reply: object | null): void {
  const allotted = new Map([...ledger.sales.keys()].map((id) => [id, ledger.free(id)]));
  const taken = ledger.units(['held', 'committing', 'committed'], null);
  const free = ledger.onHand - taken - [...allotted.values()].reduce((sum, units) => sum + units, 0);
  if (code === 'insufficient_stock' || code === 'sold_out') {
    expect(reply).toEqual({ available: free });
    expect(free).toBeLessThan(quantity);
    expect(code === 'sold_out').toBe(free === 0);
  }
  if (code !== 'only_in_sale') return;
  expect(free).toBe(0);
  expect(allotted.get((reply as { saleId: string }).saleId)).toBeGreaterThan(0);
}

describe('for any story', () => {
  test('units are conserved, holds resolve once, limits hold, and a repeat changes nothing', () => {
    fc.assert(
      fc.property(story, (asked) => {
        const run = new Run();
        for (const each of [...opening, ...asked]) {
          for (const command of run.commandsOf(each)) {
            const { code, reply } = run.ask(command);
            run.ledger.check(run.view());
            checkRefusal(run.ledger, command, code, reply);
            const again = run.ask(command);
            expect(again.events).toEqual([]);
            expect(again.code).toBe(code === 'created' ? 'ok' : code);
          }
          const nextMs = skuDecider.deadline(run.state, run.at);
          expect(nextMs).toBeGreaterThan(run.at);
          for (const { expiresAtMs } of run.ledger.live())
            expect(nextMs).toBeLessThanOrEqual(Math.max(expiresAtMs, run.at + 1));
          for (const { isReportDue, report } of run.state.allocationBySale.values())
            if (isReportDue && report === null) expect(nextMs).toBeLessThanOrEqual(run.at + 100);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('after the last deadline nothing is held, and the sales know the last figures', () => {
    fc.assert(
      fc.property(story, (asked) => {
        const run = new Run();
        for (const each of [...opening, ...asked])
          for (const command of run.commandsOf(each)) run.ask(command);
        run.at += 10 * 60_000;
        run.ask({ type: 'Tick' });
        expect(run.ledger.live()).toEqual([]);
        expect(run.view().held).toBe(0);
        for (let round = 0; skuDecider.pendingMessages(run.state).length > 0; round++) {
          expect(round).toBeLessThan(3);
          run.at += 100;
          const answers = [...run.commandsOf({ command: { type: 'AnswerReports' }, afterMs: 0 })];
          for (const answer of answers) run.ask(answer);
          run.ask({ type: 'Tick' });
        }
        for (const [saleId, report] of run.told) {
          expect(report.available).toBe(run.ledger.free(saleId));
          expect(report.held).toBe(0);
          for (const ticket of [1, 2, 3, 4]) {
            const told = run.ticketsTold.get(`${saleId} ${ticket}`) ?? [0, 0];
            expect(told).toEqual([0, run.ledger.units(['committed'], saleId, ticket)]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('replaying its events gives the same SKU; so does a snapshot taken anywhere and lived on from', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 0, max: 60 }), (asked, cut) => {
        const run = new Run();
        let twin: typeof run.state | null = null;
        [...opening, ...asked].forEach((each, i) => {
          if (i === cut + opening.length) {
            twin = skuDecider.restore('X', saved(run.state), skuDecider.version);
            expect(seen(twin, run.at)).toEqual(seen(run.state, run.at));
          }
          for (const command of run.commandsOf(each)) {
            const decided = run.ask(command);
            if (twin === null) continue;
            expect(step(skuDecider, twin, command, run.at)).toEqual(decided);
            expect(seen(twin, run.at)).toEqual(seen(run.state, run.at));
          }
        });
        const replayed = skuDecider.initial('X');
        const names = new Set<string>();
        for (const event of run.events) {
          const { add, drop } = skuDecider.names!(event, replayed) ?? {};
          skuDecider.evolve(replayed, packr.unpack(packr.pack(event)));
          for (const name of add ?? []) names.add(name);
          for (const name of drop ?? []) names.delete(name);
          expect([...names].filter((name) => !skuDecider.hasName!(replayed, name))).toEqual([]);
        }
        expect([...names].sort()).toEqual([...skuDecider.allNames!(replayed)].sort());
        expect(seen(replayed, run.at)).toEqual(seen(run.state, run.at));
      }),
      { numRuns: 200 },
    );
  });
});
