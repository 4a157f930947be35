/** One transaction of the projector: rows of many partitions together with the partitions' checkpoints. */
import type pg from 'pg';
import { ProjectionBroken } from '../persistence/table.ts';
import { partitionCount } from '../protocol/address.ts';
import type { JournalRecord } from '../protocol/frame.ts';
import { project } from './projections.ts';

/** What was read of a partition and is not in the tables yet. */
export interface Intake {
  readonly partition: number;
  /** The checkpoint. */
  storedSeq: number;
  /** The last frame read. */
  readSeq: number;
  /** The events of interest in between. */
  records: JournalRecord[];
  /** Why reading cannot go on after `readSeq`. */
  gap?: string;
}

/** The checkpoints are not where this projector left them: another one has gone on. */
export class CheckpointMoved extends Error {}

const projectionName = 'tables';

const lockText = `SELECT partition, seq::float8 FROM projection_checkpoints
  WHERE projection = $1 AND partition = ANY($2) ORDER BY partition FOR UPDATE`;
const moveText = `UPDATE projection_checkpoints AS c SET seq = moved.seq
  FROM unnest($2::smallint[], $3::bigint[]) AS moved(partition, seq)
  WHERE c.projection = $1 AND c.partition = moved.partition`;

/** Makes the checkpoints that are missing and reads all of them. */
export async function loadCheckpoints(pool: pg.Pool): Promise<[partition: number, seq: number][]> {
  await pool.query(
    `INSERT INTO projection_checkpoints (projection, partition, seq)
     SELECT $1, p, 0 FROM generate_series(0, $2::int - 1) AS p ON CONFLICT DO NOTHING`,
    [projectionName, partitionCount],
  );
  const { rows } = await pool.query<{ partition: number; seq: number }>(
    'SELECT partition, seq::float8 FROM projection_checkpoints WHERE projection = $1',
    [projectionName],
  );
  return rows.map(({ partition, seq }) => [partition, seq]);
}

/** All or nothing. Throws CheckpointMoved, and whatever the database says. */
export async function commitRound(pool: pg.Pool, intakes: readonly Intake[]): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that is cut while we hold it says so by an event as well; unheard, it would end the process.
  const onCut = (error: Error) => {
    broken = error;
  };
  client.on('error', onCut);
  try {
    await client.query('BEGIN');
    const partitions = intakes.map(({ partition }) => partition);
    const { rows } = await client.query<{ partition: number; seq: number }>({
      name: 'lock_checkpoints',
      text: lockText,
      values: [projectionName, partitions],
    });
    const seqByPartition = new Map(rows.map(({ partition, seq }) => [partition, seq]));
    if (intakes.some(({ partition, storedSeq }) => seqByPartition.get(partition) !== storedSeq))
      throw new CheckpointMoved();
    await project(
      client,
      intakes.flatMap(({ records }) => records),
    );
    await client.query({
      name: 'move_checkpoints',
      text: moveText,
      values: [projectionName, partitions, intakes.map(({ readSeq }) => readSeq)],
    });
    await client.query('COMMIT');
  } catch (error) {
    // A connection that cannot even roll back is not given to anybody else.
    await client.query('ROLLBACK').catch((unusable: Error) => {
      broken = unusable;
    });
    throw error;
  } finally {
    client.off('error', onCut);
    client.release(broken);
  }
}

/** The data itself was refused (SQLSTATE classes 21 to 23, or the fold): the same again would be refused again. */
export function isRefusedData(error: unknown): boolean {
  if (error instanceof ProjectionBroken || error instanceof TypeError || error instanceof RangeError)
    return true;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[123]...$/.test(code);
}
