/**
 * Reads that may be a little old, from a standby of the database (`DATABASE_REPLICA_URL`).
 *
 * 1. The standby answers only while it is known to show all that was committed `lagMsMax` ago (replica-watch.ts measures
 *    that), and all that its reader knows of already: the latest writes of the reader's account, and whatever else
 *    the reader names by a time.
 * 2. Where it cannot be had, the primary answers: nobody is refused for the standby's sake.
 * 3. Accounts share their marks with others that have the same number: they read from the primary once more than needed.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { counter, type Family } from '../protocol/metric.ts';
import { asBusy, type Database, openDatabase } from './database.ts';
import { openPool } from './postgres.ts';
import { lagMsMax, monotonicMs, type Reads } from './reads.ts';

/** Longer than any read may take: whoever does not answer within it is gone. */
const patienceMs = 2_500;
/** A standby that failed is not asked again by this thread for so long. */
const restMs = 1_000;
/** SQLSTATE query_canceled: the read itself takes too long, wherever it runs. */
const canceled = '57014';

const accountSlots = 4_096;

/** What all threads of the process know: how new the standby is, and when accounts have written. */
export class ReplicaMemory {
  readonly shared: SharedArrayBuffer;
  readonly #times: BigInt64Array;

  constructor(shared = new SharedArrayBuffer(8 * (1 + accountSlots))) {
    this.shared = shared;
    this.#times = new BigInt64Array(shared);
  }

  /** The standby shows all that was committed before then; 0: it must not be asked. */
  get shownMs(): number {
    return Number(Atomics.load(this.#times, 0));
  }

  set shownMs(atMs: number) {
    Atomics.store(this.#times, 0, BigInt(atMs));
  }

  wroteMs(accountId: string): number {
    return Number(Atomics.load(this.#times, slotOf(accountId)));
  }

  noteWrite(accountId: string): void {
    Atomics.store(this.#times, slotOf(accountId), BigInt(monotonicMs()));
  }
}

/** Ids of accounts end in random hexadecimal digits. */
function slotOf(accountId: string): number {
  return 1 + ((Number.parseInt(accountId.slice(-6), 16) || 0) % accountSlots);
}

export class ReplicaReads implements Reads {
  readonly ofAnybody: Database = {
    query: (text, values, name) => this.of(null).query(text, values, name),
    transaction: (work) => this.of(null).transaction(work),
  };
  readonly #memory: ReplicaMemory;
  readonly #primary: Database;
  readonly #guarded: Database;
  readonly #close: () => Promise<void>;
  #restsUntilMs = 0;
  readonly #counts = { replica: 0, primary: 0, failed: 0 };

  constructor(url: string, primary: Database, memory: ReplicaMemory, name: string) {
    const pool = openPool(url, { max: 6, name, patienceMs });
    const replica = openDatabase(pool, (error) => error);
    this.#primary = primary;
    this.#memory = memory;
    this.#close = () => pool.end();
    this.#guarded = {
      query: (text, values, name) =>
        this.#orPrimary((database) => database.query(text, values, name), replica),
      transaction: (work) => this.#orPrimary((database) => database.transaction(work), replica),
    };
  }

  of(accountId: string | null, sinceMs = 0): Database {
    const nowMs = monotonicMs();
    const wroteMs = accountId === null ? 0 : this.#memory.wroteMs(accountId);
    const { shownMs } = this.#memory;
    const isNewEnough = shownMs >= nowMs - lagMsMax && shownMs > sinceMs && shownMs > wroteMs;
    if (isNewEnough && nowMs >= this.#restsUntilMs) return this.#guarded;
    this.#counts.primary += 1;
    return this.#primary;
  }

  wrote(accountId: string): void {
    this.#memory.noteWrite(accountId);
  }

  metrics(): Family[] {
    const samples = Object.entries(this.#counts).map(([from, value]) => ({ labels: { from }, value }));
    return [
      counter(
        'doorbuster_replica_reads_total',
        'Reads that may be a little old, by who answered; failed: the standby did not, and the primary did',
        samples,
      ),
    ];
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Only reads come here: what was half done there is done anew. */
  async #orPrimary<Result>(
    read: (database: Database) => Promise<Result>,
    replica: Database,
  ): Promise<Result> {
    try {
      const result = await read(replica);
      this.#counts.replica += 1;
      return result;
    } catch (error) {
      if (error instanceof DoorbusterError) throw error;
      if ((error as { code?: unknown }).code === canceled) throw asBusy(error);
      this.#restsUntilMs = monotonicMs() + restMs;
      this.#counts.failed += 1;
      return read(this.#primary);
    }
  }
}
