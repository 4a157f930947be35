/**
 * Deletes files of images that no product has any more, a day after somebody wanted them last.
 *
 * 1. Whoever sends an image marks its files as wanted before they are written, and the product gets them within seconds; a
 *    row is locked while its files go. So no file is deleted that a product has or is about to get.
 * 2. A row is looked at once a day, so that a round costs what has come and gone since, and not all images that there are.
 */
import type { Pool } from 'pg';
import { type BlobSettings, type BlobStore, openBlobs } from '../../persistence/blobs.ts';
import { type Database, openDatabase, type Query } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { counter } from '../../protocol/metric.ts';
import { fileNameOf, widths } from './names.ts';

const everyMs = 5 * 60_000;
const keptFor = '1 day';
const rowsPerRound = 5_000;

/** Registered in features.ts. */
export function createJob(deps: { pool: Pool; log: Log; settings: { readonly blobs: BlobSettings } }): Job {
  const unwanted = new UnwantedFiles(openDatabase(deps.pool), openBlobs(deps.settings.blobs, deps.log));
  return {
    name: 'removal of images that no product has',
    everyMs,
    round: (stopping) => unwanted.remove(stopping),
    metrics: () => [
      counter('doorbuster_images_removed_total', 'Images whose files were deleted', unwanted.removed),
    ],
  };
}

export class UnwantedFiles {
  removed = 0;
  readonly #database: Database;
  readonly #blobs: BlobStore;

  constructor(database: Database, blobs: BlobStore) {
    this.#database = database;
    this.#blobs = blobs;
  }

  async remove(stopping: AbortSignal): Promise<void> {
    const due = await this.#database.query<{ hash: string }>(
      `SELECT hash FROM image_files WHERE wanted_at < now() - interval '${keptFor}' ORDER BY wanted_at LIMIT $1`,
      [rowsPerRound],
    );
    for (const { hash } of due) {
      if (stopping.aborted) return;
      await this.#database.transaction((query) => this.#look(query, hash));
    }
    await this.#blobs.tidy();
  }

  async #look(query: Query, hash: string): Promise<void> {
    const [row] = await query<{ is_used: boolean }>(
      `SELECT EXISTS (SELECT FROM products p WHERE p.images @? '$[*].hash'
           AND p.images @> jsonb_build_array(jsonb_build_object('hash', f.hash))) AS is_used
       FROM image_files f WHERE f.hash = $1 AND f.wanted_at < now() - interval '${keptFor}'
       FOR UPDATE OF f SKIP LOCKED`,
      [hash],
    );
    if (row === undefined) return;
    if (row.is_used) {
      await query('UPDATE image_files SET wanted_at = now() WHERE hash = $1', [hash]);
      return;
    }
    // Files first: a row without files would be deleted again, files without a row never.
    for (const width of widths) await this.#blobs.delete(fileNameOf(hash, width));
    await query('DELETE FROM image_files WHERE hash = $1', [hash]);
    this.removed += 1;
  }
}
