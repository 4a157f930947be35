/**
 * The standing part of the inventory audit: the shards' actors against the table `stock_levels`, a few at a time.
 *
 * 1. A round looks at SKUs that changed lately and, in turn, at some of all the others: a bounded number, however large
 *    the catalogue. Rows that changed in the last seconds are left for later.
 * 2. Row and actor are read at different moments, so a difference is only suspected. It counts when a second look finds
 *    both unchanged and still different, while the projection was keeping up.
 * 3. It counts until a later round finds the SKU in order; every round looks at it again.
 */
import type { Pool } from 'pg';
import type { StockView } from '../actors/sku/commands.ts';
import type { Log } from '../protocol/log.ts';
import { type Family, gauge } from '../protocol/metric.ts';
import type { Answer } from '../protocol/peer.ts';

export interface StockReconciliationDeps {
  readonly pool: Pick<Pool, 'query'>;
  /** Puts ReadStock to the SKU's actor; `busy` when nobody can answer. */
  ask(sku: string, done: (answer: Answer) => void): void;
  /** For how long the tables have been behind the journal, in seconds; Infinity while a partition is halted. */
  lagSeconds(): number;
  readonly log: Log;
  /** Between two rounds; 30 s when not given. */
  readonly everyMs?: number;
  /** How long a row must have been at rest, and how long the second look waits; 5 s when not given. */
  readonly restMs?: number;
}

export interface StockReconciliationNumbers {
  readonly mismatches: number;
  /** SKUs compared in the latest round. */
  readonly compared: number;
  readonly rounds: number;
}

export interface StockReconciliation {
  numbers(): StockReconciliationNumbers;
  metrics(): Family[];
  stop(): Promise<void>;
}

interface Figures {
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
}
interface Row extends Figures {
  readonly sku: string;
}
type Pair = { readonly sku: string; readonly row: Figures | null; readonly actor: Figures | null };

const recentMax = 1_500;
const inTurnMax = 500;
const mismatchesMax = 1_000;
const askedAtOnce = 100;
const lagSecondsMax = 2;
const columns = `sku, on_hand::float8 as "onHand", held::float8, sold::float8`;

const recentText = `select ${columns} from stock_levels
  where updated_at < now() - $1 * interval '1 ms' and updated_at > now() - interval '1 hour'
  order by updated_at desc limit ${recentMax}`;
const inTurnText = `select ${columns} from stock_levels
  where sku > $2 and updated_at < now() - $1 * interval '1 ms' order by sku limit ${inTurnMax}`;
const namedText = `select ${columns} from stock_levels where sku = any($1)`;

const areEqual = (a: Figures | null, b: Figures | null) =>
  a === b || (a !== null && b !== null && a.onHand === b.onHand && a.held === b.held && a.sold === b.sold);

export function startStockReconciliation(deps: StockReconciliationDeps): StockReconciliation {
  const { pool, log, everyMs = 30_000, restMs = 5_000 } = deps;
  const mismatches = new Map<string, Pair>();
  let afterSku = '';
  let compared = 0;
  let rounds = 0;
  let isStopping = false;
  let wake = () => {};
  let hasFailed = false;

  function pause(ms: number): Promise<void> {
    if (isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function choose(): Promise<Row[]> {
    const recent = await pool.query<Row>(recentText, [restMs]);
    const inTurn = await pool.query<Row>(inTurnText, [restMs, afterSku]);
    afterSku = inTurn.rows.length < inTurnMax ? '' : inTurn.rows.at(-1)!.sku;
    const doubtful = await pool.query<Row>(namedText, [[...mismatches.keys()]]);
    return [
      ...new Map([...recent.rows, ...inTurn.rows, ...doubtful.rows].map((row) => [row.sku, row])).values(),
    ];
  }

  /** null: the actor does not know the SKU; undefined: nobody answered. */
  function figuresOf(sku: string): Promise<Figures | null | undefined> {
    return new Promise((resolve) =>
      deps.ask(sku, ({ code, body }) => {
        if (code === 'not_found') return resolve(null);
        if (code !== 'ok') return resolve(undefined);
        const { onHand, held, sold } = body as StockView;
        resolve({ onHand, held, sold });
      }),
    );
  }

  async function pair(rows: readonly Row[]): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (let from = 0; from < rows.length && !isStopping; from += askedAtOnce) {
      const some = rows.slice(from, from + askedAtOnce);
      const actors = await Promise.all(some.map(({ sku }) => figuresOf(sku)));
      for (const [index, { sku, onHand, held, sold }] of some.entries()) {
        const actor = actors[index];
        if (actor !== undefined) pairs.push({ sku, row: { onHand, held, sold }, actor });
      }
    }
    return pairs;
  }

  async function round(): Promise<void> {
    const pairs = await pair(await choose());
    compared = pairs.length;
    const suspects = new Map<string, Pair>();
    for (const one of pairs) {
      if (areEqual(one.row, one.actor)) mismatches.delete(one.sku);
      else suspects.set(one.sku, one);
    }
    if (suspects.size > 0) await lookAgain(suspects);
    rounds++;
  }

  async function lookAgain(suspects: ReadonlyMap<string, Pair>): Promise<void> {
    await pause(restMs);
    const { rows } = await pool.query<Row>(namedText, [[...suspects.keys()]]);
    const again = await pair(rows);
    if (deps.lagSeconds() > lagSecondsMax) return;
    for (const one of again) {
      const before = suspects.get(one.sku)!;
      const isAtRest = areEqual(one.row, before.row) && areEqual(one.actor, before.actor);
      if (areEqual(one.row, one.actor)) mismatches.delete(one.sku);
      else if (isAtRest && !mismatches.has(one.sku)) found(one);
    }
  }

  function found(pair: Pair): void {
    if (mismatches.size >= mismatchesMax) return;
    mismatches.set(pair.sku, pair);
    log('error', 'a stock level is not what its actor says: see npm run audit', { ...pair });
  }

  async function work(): Promise<void> {
    while (!isStopping) {
      await pause(everyMs);
      if (isStopping) return;
      try {
        await round();
        hasFailed = false;
      } catch (error) {
        if (!hasFailed && !isStopping)
          log('warn', 'stock levels cannot be compared', { error: String(error) });
        hasFailed = true;
      }
    }
  }

  const working = work();
  return {
    numbers: () => ({ mismatches: mismatches.size, compared, rounds }),
    metrics: () => [
      gauge(
        'doorbuster_inventory_mismatch',
        'SKUs whose stock level differs from their actor: must stay 0',
        mismatches.size,
      ),
      gauge(
        'doorbuster_inventory_compared',
        'SKUs compared in the latest round of the stock watch',
        compared,
      ),
    ],
    async stop() {
      isStopping = true;
      wake();
      await working;
    },
  };
}
