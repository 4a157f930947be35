/**
 * The part of the inventory audit that always runs: the shards' actors against the table `stock_levels`, a few at a time.
 *
 * 1. A round looks at SKUs that changed lately and, in turn, at some of all the others: a bounded number, however large
 *    the catalogue. Rows that changed in the last seconds are left for later.
 * 2. Row and actor are read at different moments, so a difference is only suspected. It counts when a second look finds
 *    both unchanged and still different, while the projection was keeping up.
 * 3. It counts until a later round finds the SKU in order; every round looks at it again.
 * 4. A row that is older than the figure `allotted` learns it here, once both looks found row and actor at rest.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { readStock } from '../actors/sku/commands.ts';
import type { Ask } from '../protocol/command.ts';
import type { Job } from '../protocol/job.ts';
import type { Log } from '../protocol/log.ts';
import { type Family, gauge } from '../protocol/metric.ts';

interface StockReconciliationDeps {
  readonly pool: Pick<Pool, 'query'>;
  readonly ask: Ask;
  /** For how long the tables have been behind the journal, in seconds; Infinity while a partition is halted. */
  lagSeconds(): number;
  readonly log: Log;
  /** Between two rounds; 30 s when not given. */
  readonly everyMs?: number;
  /** How long a row must have been at rest, and how long the second look waits; 5 s when not given. */
  readonly restMs?: number;
}

interface Figures {
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  /** null: the row is older than the figure. */
  readonly allotted: number | null;
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
const columns = `sku, on_hand::float8 as "onHand", held::float8, sold::float8, allotted::float8`;

const recentText = `select ${columns} from stock_levels
  where updated_at < now() - $1 * interval '1 ms' and updated_at > now() - interval '1 hour'
  order by updated_at desc limit ${recentMax}`;
const inTurnText = `select ${columns} from stock_levels
  where sku > $2 and updated_at < now() - $1 * interval '1 ms' order by sku limit ${inTurnMax}`;
const namedText = `select ${columns} from stock_levels where sku = any($1)`;
const learnText = `update stock_levels set allotted = $2
  where sku = $1 and allotted is null and on_hand = $3 and held = $4 and sold = $5`;

const areEqual = (a: Figures | null, b: Figures | null) =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.onHand === b.onHand &&
    a.held === b.held &&
    a.sold === b.sold &&
    a.allotted === b.allotted);

/** The row is older than the figure `allotted`, and right in all others. */
function lacksAllotted(pair: Pair): pair is Pair & { readonly actor: Figures } {
  const { row, actor } = pair;
  if (row === null || actor === null || row.allotted !== null) return false;
  return areEqual({ ...row, allotted: actor.allotted }, actor);
}

export class StockReconciliation implements Job {
  readonly name = 'stock reconciliation';
  readonly everyMs: number;
  readonly #restMs: number;
  readonly #deps: StockReconciliationDeps;
  readonly #mismatches = new Map<string, Pair>();
  #afterSku = '';
  #compared = 0;

  constructor(deps: StockReconciliationDeps) {
    this.#deps = deps;
    this.everyMs = deps.everyMs ?? 30_000;
    this.#restMs = deps.restMs ?? 5_000;
  }

  metrics(): Family[] {
    return [
      gauge(
        'doorbuster_inventory_mismatch',
        'SKUs whose stock level differs from their actor: must stay 0',
        this.#mismatches.size,
      ),
      gauge(
        'doorbuster_inventory_compared',
        'SKUs compared in the latest round of the stock reconciliation',
        this.#compared,
      ),
    ];
  }

  async round(stopping: AbortSignal): Promise<void> {
    const pairs = await this.#pair(await this.#choose(), stopping);
    this.#compared = pairs.length;
    const suspects = new Map<string, Pair>();
    for (const one of pairs) {
      if (areEqual(one.row, one.actor)) this.#mismatches.delete(one.sku);
      else suspects.set(one.sku, one);
    }
    if (suspects.size === 0) return;
    await wait(this.#restMs, null, { signal: stopping, ref: false });
    await this.#lookAgain(suspects, stopping);
  }

  async #choose(): Promise<Row[]> {
    const { pool } = this.#deps;
    const recent = await pool.query<Row>(recentText, [this.#restMs]);
    const inTurn = await pool.query<Row>(inTurnText, [this.#restMs, this.#afterSku]);
    this.#afterSku = inTurn.rows.length < inTurnMax ? '' : inTurn.rows.at(-1)!.sku;
    const doubtful = await pool.query<Row>(namedText, [[...this.#mismatches.keys()]]);
    const rows = [...recent.rows, ...inTurn.rows, ...doubtful.rows];
    return [...new Map(rows.map((row) => [row.sku, row])).values()];
  }

  /** Those whose actor answers. */
  async #pair(rows: readonly Row[], stopping: AbortSignal): Promise<Pair[]> {
    const pairs: Pair[] = [];
    for (let from = 0; from < rows.length && !stopping.aborted; from += askedAtOnce) {
      const some = rows.slice(from, from + askedAtOnce);
      const actors = await Promise.all(some.map(({ sku }) => this.#figuresOf(sku)));
      for (const [index, { sku, ...row }] of some.entries()) {
        const actor = actors[index];
        if (actor !== undefined) pairs.push({ sku, row, actor });
      }
    }
    return pairs;
  }

  /** null: the actor does not know the SKU; undefined: nobody answered. */
  async #figuresOf(sku: string): Promise<Figures | null | undefined> {
    const answer = await this.#deps.ask(readStock, sku, {});
    if (answer.code === 'not_found') return null;
    if (answer.code !== 'ok' && answer.code !== 'created') return undefined;
    const { onHand, held, sold, allotted } = answer.body;
    return { onHand, held, sold, allotted };
  }

  async #lookAgain(suspects: ReadonlyMap<string, Pair>, stopping: AbortSignal): Promise<void> {
    const { rows } = await this.#deps.pool.query<Row>(namedText, [[...suspects.keys()]]);
    const again = await this.#pair(rows, stopping);
    if (this.#deps.lagSeconds() > lagSecondsMax) return;
    for (const one of again) {
      const before = suspects.get(one.sku)!;
      const isAtRest = areEqual(one.row, before.row) && areEqual(one.actor, before.actor);
      if (areEqual(one.row, one.actor)) this.#mismatches.delete(one.sku);
      else if (!isAtRest) continue;
      else if (lacksAllotted(one)) await this.#learn(one.sku, one.actor);
      else if (!this.#mismatches.has(one.sku)) this.#found(one);
    }
  }

  /** An event between the looks and now changes one of the figures, or comes to the row after this. */
  async #learn(sku: string, { onHand, held, sold, allotted }: Figures): Promise<void> {
    await this.#deps.pool.query(learnText, [sku, allotted, onHand, held, sold]);
  }

  #found(pair: Pair): void {
    if (this.#mismatches.size >= mismatchesMax) return;
    this.#mismatches.set(pair.sku, pair);
    this.#deps.log('error', 'a stock level is not what its actor says: see npm run audit', { ...pair });
  }
}

/** Registered in features.ts. */
export const createJob = (deps: StockReconciliationDeps): Job => new StockReconciliation(deps);
