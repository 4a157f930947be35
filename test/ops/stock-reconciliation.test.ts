/** The metric `doorbuster_inventory_mismatch`: a real shard and a real table, one of which is tampered with. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StockReconciliation } from '../../src/ops/stock-reconciliation.ts';
import type { Ask } from '../../src/protocol/command.ts';
import type { Log } from '../../src/protocol/log.ts';
import { JobRunner } from '../../src/runtime/job-runner.ts';
import { type TestDatabase, testDatabase } from '../persistence/support.ts';
import { type Engine, startEngine, until } from './engine.ts';

describe('the stock reconciliation', () => {
  let database: TestDatabase;
  let engine: Engine;
  let job: StockReconciliation;
  let runner: JobRunner | null = null;
  let rounds = 0;
  let lagSeconds = 0;
  const news: string[] = [];

  function start(): void {
    const log: Log = (level, message, fields) => void news.push(`${level} ${message} ${fields?.sku}`);
    job = new StockReconciliation({
      pool: database.pool,
      ask: (({ kind, type }, key, fields) => engine.ask(kind, key, { type, ...fields })) as Ask,
      lagSeconds: () => lagSeconds,
      log,
      everyMs: 20,
      restMs: 20,
    });
    const { name, everyMs } = job;
    const round = async (stopping: AbortSignal) => {
      await job.round(stopping);
      rounds++;
    };
    runner = new JobRunner([{ name, everyMs, round, metrics: () => job.metrics() }], log);
  }
  function numbers(): { mismatches: number; compared: number } {
    const [mismatches, compared] = ['doorbuster_inventory_mismatch', 'doorbuster_inventory_compared'].map(
      (name) => runner!.metrics().find((family) => family.name === name)!.samples[0]!.value,
    );
    return { mismatches: mismatches!, compared: compared! };
  }
  /** Numbers after this many more rounds. */
  async function numbersAfter(more: number) {
    const from = rounds;
    return until(async () => (rounds >= from + more ? numbers() : null));
  }

  beforeAll(async () => {
    database = await testDatabase();
    engine = await startEngine(database.url, null);
    const price = { amount: 100, currency: 'USD' };
    for (let n = 0; n < 700; n++)
      await engine.ask('sku', `S-${n}`, {
        ...{ type: 'RegisterSku', productId: 'prd_1', sellerId: 'acc_1', title: 'Sock', price, stock: n },
      });
    await engine.project();
    // Older than what counts as lately: they are looked at in turn.
    await database.pool.query("update stock_levels set updated_at = now() - interval '1 day'");
  });
  afterEach(async () => {
    await runner?.stop();
    lagSeconds = 0;
    news.length = 0;
  });
  afterAll(async () => {
    await engine?.drop();
    await database?.close();
  });

  it('looks at a bounded number of SKUs a round, at all of them in turn, and finds them in order', async () => {
    start();
    const sizes = new Set<number>();
    for (let n = 0; n < 4; n++) sizes.add((await numbersAfter(1)).compared);
    expect([...sizes].sort()).toEqual([200, 500]);
    expect(numbers().mismatches).toBe(0);
  });

  it('counts a row that differs until it is mended, and says so once', async () => {
    await database.pool.query("update stock_levels set sold = 1 where sku = 'S-5'");
    start();
    await until(async () => numbers().mismatches === 1 || null);
    expect(await numbersAfter(5)).toMatchObject({ mismatches: 1 });
    expect(news).toEqual(['error a stock level is not what its actor says: see npm run audit S-5']);
    await database.pool.query("update stock_levels set sold = 0 where sku = 'S-5'");
    await until(async () => numbers().mismatches === 0 || null);
  });

  it('counts a row whose SKU no actor knows', async () => {
    await database.pool.query(
      "insert into stock_levels values ('GHOST', 'prd_1', 'acc_1', 1, 0, 0, now() - interval '1 minute', 0)",
    );
    start();
    await until(async () => numbers().mismatches === 1 || null);
    await database.pool.query("delete from stock_levels where sku = 'GHOST'");
  });

  it('a row from before units were set aside in it learns the figure, and is no mismatch', async () => {
    await engine.ask('sku', 'S-9', {
      ...{ type: 'OpenAllocation', saleId: 'sal_9', sellerId: 'acc_1', quantity: 4, purchaseLimit: 1 },
      ...{ holdSeconds: 60, price: { amount: 100, currency: 'USD' } },
    });
    await engine.project();
    const allotted = async () =>
      (await database.pool.query("select allotted::float8 from stock_levels where sku = 'S-9'")).rows[0]
        .allotted;
    expect(await allotted()).toBe(4);
    await database.pool.query("update stock_levels set allotted = null where sku = 'S-9'");
    start();
    await until(async () => (await allotted()) === 4 || null);
    expect(numbers().mismatches).toBe(0);
    expect(news).toEqual([]);
  });

  it('counts nothing while the tables are behind', async () => {
    lagSeconds = 10;
    await engine.ask('sku', 'S-1', {
      type: 'AdjustStock',
      adjustmentId: 'a',
      delta: 1,
      reason: 'x',
      sellerId: null,
    });
    start();
    expect(await numbersAfter(6)).toMatchObject({ mismatches: 0 });
    lagSeconds = 0;
    await until(async () => numbers().mismatches === 1 || null);
    await engine.project();
    await until(async () => numbers().mismatches === 0 || null);
  });
});
