/**
 * Rules that are changed judge the listings that are there already, too: a sweep over all products, in slices.
 *
 * 1. A sweep is one of the rules as they were when it began; other rules begin another. Where it is stands in its row, so
 *    that it goes on there after a restart; a slice that is done twice holds nothing twice.
 * 2. It begins when every transaction that began before it has ended: whoever judges a listing later judges by the new
 *    rules, so that none is passed over because its writer had read the old ones.
 * 3. A listing is held under the lock of its row, judged again as it is then. One that a rule would refuse is held.
 */
import type { Database, Query } from '../../persistence/database.ts';
import { recordChanges } from '../catalog/change-store.ts';
import { rulesVersions, toBeHeld } from '../compliance/review-store.ts';
import type { RulesSweep } from './schemas.ts';

const sliceMax = 200;
/** Of ours, a transaction takes seconds: one that takes longer is somebody's open session. */
const patience = '1 minute';

interface SweepRow {
  readonly rules: string;
  readonly position: string;
  readonly checked: number;
  readonly total: number;
  readonly held: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
}

async function readRow(query: Query): Promise<SweepRow | null> {
  const [row] = await query<SweepRow>(
    `SELECT rules, position, checked, total, held, started_at AS "startedAt", finished_at AS "finishedAt"
     FROM rules_sweep`,
  );
  return row ?? null;
}

/** Without rules that anybody has ever set there is nothing to be judged. */
const isOf = (row: SweepRow | null, rules: string) => (row?.rules ?? '') === rules;

export async function readSweep({ query }: Database): Promise<RulesSweep> {
  const [row, rules] = [await readRow(query), await rulesVersions(query)];
  if (!isOf(row, rules)) return { ...never, status: 'running' };
  if (row === null) return never;
  const { checked, total, held, startedAt, finishedAt } = row;
  return {
    status: finishedAt === null ? 'running' : 'done',
    ...{ checked, total, held, startedAt: startedAt.toISOString() },
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}

const never = { status: 'done', checked: 0, total: 0, held: 0, startedAt: null, finishedAt: null } as const;

/** One slice of what there is to do. Nobody else sweeps. */
export async function sweepOn(database: Database): Promise<void> {
  const { query } = database;
  const [row, rules] = [await readRow(query), await rulesVersions(query)];
  if (!isOf(row, rules)) return begin(query, rules);
  if (row === null || row.finishedAt !== null || !(await mayBegin(query, row))) return;
  const products = await query<{ product_id: string }>(
    'SELECT product_id FROM products WHERE product_id > $1 ORDER BY product_id LIMIT $2',
    [row.position, sliceMax],
  );
  const productIds = products.map(({ product_id: productId }) => productId);
  let held = 0;
  for (const productId of await toBeHeld(query, productIds)) if (await hold(database, productId)) held++;
  // Not when the rules have changed meanwhile: then it has begun anew.
  await query(
    `UPDATE rules_sweep SET position = $2, checked = checked + $3, held = held + $4,
       total = greatest(total, checked + $3), finished_at = CASE WHEN $3 < $5 THEN now() END
     WHERE rules = $1`,
    [rules, productIds.at(-1) ?? row.position, productIds.length, held, sliceMax],
  );
}

async function begin(query: Query, rules: string): Promise<void> {
  await query(
    `INSERT INTO rules_sweep (rules, started_at, total) SELECT $1, now(), count(*) FROM products
     ON CONFLICT (is_only) DO UPDATE SET (rules, started_at, total, position, checked, held, finished_at) =
       (excluded.rules, excluded.started_at, excluded.total, '', 0, 0, NULL)`,
    [rules],
  );
}

async function mayBegin(query: Query, { position, startedAt }: SweepRow): Promise<boolean> {
  if (position !== '') return true;
  const [older] = await query<{ isOpen: boolean }>(
    `SELECT now() < $1::timestamptz + $2::interval AND EXISTS (
       SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start < $1::timestamptz
     ) AS "isOpen"`,
    [startedAt, patience],
  );
  return !older!.isOpen;
}

/** Whether it is held now. */
function hold(database: Database, productId: string): Promise<boolean> {
  return database.transaction(async (query) => {
    await query('SELECT FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
    if ((await toBeHeld(query, [productId])).length === 0) return false;
    await query('UPDATE products SET version = version + 1, updated_at = now() WHERE product_id = $1', [
      productId,
    ]);
    const actor = { accountId: null, role: 'system' } as const;
    await recordChanges(query, actor, [{ productId, type: 'ItemUpdated', fields: ['status'] }], 'hold');
    return true;
  });
}
