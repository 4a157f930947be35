import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OrderView } from '../../src/actors/order/commands.ts';
import { actorKinds, loadProjections } from '../../src/features.ts';
import { listOrders } from '../../src/market/orders/store.ts';
import { listSales } from '../../src/market/sales/store.ts';
import { openDatabase } from '../../src/persistence/database.ts';
import { openPostgresJournal } from '../../src/persistence/journal/postgres.ts';
import type { Projection } from '../../src/persistence/projection.ts';
import { createSnapshotStore } from '../../src/persistence/snapshots.ts';
import { allPartitions, partitionOf } from '../../src/protocol/address.ts';
import { encodeFrame, type JournalRecord } from '../../src/protocol/frame.ts';
import type { Frame, Journal } from '../../src/protocol/journal.ts';
import { Projector, type ProjectorOptions } from '../../src/runtime/projector.ts';
import { type TestDatabase, testDatabase, until } from '../persistence/support.ts';
import { appendRandomly, type History, makeHistory } from './history.ts';

let database: TestDatabase;
let journal: Journal;
const tails = new Map<number, { epoch: number; seq: number }>();
const said: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  journal = openPostgresJournal(database.pool);
});
afterAll(async () => {
  await journal?.close();
  await database?.close();
});

const projections = await loadProjections();

function serving(
  partitions: readonly number[],
  options: Omit<ProjectorOptions, 'projections' | 'kinds'>,
): Projector {
  const projector = new Projector({ projections, kinds: actorKinds, ...options });
  projector.serve(partitions);
  return projector;
}

function open(
  reading: Pick<Journal, 'readMany'> = journal,
  partitions: readonly number[] = allPartitions,
): Projector {
  return serving(partitions, {
    journal: reading,
    pool: database.pool,
    log: (level, message) => void said.push(`${level} ${message}`),
    gatherMs: 1,
  });
}

/** Without the text that PostgreSQL cannot hold. */
const clean = <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value), (_, part) =>
    typeof part === 'string' ? part.replaceAll('\0', '\ufffd') : part,
  );

async function expectTables(history: History): Promise<void> {
  const { items: orders } = await listOrders(openDatabase(database.pool), {
    buyerId: 'acc_b',
    status: null,
    cursor: null,
    limit: 10_000,
  });
  const mine = new Set(history.orders.map((order) => order.orderId));
  const byId = <Row extends { orderId: string }>(a: Row, b: Row) => (a.orderId < b.orderId ? -1 : 1);
  expect(orders.filter(({ orderId }) => mine.has(orderId)).sort(byId)).toEqual(
    clean(history.orders).sort(byId),
  );
  const { items: sales } = await listSales(openDatabase(database.pool), { cursor: null, limit: 10_000 });
  for (const { isSettled: _, version: __, figures: ___, serving: ____, ...sale } of history.sales) {
    // A sale that was refused, or whose units are not set aside yet, is listed nowhere.
    const listed = sale.stock === 'ready' ? clean(sale) : undefined;
    expect(sales.find(({ saleId }) => saleId === sale.saleId)).toEqual(listed);
  }
  const { rows: stock } = await database.pool.query(
    'SELECT sku, on_hand::int AS "onHand", held::int, sold::int, allotted::int FROM stock_levels WHERE sku = ANY($1) ORDER BY sku',
    [history.stock.map(({ sku }) => sku)],
  );
  expect(stock).toEqual(
    history.stock.map(({ sku, onHand, held, sold, allotted }) => ({ sku, onHand, held, sold, allotted })),
  );
  const { rows: payments } = await database.pool.query(
    `SELECT p.order_id FROM payments p JOIN orders o USING (order_id)
     WHERE p.payment_id = o.payment_id AND p.amount = o.total_amount AND p.currency = o.currency
       AND p.status = CASE o.payment_status WHEN 'failed' THEN 'declined' ELSE o.payment_status END
       AND (p.captured_at IS NOT NULL) = (o.payment_status IN ('captured', 'partially_refunded', 'refunded'))
       AND p.refunded_amount = o.refunded_amount AND order_id = ANY($1)`,
    [[...mine]],
  );
  expect(payments).toHaveLength(history.orders.filter((order) => order.paymentId !== null).length);
}

const checkpoint = (partition: number) => createSnapshotStore(database.pool).projectedSeq(partition);

/** A projector that reads from memory whatever it is given. */
function reading(frames: readonly Frame[]): Pick<Journal, 'readMany'> {
  return {
    readMany: async (after, limit) =>
      after.flatMap(({ partition, afterSeq }) =>
        frames.filter((frame) => frame.partition === partition && frame.seq > afterSeq).slice(0, limit),
      ),
  };
}

