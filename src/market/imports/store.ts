/** Imports as rows. */
import { join } from 'node:path';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, numberPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Fault } from './csv.ts';
import { errorsShown, type Import, type ImportError, type ImportSummary } from './schemas.ts';

/** Where the files wait to be read. */
export function importsFolder(dataDir: string): string {
  return join(dataDir, 'imports');
}

/** Kept of one import: beyond, bad lines are only counted. */
const errorsKept = 100_000;
/** Of one seller: older ones that have ended are forgotten. */
const importsKept = 100;
const runningMax = 3;
/** Of all files that are being read, on the disk. */
const waitingBytesMax = 4 * 1024 * 1024 * 1024;

export type Format = Import['format'];

export interface NewImport {
  readonly importId: string;
  readonly sellerId: string;
  readonly format: Format;
  readonly isGzip: boolean;
  readonly fileBytes: number;
}

interface ImportRow {
  readonly import_id: string;
  readonly format: Format;
  readonly status: Import['status'];
  readonly file_bytes: string;
  readonly file_position: string;
  readonly lines_read: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const columns = `import_id, format, status, file_bytes, file_position, lines_read, created, updated, unchanged, rejected,
  created_at, ended_at`;

const summaryOf = (row: ImportRow): ImportSummary => ({
  importId: row.import_id,
  status: row.status,
  format: row.format,
  linesRead: row.lines_read,
  created: row.created,
  updated: row.updated,
  unchanged: row.unchanged,
  rejected: row.rejected,
  percent: percentOf(row),
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
});

/** 100 when it is done, and not before. */
function percentOf({ status, file_bytes, file_position }: ImportRow): number {
  if (status === 'done') return 100;
  return Math.min(99, Math.floor((100 * Number(file_position)) / Math.max(1, Number(file_bytes))));
}

/**
 * A repeat under the same id changes nothing. Refuses with `rate_limited` when the seller has as many running as one
 * may have, and with `busy` when the files of all sellers are as many bytes as there is room for.
 */
export async function addImport(database: Database, added: NewImport): Promise<void> {
  const { importId, sellerId, format, isGzip, fileBytes } = added;
  await database.transaction(async (query) => {
    // One at a time of a seller, or two could both be the last that is allowed.
    await query('SELECT 1 FROM accounts WHERE account_id = $1 FOR UPDATE', [sellerId]);
    const [known] = await query('SELECT 1 FROM imports WHERE import_id = $1', [importId]);
    if (known !== undefined) return;
    const [running] = await query<{ own: number; bytes: number }>(
      `SELECT count(*) FILTER (WHERE seller_id = $1)::integer AS own, coalesce(sum(file_bytes), 0)::float8 AS bytes
       FROM imports WHERE status = 'running'`,
      [sellerId],
    );
    if (running!.own >= runningMax)
      throw new DoorbusterError('rate_limited', `${runningMax} imports of yours are running: wait for one`, {
        retryAfterSeconds: 10,
      });
    if (running!.bytes + fileBytes > waitingBytesMax)
      throw new DoorbusterError('busy', 'Too many imports are running: try again', { retryAfterSeconds: 60 });
    await query(
      'INSERT INTO imports (import_id, seller_id, format, is_gzip, file_bytes) VALUES ($1, $2, $3, $4, $5)',
      [importId, sellerId, format, isGzip, fileBytes],
    );
    await query(
      `DELETE FROM imports WHERE import_id IN (
         SELECT import_id FROM imports WHERE seller_id = $1 AND status <> 'running'
         ORDER BY import_id DESC OFFSET $2)`,
      [sellerId, importsKept],
    );
  });
}

/** Refuses with `not_found`. */
export async function readImport(database: Database, sellerId: string, importId: string): Promise<Import> {
  const [row] = await database.query<ImportRow>(
    `SELECT ${columns} FROM imports WHERE import_id = $1 AND seller_id = $2`,
    [importId, sellerId],
  );
  if (row === undefined) throw notFound();
  const errors = await database.query<ImportError>(
    'SELECT line, code, message FROM import_errors WHERE import_id = $1 ORDER BY line LIMIT $2',
    [importId, errorsShown],
  );
  return { ...summaryOf(row), errors };
}

/** Newest first. */
export async function listImports(
  database: Database,
  sellerId: string,
  { cursor, limit = limitDefault }: PageFilter,
): Promise<{ items: ImportSummary[]; nextCursor: string | null }> {
  const [before = null] = decodeCursor(cursor, 'imports', [idPart('import')]) ?? [];
  const rows = await database.query<ImportRow>(
    `SELECT ${columns} FROM imports WHERE seller_id = $1 AND ($2::text IS NULL OR import_id < $2)
     ORDER BY import_id DESC LIMIT $3`,
    [sellerId, before, limit + 1],
  );
  const page = pageOf(rows, limit, 'imports', ({ import_id }) => [import_id]);
  return { items: page.rows.map(summaryOf), nextCursor: page.nextCursor };
}

/** By line. Refuses with `not_found`. */
export async function listImportErrors(
  database: Database,
  sellerId: string,
  importId: string,
  { cursor, limit = limitDefault }: PageFilter,
): Promise<{ items: ImportError[]; nextCursor: string | null }> {
  const [known] = await database.query('SELECT 1 FROM imports WHERE import_id = $1 AND seller_id = $2', [
    importId,
    sellerId,
  ]);
  if (known === undefined) throw notFound();
  const [after = 0] = decodeCursor(cursor, 'import-errors', [numberPart(2 ** 31 - 1)]) ?? [];
  const rows = await database.query<ImportError>(
    'SELECT line, code, message FROM import_errors WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3',
    [importId, after, limit + 1],
  );
  const page = pageOf(rows, limit, 'import-errors', ({ line }) => [line]);
  return { items: [...page.rows], nextCursor: page.nextCursor };
}

/** One that has ended stays as it is. Refuses with `not_found`. */
export async function stopImport(database: Database, sellerId: string, importId: string): Promise<void> {
  const [known] = await database.query(
    `UPDATE imports SET status = CASE status WHEN 'running' THEN 'stopped' ELSE status END,
       ended_at = coalesce(ended_at, now())
     WHERE import_id = $1 AND seller_id = $2 RETURNING 1`,
    [importId, sellerId],
  );
  if (known === undefined) throw notFound();
}

function notFound(): DoorbusterError {
  return new DoorbusterError('not_found', 'No such import');
}

// ----------------------------------------------------------------
// What the job asks.

export interface RunningImport {
  readonly importId: string;
  readonly sellerId: string;
  readonly format: Format;
  readonly isGzip: boolean;
  /** Bytes of the unpacked file that are done with. */
  readonly position: number;
}

/** The one whose turn it is. */
export async function takeRunning(query: Query): Promise<RunningImport | null> {
  const [row] = await query<{
    import_id: string;
    seller_id: string;
    format: Format;
    is_gzip: boolean;
    position: string;
  }>(
    `UPDATE imports SET served_at = clock_timestamp() WHERE import_id = (
       SELECT import_id FROM imports WHERE status = 'running' ORDER BY served_at NULLS FIRST, import_id LIMIT 1)
     RETURNING import_id, seller_id, format, is_gzip, position`,
  );
  if (row === undefined) return null;
  const { import_id: importId, seller_id: sellerId, format, is_gzip: isGzip } = row;
  return { importId, sellerId, format, isGzip, position: Number(row.position) };
}

/** Whether another import waits for its turn. */
export async function isAnotherRunning(query: Query, importId: string): Promise<boolean> {
  const [row] = await query(`SELECT 1 FROM imports WHERE status = 'running' AND import_id <> $1 LIMIT 1`, [
    importId,
  ]);
  return row !== undefined;
}

export async function runningIds(query: Query): Promise<Set<string>> {
  const rows = await query<{ import_id: string }>(`SELECT import_id FROM imports WHERE status = 'running'`);
  return new Set(rows.map(({ import_id }) => import_id));
}

/** Where the file has been read up to. */
export interface Position {
  readonly position: number;
  readonly filePosition: number;
}

export type Outcome = 'created' | 'updated' | 'unchanged';

/** What became of one line. */
export interface LineOutcome {
  readonly line: number;
  readonly outcome: Outcome | Fault;
}

/** Locks the import for a batch that begins at `position`. False: it was stopped, or that batch is done. */
export async function lockForBatch(query: Query, importId: string, position: number): Promise<boolean> {
  const [row] = await query<{ position: string }>(
    `SELECT position FROM imports WHERE import_id = $1 AND status = 'running' FOR UPDATE`,
    [importId],
  );
  return row !== undefined && Number(row.position) === position;
}

/** In the transaction of the batch. */
export async function recordBatch(
  query: Query,
  importId: string,
  outcomes: readonly LineOutcome[],
  { position, filePosition }: Position,
): Promise<void> {
  const countOf = (outcome: Outcome) => outcomes.filter((one) => one.outcome === outcome).length;
  const errors = outcomes.flatMap(({ line, outcome }) =>
    typeof outcome === 'string' ? [] : [{ line, ...outcome }],
  );
  const [row] = await query<{ rejected: number }>(
    `UPDATE imports SET position = $2, file_position = greatest(file_position, $3), lines_read = lines_read + $4,
       created = created + $5, updated = updated + $6, unchanged = unchanged + $7, rejected = rejected + $8
     WHERE import_id = $1 RETURNING rejected`,
    [
      ...[importId, position, filePosition, outcomes.length],
      ...[countOf('created'), countOf('updated'), countOf('unchanged'), errors.length],
    ],
  );
  await insertErrors(query, importId, errors, errorsKept - (row!.rejected - errors.length));
}

async function insertErrors(
  query: Query,
  importId: string,
  errors: readonly ImportError[],
  room: number,
): Promise<void> {
  const kept = errors.slice(0, Math.max(0, room));
  if (kept.length === 0) return;
  await query(
    `INSERT INTO import_errors (import_id, line, code, message)
     SELECT $1, e.line, e.code, e.message
     FROM jsonb_to_recordset($2::jsonb) AS e(line integer, code text, message text)
     ON CONFLICT DO NOTHING`,
    [importId, JSON.stringify(kept)],
  );
}

/** `error`: why it failed. */
export async function endImport(
  database: Database,
  importId: string,
  status: 'done' | 'failed',
  error: ImportError | null,
): Promise<void> {
  await database.transaction(async (query) => {
    const [ended] = await query(
      `UPDATE imports SET status = $2, ended_at = now() WHERE import_id = $1 AND status = 'running' RETURNING 1`,
      [importId, status],
    );
    if (ended !== undefined && error !== null) await insertErrors(query, importId, [error], 1);
  });
}
