/**
 * The partitions that a projector serves: reads their frames from the journal and stores what was read, many partitions
 * a transaction.
 *
 * 1. Rows and checkpoints change together. A checkpoint that is not where this projector left it voids the round: all
 *    readers begin again at their checkpoints.
 * 2. A frame that cannot be trusted, a gap, an event that the tables refuse, or a kind or an event that nobody here knows
 *    halts its partition; the others go on.
 *    The halted one's checkpoint stays, so the journal keeps the frames.
 */
import type pg from 'pg';
import { type Projection, ProjectionBroken, takes } from '../persistence/projection.ts';
import type { JournalRecord } from '../protocol/frame.ts';
import type { Journal } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import { PartitionReader } from './partition-reader.ts';
import { CheckpointMoved, commitRound, isRefusedData, loadCheckpoints } from './projection-round.ts';

export interface ReaderSetDeps {
  readonly projections: readonly Projection[];
  /** Every kind of actor: a record of another one was written by a later release. */
  readonly kinds: ReadonlySet<string>;
  readonly journal: Pick<Journal, 'readMany'>;
  readonly pool: pg.Pool;
  readonly log: Log;
}

const framesPerPartitionMax = 16;

export class ReaderSet {
  readonly #deps: ReaderSetDeps;
  readonly #projectionsByKind: ReadonlyMap<string, readonly Projection[]>;
  readonly #readerByPartition = new Map<number, PartitionReader>();
  /** When everything that was read was last in the tables. */
  storedAtMs = 0;

  constructor(deps: ReaderSetDeps) {
    this.#deps = deps;
    this.#projectionsByKind = Map.groupBy(deps.projections, ({ kind }) => kind);
  }

  /** Readers of other partitions are dropped: what they have read and not stored is read again by whoever serves them. */
  serve(partitions: readonly number[]): void {
    const wanted = new Set(partitions);
    for (const partition of [...this.#readerByPartition.keys()])
      if (!wanted.has(partition)) this.#readerByPartition.delete(partition);
    for (const partition of wanted)
      if (!this.#readerByPartition.has(partition))
        this.#readerByPartition.set(partition, new PartitionReader(partition));
  }

  get(partition: number): PartitionReader | undefined {
    return this.#readerByPartition.get(partition);
  }

  get all(): PartitionReader[] {
    return [...this.#readerByPartition.values()];
  }

  get isLoaded(): boolean {
    return this.all.every((reader) => reader.isLoaded);
  }

  async load(): Promise<void> {
    const fresh = this.all.filter((reader) => !reader.isLoaded);
    if (fresh.length === 0) return;
    const checkpoints = await loadCheckpoints(
      this.#deps.pool,
      fresh.map(({ partition }) => partition),
    );
    for (const reader of fresh) reader.loadAt(checkpoints.get(reader.partition) ?? 0);
  }

  /** Records that were read and are not in the tables yet. */
  get unstoredRecords(): number {
    return this.all.reduce((sum, { records }) => sum + records.length, 0);
  }

  /**
   * Reads once: of all partitions, or of those known to be behind. Returns how many frames were taken, and whether there
   * may be more; when it does not probe, of those that were known when it began.
   */
  async read(isProbing: boolean): Promise<{ frames: number; hasMore: boolean }> {
    const asked = this.all.filter(
      (reader) => reader.isActive && (isProbing || reader.targetSeq > reader.readSeq),
    );
    if (asked.length === 0) return { frames: 0, hasMore: false };
    for (const reader of asked) reader.beginRead();
    const after = asked.map(({ partition, readSeq }) => ({ partition, afterSeq: readSeq }));
    const frames = await this.#deps.journal.readMany(after, framesPerPartitionMax);
    let taken = 0;
    for (const frame of frames) if (this.get(frame.partition)?.take(frame, this.#isOfInterest)) taken++;
    return { frames: taken, hasMore: taken > 0 && (isProbing || asked.some(({ isCut }) => isCut)) };
  }

  /** Stores what was read, and halts the partitions that cannot go on. */
  async store(): Promise<void> {
    const unstored = this.all.filter((reader) => reader.hasUnstored);
    if (unstored.length > 0) {
      try {
        await this.#commit(unstored);
      } catch (error) {
        if (error instanceof CheckpointMoved) return this.#reload();
        if (!isRefusedData(error)) throw error;
        return this.#storeOneByOne(unstored);
      }
    }
    const stuck = this.all.filter((reader) => reader.isActive && reader.gap !== null);
    // Another projector may have stored these frames, after which they were trimmed.
    if (stuck.length > 0 && (await this.#haveMoved(stuck))) return this.#reload();
    for (const reader of stuck) this.#halt(reader, reader.readSeq + 1, reader.gap!);
    this.storedAtMs = performance.now();
  }

  readonly #isOfInterest = (record: JournalRecord): boolean => {
    if (!this.#deps.kinds.has(record.kind))
      throw new ProjectionBroken(`an actor of kind "${record.kind}" is not known`);
    return this.#projectionsByKind.get(record.kind)?.some((projection) => takes(projection, record)) ?? false;
  };

  async #commit(readers: readonly PartitionReader[]): Promise<void> {
    await commitRound(this.#deps.pool, this.#deps.projections, readers);
    for (const reader of readers) reader.settle();
  }

  /** One partition's data was refused: find it, so that the others go on. */
  async #storeOneByOne(unstored: readonly PartitionReader[]): Promise<void> {
    for (const reader of unstored) {
      try {
        await this.#commit([reader]);
      } catch (error) {
        if (error instanceof CheckpointMoved) return this.#reload();
        if (!isRefusedData(error)) throw error;
        this.#halt(reader, reader.storedSeq + 1, String(error));
      }
    }
  }

  async #haveMoved(stuck: readonly PartitionReader[]): Promise<boolean> {
    const checkpoints = await loadCheckpoints(
      this.#deps.pool,
      stuck.map(({ partition }) => partition),
    );
    return stuck.some(({ partition, storedSeq }) => checkpoints.get(partition) !== storedSeq);
  }

  #reload(): void {
    this.#deps.log('warn', 'projection starts again from its checkpoints', {
      reason: 'another projector is at work',
    });
    for (const reader of this.all) reader.isLoaded = false;
  }

  #halt(reader: PartitionReader, seq: number, reason: string): void {
    reader.stopAt(seq, reason);
    this.#deps.log('error', 'projection halted: a partition cannot go on', {
      partition: reader.partition,
      seq,
      reason,
    });
  }
}
