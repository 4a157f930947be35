/** One transaction of the projector: rows of many partitions together with the partitions' checkpoints. */
import type pg from 'pg';
import { type Projection, ProjectionBroken, takes } from '../persistence/projection.ts';
import { inTransaction } from '../persistence/transaction.ts';
import type { JournalRecord } from '../protocol/frame.ts';

/** What was read of a partition and is not in the tables yet. */
export interface Intake {
  readonly partition: number;
  /** The checkpoint. */
  readonly storedSeq: number;
  /** The last frame read. */
  readonly readSeq: number;
  /** The events of interest in between. */
  readonly records: readonly JournalRecord[];
}

/** Another projector has moved the checkpoints on. */
export class CheckpointMoved extends Error {}

const projectionName = 'tables';

const lockText = `SELECT partition, seq::float8 FROM projection_checkpoints
  WHERE projection = $1 AND partition = ANY($2) ORDER BY partition FOR UPDATE`;
const moveText = `UPDATE projection_checkpoints AS c SET seq = moved.seq
  FROM unnest($2::smallint[], $3::bigint[]) AS moved(partition, seq)
  WHERE c.projection = $1 AND c.partition = moved.partition`;

interface CheckpointRow {
  readonly partition: number;
  readonly seq: number;
}

const seqByPartition = (rows: readonly CheckpointRow[]): ReadonlyMap<number, number> =>
  new Map(rows.map(({ partition, seq }) => [partition, seq]));

/** Makes the checkpoints that are missing and reads those of the given partitions. */
export async function loadCheckpoints(
  pool: pg.Pool,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  await pool.query(
    `INSERT INTO projection_checkpoints (projection, partition, seq)
     SELECT $1, p, 0 FROM unnest($2::smallint[]) AS p ON CONFLICT DO NOTHING`,
    [projectionName, partitions],
  );
  const { rows } = await pool.query<CheckpointRow>(
    'SELECT partition, seq::float8 FROM projection_checkpoints WHERE projection = $1 AND partition = ANY($2)',
    [projectionName, partitions],
  );
  return seqByPartition(rows);
}

/** All or nothing. Throws CheckpointMoved, and whatever the database or a projection throws. */
export async function commitRound(
  pool: pg.Pool,
  projections: readonly Projection[],
  intakes: readonly Intake[],
): Promise<void> {
  const partitions = intakes.map(({ partition }) => partition);
  const records = intakes.flatMap((intake) => intake.records);
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<CheckpointRow>({
      name: 'lock_checkpoints',
      text: lockText,
      values: [projectionName, partitions],
    });
    const locked = seqByPartition(rows);
    if (intakes.some(({ partition, storedSeq }) => locked.get(partition) !== storedSeq))
      throw new CheckpointMoved();
    for (const projection of projections) {
      const mine = records.filter((record) => takes(projection, record));
      if (mine.length > 0) await projection.project(client, mine);
    }
    await client.query({
      name: 'move_checkpoints',
      text: moveText,
      values: [projectionName, partitions, intakes.map(({ readSeq }) => readSeq)],
    });
  });
}

/** The data itself was refused (SQLSTATE classes 21 to 23, or the fold): the same again would be refused again. */
export function isRefusedData(error: unknown): boolean {
  if (error instanceof ProjectionBroken || error instanceof TypeError || error instanceof RangeError)
    return true;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[123]...$/.test(code);
}
