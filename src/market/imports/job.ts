/**
 * Reads the files of imports into the catalogue, one after the other.
 *
 * 1. A batch's products, the errors of its lines, the counts and the place in the file are one transaction: after a
 *    kill reading goes on behind the last batch that was committed, and nothing is done twice.
 * 2. The file is parsed and judged in a thread of its own (parser-thread.ts). This thread sends statements.
 * 3. An import yields: to the purchase path while the tables are behind the journal, to another import after
 *    `turnMs`, and for a part of the time that each batch took.
 * 4. A batch that is refused as a whole, because of one listing or for a reason that nobody has thought of, is done in
 *    halves: a line costs itself and not the import.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type Database, openDatabase, type Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { counter } from '../../protocol/metric.ts';
import { importProducts } from '../catalog/bulk-store.ts';
import { placeIn } from './columns.ts';
import { type Batch, faultOf, type ParsedLine, UnreadableFile } from './parse.ts';
import { Parsing } from './parsing.ts';
import type { ImportError } from './schemas.ts';
import {
  endImport,
  importsFolder,
  isAnotherRunning,
  type LineOutcome,
  lockForBatch,
  type RunningImport,
  recordBatch,
  runningIds,
  takeRunning,
} from './store.ts';

const everyMs = 500;
const turnMs = 10_000;
/** Of the time that a batch took, so much is left to others. */
const restShare = 0.25;
const lagSecondsMax = 2;
const sweepEveryMs = 3_600_000;

interface JobDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly dataDir: string;
  lagSeconds(): number;
}