const registered = (sku: string, stock = 5): JournalRecord => ({
  kind: 'sku',
  key: sku,
  event: {
    type: 'SkuRegistered',
    productId: 'prd_1',
    sellerId: 'acc_s',
    title: sku,
    price: { amount: 1, currency: 'USD' },
    stock,
    atMs: 1_800_000_000_000,
  } as JournalRecord['event'],
});
const held = (sku: string, quantity: number): JournalRecord => ({
  kind: 'sku',
  key: sku,
  event: {
    type: 'HoldPlaced',
    holdId: 'h',
    saleId: 's',
    buyerId: 'b',
    ticketNumber: 1,
    quantity,
    expiresAtMs: 1_800_000_060_000,
    atMs: 1_800_000_000_001,
  } as JournalRecord['event'],
});
const stockOf = async (sku: string) =>
  (
    await database.pool.query('SELECT on_hand::int, held::int, sold::int FROM stock_levels WHERE sku = $1', [
      sku,
    ])
  ).rows[0];

/** SKU names whose actors live in the partitions asked for. */
function skuIn(partition: number, n = 0): string {
  for (let i = 0; ; i++) {
    const sku = `T-${i}`;
    if (partitionOf('sku', sku) === partition && n-- === 0) return sku;
  }
}

describe('the tables say what the actors say', () => {
  test('for any history, split into any frames, with projectors stopping and starting in between', async () => {
    const seen = new Set<string>();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 300 }),
        async (seed, size) => {
          const history = makeHistory(seed, size, `run${++runs}`);
          for (const { event } of history.records) seen.add(event.type);
          const cut = seed % (history.records.length + 1);
          let projector = open();
          for (const part of [history.records.slice(0, cut), history.records.slice(cut)]) {
            for (const { partition, seq } of await appendRandomly(journal, part, seed, tails))
              projector.advance(partition, seq);
            await projector.stop();
            projector = open();
          }
          await projector.catchUp();
          expect(projector.lag()).toEqual({ frames: 0, seconds: 0, halted: [] });
          await projector.stop();
          await expectTables(history);
        },
      ),
      { numRuns: 40, seed: 20261126 },
    );
    // The histories are worth something only if they hold the rarer events too.
    const rare = [
      'HoldCommitted',
      'UnitsReturned',
      'LineRetaken',
      'PaymentSettled',
      'PaymentExamined',
      'RefundExamined',
      'AddressForgotten',
      'ItemRefused',
      'SaleSoldOut',
    ];
    expect(rare.filter((type) => !seen.has(type))).toEqual([]);
  });

  test('several projections of one kind get their own events each', async () => {
    const sku = 'shared-1';
    const taken: Record<string, string[]> = {};
    const skuTypes = projections.find(({ kind }) => kind === 'sku')!.types;
    const taking = (name: string, wanted: readonly string[] | null): Projection => ({
      kind: 'sku',
      types: new Map([...skuTypes.keys()].map((type) => [type, wanted === null || wanted.includes(type)])),
      project: async (_, records) => {
        const mine = records.filter(({ key }) => key === sku).map(({ event }) => event.type);
        if (mine.length > 0) taken[name] = [...(taken[name] ?? []), ...mine];
      },
    });
    const projector = new Projector({
      projections: [
        taking('registrations', ['SkuRegistered']),
        taking('holds', ['HoldPlaced']),
        taking('all', null),
      ],
      kinds: actorKinds,
      journal,
      pool: database.pool,
      log: () => {},
    });
    projector.serve(allPartitions);
    await projector.catchUp();
    await appendRandomly(journal, [registered(sku), held(sku, 2)], 1, tails);
    await projector.catchUp();
    await projector.stop();
    expect(taken).toEqual({
      registrations: ['SkuRegistered'],
      holds: ['HoldPlaced'],
      all: ['SkuRegistered', 'HoldPlaced'],
    });
  });

  test('frames that take many reads are stored together, in one round', async () => {
    const skus = Array.from({ length: 50 }, (_, n) => `rush-${n}`);
    const partition = 11;
    const frames = skus.map((sku, index) => ({
      ...{ partition, epoch: 1, seq: index + 1 },
      bytes: encodeFrame(partition, 1, index + 1, [registered(sku)]),
    }));
    const other = await testDatabase();
    const stored: number[] = [];
    const projector = new Projector({
      projections: [
        {
          kind: 'sku',
          types: projections.find(({ kind }) => kind === 'sku')!.types,
          project: async (_, records) => void stored.push(records.length),
        },
      ],
      ...{ kinds: actorKinds, journal: reading(frames), pool: other.pool, log: () => {} },
    });
    projector.serve(allPartitions);
    try {
      await projector.catchUp();
      expect(stored).toEqual([skus.length]);
      expect(projector.lag().frames).toBe(0);
    } finally {
      await projector.stop();
      await other.close();
    }
  });

  test('with two projectors at work, each event counts once', async () => {
    const history = makeHistory(77, 400, 'two');
    const projectors = [open(), open()];
    for (const { partition, seq } of await appendRandomly(journal, history.records, 5, tails))
      for (const projector of projectors) projector.advance(partition, seq);
    await Promise.all(projectors.map((projector) => projector.catchUp()));
    await expectTables(history);
    await Promise.all(projectors.map((projector) => projector.stop()));
  });

  test('frames that another projector has stored, and that are gone since, halt nobody', async () => {
    const sku = 'trimmed-1';
    const partition = partitionOf('sku', sku);
    const late = open();
    await late.catchUp();
    const early = open();
    const frames = await appendRandomly(journal, [registered(sku), held(sku, 2)], 1, tails);
    await early.catchUp();
    await early.stop();
    await journal.trim(partition, frames.at(-1)!.seq);
    const [next] = await appendRandomly(journal, [held(sku, 3)], 1, tails);
    late.advance(partition, next!.seq);
    await late.catchUp();
    expect(late.lag().halted).toEqual([]);
    expect(await checkpoint(partition)).toBe(next!.seq);
    expect(await stockOf(sku)).toMatchObject({ held: 5 });
    await late.stop();
  });

  test('news alone brings them up to date, and checkpoints follow even without rows', async () => {
    const projector = open();
    await projector.catchUp();
    const sku = 'news-1';
    const partition = partitionOf('sku', sku);
    const ticket: JournalRecord = { kind: 'sku', key: sku, event: { type: 'HoldsWarned' } };
    const frames = await appendRandomly(journal, [registered(sku), held(sku, 2)], 1, tails);
    for (const { seq } of frames) projector.advance(partition, seq);
    await until(async () => (await stockOf(sku))?.held === 2);
    const [last] = (await appendRandomly(journal, [ticket], 1, tails)).slice(-1);
    projector.advance(partition, last!.seq);
    await until(async () => (await checkpoint(partition)) === last!.seq);
    expect(projector.lag().frames).toBe(0);
    await projector.stop();
  });
});

