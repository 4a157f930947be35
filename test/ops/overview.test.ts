/** What an operator is told first: each alarm by what the threads say, since when, and how often they are asked. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alarms } from '../../src/ops/alarms.ts';
import { OverviewReader } from '../../src/ops/overview.ts';
import { counter, type Family, gauge } from '../../src/protocol/metric.ts';

const startMs = Date.parse('2026-11-28T03:12:40Z');

/** A process whose threads say what a test wants them to. */
class Process {
  atMs = startMs;
  asked = 0;
  shard: Record<string, unknown> = {};
  shardFamilies: Family[] = [];
  backFamilies: Family[] = [];
  lagSeconds = 0;
  haltedProjections: { reason: string }[] = [];
  unsaved: { reason: string }[] = [];
  restarts = 0;
  isReady = true;
  databaseError: Error | null = null;
  readonly reader = new OverviewReader({
    now: () => this.atMs,
    journal: () => ({ kind: 'postgresql', durability: 'as it comes' }),
    pool: () =>
      ({
        query: () =>
          this.databaseError ? Promise.reject(this.databaseError) : Promise.resolve({ rows: [] }),
      }) as never,
    threads: {
      states: () => [{ role: 'shard', index: 3, isReady: this.isReady, restarts: this.restarts, info: null }],
      stats: async (role) => {
        if (role === 'shard') this.asked++;
        const body = {
          shard: { ...restingRow, ...this.shard, metrics: this.shardFamilies },
          'back-office': {
            metrics: this.backFamilies,
            projector: { seconds: this.lagSeconds, halted: this.haltedProjections },
          },
          snapshotter: { halted: this.unsaved },
          gateway: { metrics: [] },
          sandbox: {},
        }[role];
        return [{ index: role === 'shard' ? 3 : 0, restarts: 0, body }];
      },
    },
  });

  /** A second later. */
  async read() {
    this.atMs += 1_000;
    return this.reader.read();
  }

  async problems() {
    return (await this.read()).health.problems;
  }
}

const restingRow = {
  ...{ shard: 3, journalSilentMs: 0, journalLagMs: 0, mailboxDepth: 0, commits: 500, commitP99Ms: 4 },
  ...{ haltedPartitions: [], recoveringPartitions: [], poisonedActors: [] },
};

const poisoned = { kind: 'sku', key: 'PS-1', partition: 4, during: 'PlaceHold', reason: 'boom', failures: 2 };

/** What brings each alarm about, and of which shard it is. */
const causes: Record<string, { cause: (server: Process) => void; shard?: number; sinceMs?: number }> = {
  oversold: { cause: (s) => s.shardFamilies.push(gauge('doorbuster_oversold_units', '', 2)) },
  journal_silent: {
    cause: (s) => Object.assign(s.shard, { journalSilentMs: 4_000 }),
    shard: 3,
    sinceMs: -3_000,
  },
  partitions_halted: {
    cause: (s) => Object.assign(s.shard, { haltedPartitions: [{ partition: 7, reason: 'bad checksum' }] }),
    shard: 3,
  },
  database_away: {
    cause: (s) => {
      s.databaseError = new Error('connection refused');
    },
  },
  thread_starting: {
    cause: (s) => {
      s.isReady = false;
    },
    shard: 3,
  },
  partitions_recovering: { cause: (s) => Object.assign(s.shard, { recoveringPartitions: [9] }), shard: 3 },
  inventory_mismatch: { cause: (s) => s.backFamilies.push(gauge('doorbuster_inventory_mismatch', '', 1)) },
  poisoned_actors: {
    cause: (s) => Object.assign(s.shard, { poisonedActors: [{ ...poisoned, failingSeconds: 61 }] }),
    shard: 3,
    sinceMs: -60_000,
  },
  projections_halted: { cause: (s) => s.haltedProjections.push({ reason: 'event of a later release' }) },
  projection_lag: {
    cause: (s) => {
      s.lagSeconds = 31;
    },
    sinceMs: -30_000,
  },
  payment_provider_away: {
    cause: (s) => s.backFamilies.push(gauge('doorbuster_payment_breaker_open', '', 1)),
  },
  refunds_failed: { cause: (s) => s.shardFamilies.push(counter('doorbuster_refunds_failed_total', '', 1)) },
  frames_restored: {
    cause: (s) => s.shardFamilies.push(counter('doorbuster_journal_frames_restored_total', '', 12)),
  },
  mailbox_full: { cause: (s) => Object.assign(s.shard, { mailboxDepth: 41_000 }), shard: 3 },
  commit_slow: { cause: (s) => Object.assign(s.shard, { commits: 700, commitP99Ms: 240 }), shard: 3 },
  thread_restarted: {
    cause: (s) => {
      s.restarts = 1;
    },
    shard: 3,
  },
  wire_refusals: {
    cause: (s) => s.backFamilies.push(counter('doorbuster_wire_requests_refused_total', '', 5)),
  },
  snapshots_halted: { cause: (s) => s.unsaved.push({ reason: 'sku/PS-1 cannot be saved' }) },
};

