/** Who holds which partition lies in PostgreSQL, whichever journal is in use. */
import type pg from 'pg';

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
