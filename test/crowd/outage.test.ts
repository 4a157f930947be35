/** The outage run's own judgement: its ledger and its rules, each rule with a mutant that it must catch. */
import { describe, expect, test } from 'vitest';
import { type Action, type Attempt, actionOf, isNewAcknowledgement } from '../../bench/crowd/attempts.ts';
import type { Report } from '../../bench/crowd/report.ts';
import type { Seen } from '../../bench/outage/direct.ts';
import { crowdOptionsOf, type Plan, readPlan } from '../../bench/outage/flags.ts';
import { PhaseBook } from '../../bench/outage/phases.ts';
import { checkRules, type OutageReport, outageText } from '../../bench/outage/report.ts';

const attempt = (action: Action, sentAtMs: number, tookMs: number, status: number): Attempt => ({
  action,
  sentAtMs,
  tookMs,
  status,
  isNew: isNewAcknowledgement(action, status, false),
});

/** Open at 0, told to stop at 1,000, away from 1,100, told to start at 5,000, back at 5,200. */
function openBook(): PhaseBook {
  const book = new PhaseBook();
  Object.assign(book.moments, {
    openedAtMs: 0,
    stoppingAtMs: 1_000,
    awayAtMs: 1_100,
    returningAtMs: 5_000,
    backAtMs: 5_200,
  });
  return book;
}

describe('the book of phases', () => {
  test('a refusal belongs to the time at which it came', () => {
    const book = openBook();
    book.note(attempt('hold', 900, 50, 503));
    book.note(attempt('hold', 900, 150, 503));
    book.note(attempt('hold', 4_900, 250, 503));
    book.note(attempt('hold', 5_100, 200, 429));
    const { before, away, after } = book.rows(10_000);
    expect([before, away, after].map(({ refused }) => refused.count)).toEqual([1, 2, 1]);
    expect(away.actions.hold.refused.maxMs).toBe(250);
    expect(away.seconds).toBeCloseTo(4.2);
  });

  test('an acknowledgement counts against an absent journal only when it was asked for in its absence', () => {
    const book = openBook();
    book.note(attempt('join', 1_050, 100, 201));
    book.note(attempt('join', 1_150, 10, 201));
    book.note(attempt('join', 4_990, 20, 201));
    const { before, away, after } = book.rows(10_000);
    expect([before, away, after].map(({ acknowledged }) => acknowledged.count)).toEqual([1, 1, 1]);
    expect(book.firstNewAtMs).toBe(5_010);
  });

  test('a repeat, a read and a failure acknowledge nothing new', () => {
    expect(isNewAcknowledgement('checkout', 201, true)).toBe(false);
    expect(isNewAcknowledgement('join', 200, false)).toBe(false);
    expect(isNewAcknowledgement('read', 201, false)).toBe(false);
    const book = openBook();
    book.note(attempt('browse', 6_000, 5, 200));
    book.note(attempt('read', 6_000, 5, 500));
    book.note(attempt('read', 6_000, 5, 0));
    expect(book.rows(7_000).after).toMatchObject({ acknowledged: { count: 0 }, failures: 1, unanswered: 1 });
    expect([book.firstNewAtMs, book.firstBrowseAtMs]).toEqual([null, 6_005]);
  });

  test('requests are told apart by what they are for', () => {
    expect(actionOf('GET', '/v1/products?limit=5')).toBe('browse');
    expect(actionOf('GET', '/v1/sales?limit=5')).toBe('browse');
    expect(actionOf('GET', '/v1/sales/sal_1/tickets/tkt_1')).toBe('read');
    expect(actionOf('POST', '/v1/sales/sal_1/tickets')).toBe('join');
    expect(actionOf('POST', '/v1/sales/sal_1/holds')).toBe('hold');
    expect(actionOf('POST', '/v1/checkout')).toBe('checkout');
    expect(actionOf('DELETE', '/v1/sales/sal_1/tickets/tkt_1')).toBe('leave');
  });
});

const shopping = ['join', 'hold', 'checkout'] as const;
const quiet = {
  memoryMbMax: 300,
  positionAgeMsMax: 10,
  lagFramesMax: 0,
  snapshotAgeSecondsMax: 1,
  ready: {},
};