/** Registered in features.ts. */
export function createJob({ pool, log, dataDir, lagSeconds }: JobDeps): Job {
  const job = new ImportJob(openDatabase(pool), log, importsFolder(dataDir), lagSeconds);
  return {
    name: 'imports',
    everyMs,
    round: (stopping) => job.round(stopping),
    metrics: () => [
      counter(
        'doorbuster_import_lines_total',
        'Lines of imports by what became of them',
        Object.entries(job.counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
      ),
    ],
  };
}

class ImportJob {
  readonly counts = { created: 0, updated: 0, unchanged: 0, rejected: 0 };
  readonly #database: Database;
  readonly #log: Log;
  readonly #folder: string;
  readonly #lagSeconds: () => number;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database, log: Log, folder: string, lagSeconds: () => number) {
    this.#database = database;
    this.#log = log;
    this.#folder = folder;
    this.#lagSeconds = lagSeconds;
  }

  async round(stopping: AbortSignal): Promise<void> {
    if (performance.now() - this.#sweptAtMs > sweepEveryMs) await this.#sweep();
    const running = await takeRunning(this.#database.query);
    if (running !== null) await this.#read(running, stopping);
  }

  async #read(running: RunningImport, stopping: AbortSignal): Promise<void> {
    const parsing = new Parsing({ ...running, path: join(this.#folder, running.importId) });
    const turnEndsAtMs = performance.now() + turnMs;
    try {
      for (let isOn = true; isOn && !stopping.aborted; isOn = await this.#goesOn(running, turnEndsAtMs)) {
        const batch = await parsing.next();
        if (batch === null) return await this.#end(running, 'done', null);
        if (!(await this.#apply(running, batch))) return await this.#remove(running);
      }
    } catch (error) {
      // A database that is away comes back: the next round reads on behind the last batch.
      if (isBusy(error)) throw error;
      await this.#end(running, 'failed', this.#reasonOf(error, running));
    } finally {
      await parsing.close();
    }
  }

  async #goesOn({ importId }: RunningImport, turnEndsAtMs: number): Promise<boolean> {
    return performance.now() < turnEndsAtMs || !(await isAnotherRunning(this.#database.query, importId));
  }

  #reasonOf(error: unknown, { importId, format }: RunningImport): ImportError {
    if (error instanceof UnreadableFile) return { line: error.line, ...error.fault };
    if (error instanceof DoorbusterError) return { line: 1, ...faultOf(error, placeIn[format]) };
    const stack = error instanceof Error ? error.stack : String(error);
    this.#log('error', 'an import failed', { importId, stack });
    return { line: 1, code: 'internal_error', message: 'An unexpected error' };
  }

  /** Whether the import goes on: false when it was stopped. */
  async #apply(running: RunningImport, batch: Batch): Promise<boolean> {
    while (this.#lagSeconds() > lagSecondsMax) await delay(100, undefined, { ref: false });
    const startedAtMs = performance.now();
    const isOn = await this.#commitParts(running, batch);
    await delay((performance.now() - startedAtMs) * restShare, undefined, { ref: false });
    return isOn;
  }

  async #commitParts(running: RunningImport, batch: Batch): Promise<boolean> {
    const { from, lines } = batch;
    try {
      return await this.#commit(running, batch, (query) => importLines(query, running, lines));
    } catch (error) {
      // No part of it would be taken either.
      if (isBusy(error) || isRefusal(error, 'seller_suspended')) throw error;
      if (lines.length === 1) return this.#refuse(running, batch, error);
    }
    const middle = lines.length >> 1;
    const firstHalf = lines.slice(0, middle);
    return (
      (await this.#commitParts(running, { ...batch, from, lines: firstHalf })) &&
      this.#commitParts(running, { ...batch, from: firstHalf.at(-1)!.endsAt, lines: lines.slice(middle) })
    );
  }

  #refuse(running: RunningImport, batch: Batch, error: unknown): Promise<boolean> {
    const { code, message } = this.#reasonOf(error, running);
    const refused = batch.lines.map(({ line }) => ({ line, outcome: { code, message } }));
    return this.#commit(running, batch, async () => refused);
  }

  /** Invariant 1. */
  async #commit(
    { importId }: RunningImport,
    { from, filePosition, lines }: Batch,
    work: (query: Query) => Promise<LineOutcome[]>,
  ): Promise<boolean> {
    const outcomes = await this.#database.transaction(async (query) => {
      if (!(await lockForBatch(query, importId, from))) return null;
      const done = await work(query);
      await recordBatch(query, importId, done, { position: lines.at(-1)!.endsAt, filePosition });
      return done;
    });
    for (const { outcome } of outcomes ?? [])
      this.counts[typeof outcome === 'string' ? outcome : 'rejected'] += 1;
    return outcomes !== null;
  }

  async #end(running: RunningImport, status: 'done' | 'failed', error: ImportError | null): Promise<void> {
    await endImport(this.#database, running.importId, status, error);
    await this.#remove(running);
  }

  async #remove({ importId }: RunningImport): Promise<void> {
    await rm(join(this.#folder, importId), { force: true });
  }

  /** Files of imports that have ended, such as one that was stopped while it waited. A new one has no row yet. */
  async #sweep(): Promise<void> {
    this.#sweptAtMs = performance.now();
    const running = await runningIds(this.#database.query);
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((name) => !running.has(name))) {
      const path = join(this.#folder, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > sweepEveryMs) await rm(path, { force: true });
    }
  }
}

function isBusy(error: unknown): boolean {
  return isRefusal(error, 'busy');
}

function isRefusal(error: unknown, code: DoorbusterError['code']): boolean {
  return error instanceof DoorbusterError && error.code === code;
}

async function importLines(
  query: Query,
  { sellerId, format }: RunningImport,
  lines: readonly ParsedLine[],
): Promise<LineOutcome[]> {
  const products = lines.flatMap(({ content }) => ('code' in content ? [] : [content]));
  const results = await importProducts(query, sellerId, products);
  let next = 0;
  return lines.map(({ line, content }) => {
    const result = 'code' in content ? content : results[next++]!;
    if (!(result instanceof DoorbusterError)) return { line, outcome: result };
    return { line, outcome: faultOf(result, placeIn[format]) };
  });
}