describe('the overview', () => {
  it('says that all is well, with the figures that must be right', async () => {
    const server = new Process();
    server.shardFamilies = [
      counter('doorbuster_orders_total', '', [
        { labels: { status: 'confirmed' }, value: 3 },
        { labels: { status: 'payment_failed' }, value: 1 },
      ]),
      gauge('doorbuster_oversold_units', '', 0),
    ];
    server.backFamilies = [
      counter('doorbuster_payments_total', '', [
        { labels: { type: 'AuthorizePayment', result: 'ok' }, value: 4 },
        { labels: { type: 'AuthorizePayment', result: 'payment_declined' }, value: 2 },
        { labels: { type: 'CapturePayment', result: 'ok' }, value: 3 },
        { labels: { type: 'VoidPayment', result: 'ok' }, value: 1 },
      ]),
    ];
    expect(await server.read()).toEqual({
      health: { state: 'ok', problems: [] },
      orders: { byStatus: { confirmed: 3, payment_failed: 1 } },
      payments: { byResult: { captured: 3, declined: 2, failed: 0, voided: 1, refunded: 0 } },
      deadLetters: 0,
      oversoldUnits: 0,
      inventoryMismatch: 0,
      saleMode: 'off',
      journal: { kind: 'postgresql', durability: 'as it comes', lagMs: 0 },
      asOf: '2026-11-28T03:12:41.000Z',
    });
  });

  it.each(alarms.map(({ code }) => code))(
    'tells of %s, since when, what to do first and why it is not worse',
    async (code) => {
      const server = new Process();
      expect(await server.problems()).toEqual([]);
      const { cause, shard, sinceMs = 0 } = causes[code]!;
      cause(server);
      const since = new Date(
        server.atMs + 1_000 + Math.min(0, sinceMs - (sinceMs < 0 ? 1_000 : 0)),
      ).toISOString();
      const first = await server.problems();
      const { isSevere = false, waitMs } = alarms.find((alarm) => alarm.code === code)!;
      expect(first).toHaveLength(1);
      expect(first[0]).toMatchObject({ code, since, ...(shard === undefined ? {} : { shard }) });
      for (const text of [first[0]!.what, first[0]!.doFirst, first[0]!.safe])
        expect(text).toMatch(/^[A-Z0-9].{10,}/);
      expect(first[0]!.until).toBe(
        waitMs === undefined ? undefined : new Date(Date.parse(since) + waitMs).toISOString(),
      );
      expect((await server.read()).health.state).toBe(isSevere ? 'failing' : 'degraded');
      // Read again, it began when it began.
      expect((await server.problems())[0]!.since).toBe(since);
    },
  );

  it('has a cause here for each alarm, and each alarm has its row in docs/OPERATIONS.md', () => {
    expect(Object.keys(causes).toSorted()).toEqual(alarms.map(({ code }) => code).toSorted());
    const document = readFileSync('docs/OPERATIONS.md', 'utf8');
    const table = document.slice(document.indexOf('| problem '), document.indexOf('## Logs'));
    const told = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code);
    expect(told).toEqual(alarms.map(({ code }) => code));
  });

  it('asks the threads once a second at most, whoever asks, and nobody twice while they answer', async () => {
    const server = new Process();
    const first = await server.read();
    const many = await Promise.all(Array.from({ length: 50 }, () => server.reader.read()));
    expect(many.every((one) => one === first)).toBe(true);
    expect(server.asked).toBe(1);
    server.atMs += 999;
    await server.reader.read();
    expect(server.asked).toBe(1);
    server.atMs += 1;
    await Promise.all([server.reader.read(), server.reader.read()]);
    expect(server.asked).toBe(2);
  });

  it('puts what is grave first', async () => {
    const server = new Process();
    causes.snapshots_halted!.cause(server);
    causes.projection_lag!.cause(server);
    causes.inventory_mismatch!.cause(server);
    expect((await server.problems()).map(({ code }) => code)).toEqual([
      'inventory_mismatch',
      'projection_lag',
      'snapshots_halted',
    ]);
  });

  it('keeps when a problem began while its thread is silent for a moment, and begins anew after it was over', async () => {
    const server = new Process();
    causes.partitions_recovering!.cause(server);
    const [{ since } = { since: '' }] = await server.problems();
    server.shard = {};
    expect(await server.problems()).toEqual([]);
    causes.partitions_recovering!.cause(server);
    expect((await server.problems())[0]!.since).toBe(since);
    server.shard = {};
    for (let second = 0; second < 12; second++) expect(await server.problems()).toEqual([]);
    causes.partitions_recovering!.cause(server);
    expect(Date.parse((await server.problems())[0]!.since)).toBe(server.atMs);
  });

  it('tells of a counter while it grows, and no more five minutes after it did last', async () => {
    const server = new Process();
    causes.wire_refusals!.cause(server);
    const [{ since } = { since: '' }] = await server.problems();
    server.atMs += 200_000;
    server.backFamilies = [counter('doorbuster_wire_requests_refused_total', '', 6)];
    expect(await server.problems()).toMatchObject([{ since, what: expect.stringMatching(/^6 requests/) }]);
    server.atMs += 299_000;
    expect(await server.problems()).toHaveLength(1);
    server.atMs += 2_000;
    expect(await server.problems()).toEqual([]);
    // Its thread began anew: the counter is 0 again, and then grows.
    server.atMs += 10_000;
    server.backFamilies = [];
    expect(await server.problems()).toEqual([]);
    server.backFamilies = [counter('doorbuster_wire_requests_refused_total', '', 1)];
    expect((await server.problems()).map(({ since: anew }) => Date.parse(anew))).toEqual([server.atMs]);
  });

  it('says nothing of slow commits of a shard at rest', async () => {
    const server = new Process();
    causes.commit_slow!.cause(server);
    expect(await server.problems()).toHaveLength(1);
    server.atMs += 61_000;
    expect(await server.problems()).toEqual([]);
  });

  it('names a database that is silent instead of waiting for it', async () => {
    const server = new Process();
    const silent = new OverviewReader({
      now: () => server.atMs,
      journal: () => ({ kind: 'redis', durability: 'always' }),
      pool: () => ({ query: () => new Promise(() => {}) }) as never,
      threads: { states: () => [], stats: async () => [] },
    });
    expect((await silent.read()).health).toMatchObject({
      state: 'failing',
      problems: [{ code: 'database_away', what: 'The database does not answer: no answer for 2 s' }],
    });
  });
});