/** A run in which everything went well. `add` spoils it. */
function goodRun(store: Plan['store'], add: (book: PhaseBook) => void = () => {}): OutageReport {
  const book = openBook();
  for (const action of shopping) {
    book.note(attempt(action, 500, 10, 201));
    book.note(attempt(action, 2_000, 10, store === 'redis' ? 503 : 201));
    book.note(attempt(action, 6_000, 10, 201));
  }
  book.note(attempt('browse', 2_000, 10, store === 'redis' ? 200 : 503));
  add(book);
  const seen: Seen = {
    samples: { before: quiet, away: quiet, after: quiet },
    complaints: [],
    soldBefore: 1,
    soldAtReturn: 1,
    tablesCaughtUpMs: 100,
    snapshotsCaughtUpMs: 200,
    memoryBeforeMb: 290,
    memoryAfterMb: 295,
    logged: { 'the journal is away': 1 },
  };
  const crowd = { promises: [{ name: 'a', isKept: true, detail: '' }], sold: 3, units: 3, oversold: 0 };
  return {
    plan: readPlan(['--store', store, '--seconds', '5', '--buyers', '2000'])!,
    phases: book.rows(8_000),
    firstNewMs: 810,
    firstBrowseMs: 10,
    seen,
    isSameServer: true,
    crowd: crowd as unknown as Report,
  };
}

const broken = (report: OutageReport) =>
  checkRules(report).flatMap(({ name, isKept }) => (isKept ? [] : [name]));

describe('the rules of an outage', () => {
  test.each(['redis', 'postgres'] as const)('a good run without %s breaks none', (store) => {
    expect(broken(goodRun(store))).toEqual([]);
    expect(outageText(goodRun(store))).not.toContain('BROKEN');
  });

  const mutants: [string, OutageReport, RegExp][] = [
    [
      'an acknowledgement without a journal',
      goodRun('redis', (b) => b.note(attempt('hold', 2_000, 5, 201))),
      /nothing new/,
    ],
    ['a late refusal', goodRun('redis', (b) => b.note(attempt('hold', 2_000, 400, 503))), /refusals within/],
    ['a request that hangs', goodRun('redis', (b) => b.note(attempt('read', 2_000, 9_000, 0))), /answered/],
    ['an internal error', goodRun('postgres', (b) => b.note(attempt('browse', 2_000, 5, 500))), /answered/],
    ['a return that takes long', { ...goodRun('redis'), firstNewMs: 2_500 }, /service within/],
    ['a return that never comes', { ...goodRun('redis'), firstNewMs: null }, /service within/],
    ['another server', { ...goodRun('redis'), isSameServer: false }, /same server/],
  ];
  test.each(mutants)('%s is caught', (_, report, rule) => {
    expect(broken(report)).toEqual([expect.stringMatching(rule)]);
  });

  test.each([
    ['tables that stay behind', { tablesCaughtUpMs: null }, /catch up/],
    ['snapshots that stay behind', { snapshotsCaughtUpMs: null }, /catch up/],
    ['a log that overflows', { logged: { flood: 500 } }, /no flood/],
    ['memory that overflows', { memoryBeforeMb: 20 }, /memory/],
  ] as [string, Partial<Seen>, RegExp][])('%s are caught', (_, change, rule) => {
    const report = goodRun('postgres');
    expect(broken({ ...report, seen: { ...report.seen, ...change } })).toEqual([expect.stringMatching(rule)]);
  });

  test('a sale that stands still without PostgreSQL, or stays closed after the return, is caught', () => {
    const still = goodRun('redis');
    const plan = goodRun('postgres').plan;
    expect(broken({ ...still, plan })).toEqual([expect.stringMatching(/go on while PostgreSQL is away/)]);
    const { before, away } = still.phases;
    expect(broken({ ...still, phases: { before, away, after: away } })).toEqual([
      expect.stringMatching(/goes on after the return/),
    ]);
  });

  test('a broken promise and an unsold unit are caught', () => {
    const report = goodRun('redis');
    const promises = [{ name: 'a', isKept: false, detail: '' }];
    expect(broken({ ...report, crowd: { ...report.crowd, promises } })).toHaveLength(1);
    expect(broken({ ...report, crowd: { ...report.crowd, sold: 2 } })).toHaveLength(1);
  });
});

describe('the flags', () => {
  test('units last as long as the sale is open, and limits outlive an absent journal', () => {
    const plan = readPlan(['--store', 'redis', '--seconds', '60'])!;
    expect(plan).toMatchObject({ units: 720, releasePerSecond: 8, buyers: 3_000 });
    expect(readPlan(['--store=postgres', '--seconds=300'])).toMatchObject({
      units: 780,
      releasePerSecond: 2,
    });
    const options = crowdOptionsOf(plan, 'http://127.0.0.1:1', 'http://127.0.0.1:2');
    expect(options).toMatchObject({ rampSeconds: 150, patienceSeconds: 180, limitSeconds: 90, units: 720 });
    expect(readPlan(['--help'])).toBeNull();
  });

  test.each([
    [['--store', 'mysql'], 'redis or postgres'],
    [['--seconds', '0'], '--seconds must be a whole number'],
    [['--buyers', '10'], '--buyers must be at least'],
    [['--units', 'x'], '--units must be'],
    [['--nonsense'], '--nonsense'],
  ])('%j are refused', (argv, expected) => {
    expect(() => readPlan(argv)).toThrow(expected);
  });
});
