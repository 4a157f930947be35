/** Who holds which partition lies in PostgreSQL, whichever journal is in use. */
import type pg from 'pg';

/** SQL over `held`, the row as a claim found it; `$2` is who claims. */
const foundOtherSql = "held.owner <> coalesce($2, '')";

export const takeOverSql = `owner = $2,
  taken_over_at = case when ${foundOtherSql} then clock_timestamp() else p.taken_over_at end`;

/** A successor that dies and claims again within 1 s (twice the lease) must still wait for the first owner's lease. */
export const isTakenOverSql = `(${foundOtherSql} or held.taken_over_at > clock_timestamp() - interval '1 second')`;

/** Lets go of those that this owner still holds. */
export async function releaseOwner(
  pool: pg.Pool,
  partitions: readonly number[],
  owner: string,
): Promise<void> {
  await pool.query(
    'update partitions set owner = null where partition = any($1::smallint[]) and owner = $2',
    [partitions, owner],
  );
}
