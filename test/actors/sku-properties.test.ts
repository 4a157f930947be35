/** Whatever anybody asks of a SKU, in whatever order: the rules hold, compared with a naive ledger (sku-ledger.ts). */
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { skuDecider } from '../../src/actors/sku.ts';
import type { ReportStock, SkuCommand, StockView } from '../../src/protocol/commands.ts';
import type { RuntimeCommand } from '../../src/protocol/decider.ts';
import type { SkuEvent } from '../../src/protocol/events.ts';
import { step } from './given.ts';
import { SkuLedger } from './sku-ledger.ts';

type Asked = { command: SkuCommand | RuntimeCommand | { type: 'AnswerReports' }; afterMs: number };

const price = { amount: 100, currency: 'USD' };
const startAt = 1_000_000;
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
const holdId = fc.integer({ min: 1, max: 12 }).map((n) => `h${n}`);
const orderId = fc.constantFrom('o1', 'o2');
// Around the next deadlines: just before, at and after them, in engine time of the run.
const untilMs = fc.integer({ min: 0, max: 200 }).map((s) => startAt + s * 1_000);

const command: fc.Arbitrary<Asked['command']> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('PlaceHold' as const),
      holdId,
      saleId,
      buyerId,
      ticketNumber: fc.integer({ min: 1, max: 4 }),
      quantity: fc.integer({ min: 0, max: 3 }),
      admissionExpiresAtMs: fc.constantFrom(startAt + 20_000, startAt + 900_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('AttachHold' as const), holdId, buyerId, orderId, untilMs }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('CommitHold' as const), holdId, orderId }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('ReleaseHold' as const), holdId, orderId }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('VoidHold' as const), holdId, buyerId }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('RetakeHold' as const),
      holdId: holdId.map((id) => `${id}:again`),
      replaces: holdId,
      orderId,
      untilMs,
    }),
  },
  { weight: 3, arbitrary: fc.constant({ type: 'Tick' as const }) },
  { weight: 3, arbitrary: fc.constant({ type: 'AnswerReports' as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('CloseAllotment' as const), saleId }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('OpenAllotment' as const),
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
      { weight: 6, arbitrary: fc.constantFrom(0, 1, 1_000, 7_000) },
      { weight: 2, arbitrary: fc.constantFrom(20_000, 60_000, 90_000) },
      { weight: 1, arbitrary: fc.constant(25 * 3_600_000) },
    ),
  }),
  { maxLength: 60, size: 'max' },
);

const opening: Asked[] = [
  { command: register, afterMs: 0 },
  ...['A', 'B'].map((id) => ({
    command: {
      type: 'OpenAllotment' as const,
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
    }
    return decided;
  }

  /** The actor's own commands, with reports delivered and answered. */
  *commandsOf(asked: Asked): Generator<SkuCommand | RuntimeCommand> {
    this.at += asked.afterMs;
    if (asked.command.type !== 'AnswerReports') yield asked.command;
    else
      for (const { id, key, command } of skuDecider.owes(this.state)) {
        this.#hear(key, command as ReportStock);
        yield { type: 'Answered', id, code: 'ok', body: null };
      }
  }

  #hear(saleId: string, report: ReportStock): void {
    const last = this.told.get(saleId);
    // A sale can be opened again under its id after it was forgotten; then its numbers start again.
    if (last !== undefined && report.seq !== 1 && report.seq <= last.seq) expect(report).toEqual(last);
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
    owes: skuDecider.owes(state),
    deadline: skuDecider.deadline(state, at),
    names: [...skuDecider.allNames!(state)],
  };
}

describe('for any story', () => {
  test('units are conserved, holds resolve once, limits hold, and a repeat changes nothing', () => {
    fc.assert(
      fc.property(story, (asked) => {
        const run = new Run();
        for (const each of [...opening, ...asked]) {
          for (const command of run.commandsOf(each)) {
            const { code } = run.ask(command);
            run.ledger.check(run.view());
            const again = run.ask(command);
            expect(again.events).toEqual([]);
            expect(again.code).toBe(code === 'created' ? 'ok' : code);
          }
          const nextMs = skuDecider.deadline(run.state, run.at);
          expect(nextMs).toBeGreaterThan(run.at);
          for (const { expiresAtMs } of run.ledger.live())
            expect(nextMs).toBeLessThanOrEqual(Math.max(expiresAtMs, run.at + 1));
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
        for (let round = 0; skuDecider.owes(run.state).length > 0; round++) {
          expect(round).toBeLessThan(3);
          const answers = [...run.commandsOf({ command: { type: 'AnswerReports' }, afterMs: 0 })];
          for (const answer of answers) run.ask(answer);
        }
        for (const [saleId, report] of run.told) {
          expect(report.available).toBe(run.ledger.free(saleId));
          expect(report.held).toBe(0);
          for (const ticket of [1, 2, 3, 4]) {
            const told = run.ticketsTold.get(`${saleId} ${ticket}`) ?? [0, 0];
            const isReopened =
              run.events.filter((e) => e.type === 'AllotmentOpened' && e.saleId === saleId).length > 1;
            if (!isReopened) expect(told).toEqual([0, run.ledger.units(['committed'], saleId, ticket)]);
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
        for (const event of run.events) skuDecider.evolve(replayed, packr.unpack(packr.pack(event)));
        expect(seen(replayed, run.at)).toEqual(seen(run.state, run.at));
      }),
      { numRuns: 200 },
    );
  });
});