describe('a projector serves only its partitions', () => {
  const other = (partition: number) => allPartitions.filter((one) => one !== partition);

  test('and takes in what new ones have, from their checkpoints, while another goes on with what it gave away', async () => {
    const sku = 'moved-1';
    const partition = partitionOf('sku', sku);
    const [first, second] = [open(journal, other(partition)), open(journal, [partition])];
    const frames = await appendRandomly(journal, [registered(sku), held(sku, 1)], 1, tails);
    first.advance(partition, frames.at(-1)!.seq);
    await first.catchUp();
    expect(await stockOf(sku)).toBeUndefined();
    expect(first.lag().frames).toBe(0);
    await second.catchUp();
    expect(await stockOf(sku)).toMatchObject({ held: 1 });
    await appendRandomly(journal, [held(sku, 1)], 1, tails);
    second.serve([]);
    first.serve(allPartitions);
    await Promise.all([first.catchUp(), second.catchUp()]);
    expect(await stockOf(sku)).toMatchObject({ held: 2 });
    await Promise.all([first.stop(), second.stop()]);
  });

  test('also when they change in the middle of a round', async () => {
    const sku = 'moved-2';
    const partition = partitionOf('sku', sku);
    let changes = 5;
    const projector = open(
      {
        async readMany(after, limit) {
          if (changes-- > 0)
            projector.serve(after.length < allPartitions.length ? allPartitions : other(partition));
          return journal.readMany(after, limit);
        },
      },
      other(partition),
    );
    await appendRandomly(journal, [registered(sku), held(sku, 1), held(sku, 1)], 1, tails);
    await projector.catchUp();
    projector.serve(allPartitions);
    await projector.catchUp();
    await projector.stop();
    const last = open();
    await last.catchUp();
    await last.stop();
    expect(await stockOf(sku)).toMatchObject({ held: 2 });
  });
});

describe('lists', () => {
  test('are paged newest first without loss or repeat, and by status', async () => {
    const history = makeHistory(4242, 200, 'lists');
    await appendRandomly(journal, history.records, 9, tails);
    const projector = open();
    await projector.catchUp();
    await projector.stop();
    const filter = { buyerId: 'acc_b', status: null, limit: 10_000 };
    const all = (await listOrders(openDatabase(database.pool), { ...filter, cursor: null })).items;
    const paged: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await listOrders(openDatabase(database.pool), { ...filter, limit: 7, cursor });
      paged.push(...page.items.map(({ orderId }) => orderId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.map(({ orderId }) => orderId));
    expect(all.map(({ createdAtMs }) => createdAtMs)).toEqual(
      all.map(({ createdAtMs }) => createdAtMs).sort((a, b) => b - a),
    );
    const confirmed = await listOrders(openDatabase(database.pool), {
      ...filter,
      status: 'confirmed',
      cursor: null,
    });
    expect(confirmed.items).toEqual(all.filter(({ status }) => status === 'confirmed'));
    expect(
      (await listOrders(openDatabase(database.pool), { ...filter, buyerId: 'acc_other', cursor: null }))
        .items,
    ).toEqual([]);
    const bad = listOrders(openDatabase(database.pool), { ...filter, cursor: 'nonsense' });
    await expect(bad).rejects.toMatchObject({ code: 'validation_failed' });
    const first = await listSales(openDatabase(database.pool), { cursor: null, limit: 1 });
    const second = await listSales(openDatabase(database.pool), { cursor: first.nextCursor, limit: 1 });
    expect(first.items[0]!.createdAtMs).toBeGreaterThanOrEqual(second.items[0]!.createdAtMs);
    expect(second.items[0]!.saleId).not.toBe(first.items[0]!.saleId);
  });
});

describe('a list of orders', () => {
  test('says what was told before the tables know it: every page, every status, however far they are', async () => {
    const buyerId = 'acc_b';
    const pool = openDatabase(database.pool);
    const history = makeHistory(777, 300, 'told');
    const newest = history.orders.filter((order) => order.buyerId === buyerId);
    const place = (a: OrderView, b: OrderView) =>
      b.createdAtMs - a.createdAtMs || (a.orderId < b.orderId ? 1 : -1);
    const before = (await listOrders(pool, { buyerId, limit: 10_000 })).items;
    const expected = clean([...before, ...newest].sort(place));
    const half = Math.floor(history.records.length / 2);
    for (const records of [[], history.records.slice(0, half), history.records.slice(half)]) {
      await appendRandomly(journal, records, 5, tails);
      const projector = open();
      await projector.catchUp();
      await projector.stop();
      for (const status of [null, 'confirmed', 'cancelled', 'pending'] as const) {
        const paged: OrderView[] = [];
        let cursor: string | null = null;
        do {
          const page = await listOrders(pool, { buyerId, status, limit: 2, cursor }, newest);
          paged.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(clean(paged)).toEqual(expected.filter((order) => status === null || order.status === status));
      }
    }
  });

  test('has an order that the tables take in between two questions', async () => {
    const pool = openDatabase(database.pool);
    const history = makeHistory(778, 300, 'between');
    const newest = history.orders.filter((order) => order.buyerId === 'acc_b');
    await appendRandomly(journal, history.records, 5, tails);
    let hasCaughtUp = false;
    const asked: typeof pool.query = async (text, values) => {
      const rows = await pool.query(text, values);
      if (!hasCaughtUp) {
        hasCaughtUp = true;
        const projector = open();
        await projector.catchUp();
        await projector.stop();
      }
      return rows as never;
    };
    const { items } = await listOrders(
      { ...pool, query: asked },
      { buyerId: 'acc_b', limit: 10_000 },
      newest,
    );
    const listed = new Set(items.map(({ orderId }) => orderId));
    expect(newest.filter(({ orderId }) => !listed.has(orderId))).toEqual([]);
  });
});

describe('what halts a partition', () => {
  const frame = (partition: number, seq: number, records: JournalRecord[]): Frame => ({
    partition,
    epoch: 1,
    seq,
    bytes: encodeFrame(partition, 1, seq, records),
  });

  test('a corrupt frame, a gap, an event the tables refuse or do not know, an unknown kind, one that cannot follow; the others go on', async () => {
    // A journal of its own, in a database of its own: these partitions never recover.
    const other = await testDatabase();
    const sku = (partition: number, n = 0) => skuIn(partition, n);
    const corrupt = frame(1, 2, [held(sku(1), 1)]);
    corrupt.bytes[corrupt.bytes.length - 1]! ^= 1;
    const frames = [
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((partition) => frame(partition, 1, [registered(sku(partition))])),
      frame(0, 2, [held(sku(0), 2)]),
      corrupt,
      frame(1, 3, [held(sku(1), 1)]),
      frame(2, 3, [held(sku(2), 1)]),
      frame(3, 2, [held(sku(3), 6)]),
      frame(4, 2, [held(sku(4, 1), 1)]),
      frame(5, 2, [held(sku(5), 1), { kind: 'sku', key: sku(5), event: { type: 'HoldLent' } }]),
      frame(6, 2, [{ kind: 'sale', key: 'sal_x', event: { type: 'constructor' } }]),
      frame(7, 2, [{ kind: 'parcel', key: 'p', event: { type: 'SkuRegistered' } }]),
    ];
    const sick = [1, 2, 3, 4, 5, 6, 7];
    const news: string[] = [];
    const projector = serving(allPartitions, {
      journal: reading(frames),
      pool: other.pool,
      log: (level, message, fields) => void news.push(`${level} ${message} ${fields?.partition}`),
    });
    try {
      await projector.catchUp();
      await projector.catchUp();
      expect(projector.lag().halted.map(({ partition }) => partition)).toEqual(sick);
      expect(news.filter((line) => line.startsWith('error')).sort()).toEqual(
        sick.map((partition) => `error projection halted: a partition cannot go on ${partition}`),
      );
      const { rows } = await other.pool.query(
        'SELECT sku, held::int FROM stock_levels ORDER BY sku = ANY($1), sku',
        [[sku(0)]],
      );
      expect(rows.find((row) => row.sku === sku(0))).toEqual({ sku: sku(0), held: 2 });
      for (const partition of [1, 2, 5, 6, 7]) {
        // What came before the bad frame counts.
        expect(rows.find((row) => row.sku === sku(partition))).toEqual({ sku: sku(partition), held: 0 });
        expect(await createSnapshotStore(other.pool).projectedSeq(partition)).toBe(1);
      }
      for (const partition of [3, 4])
        expect(await createSnapshotStore(other.pool).projectedSeq(partition)).toBe(0);
      expect(await createSnapshotStore(other.pool).projectedSeq(0)).toBe(2);
    } finally {
      await projector.stop();
      await other.close();
    }
  });

  test('nothing is halted by a journal that was trimmed up to what the tables have', async () => {
    const other = await testDatabase();
    const sku = skuIn(9);
    const log = () => {};
    try {
      for (const frames of [
        [frame(9, 1, [registered(sku)]), frame(9, 2, [held(sku, 1)])],
        [frame(9, 3, [held(sku, 1)])],
      ]) {
        const projector = serving(allPartitions, { journal: reading(frames), pool: other.pool, log });
        await projector.catchUp();
        expect(projector.lag().halted).toEqual([]);
        await projector.stop();
      }
      const { rows } = await other.pool.query('SELECT held::int FROM stock_levels WHERE sku = $1', [sku]);
      expect(rows).toEqual([{ held: 2 }]);
    } finally {
      await other.close();
    }
  });
});

describe('stores in trouble', () => {
  test('a journal and a database that fail for a while cost nothing but time', async () => {
    const sku = 'trouble-1';
    const partition = partitionOf('sku', sku);
    const frames = await appendRandomly(journal, [registered(sku), held(sku, 1), held(sku, 2)], 3, tails);
    let failures = 3;
    const projector = open({
      async readMany(after, limit) {
        if (failures-- > 0) throw new Error('the journal is away');
        return journal.readMany(after, limit);
      },
    });
    // The table is locked away from the projector while its first round runs.
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE stock_levels IN ACCESS EXCLUSIVE MODE');
    projector.advance(partition, frames.at(-1)!.seq);
    const { rows } = await database.pool.query('SELECT pg_backend_pid()');
    expect(rows).toHaveLength(1);
    const blocked = await until(async () => {
      const found = await database.pool.query(
        `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return found.rows[0] as { pid: number } | undefined;
    });
    // Its connection is cut in the middle of the transaction.
    await database.pool.query('SELECT pg_terminate_backend($1)', [blocked!.pid]);
    await client.query('ROLLBACK');
    client.release();
    await until(async () => (await stockOf(sku))?.held === 3);
    expect(said).toContain('warn projection waits');
    expect(said).toContain('info projection goes on');
    await projector.stop();
  });
});
