/**
 * Reads the journal's committed frames into tables, for the partitions that it serves.
 *
 * 1. One round at a time; many partitions and many events share its transaction (see reader-set.ts). News is only a
 *    hint: what is missed is found by the next news or by `catchUp`. What comes during a round is read by the next one.
 * 2. A database or journal that is away costs pauses, never a crash. What is held in memory meanwhile is one round.
 */
import { backoffMs } from '../protocol/backoff.ts';
import { type Family, gauge } from '../protocol/metric.ts';
import { ReaderSet, type ReaderSetDeps } from './reader-set.ts';

interface ProjectorLag {
  /** Frames known to be in the journal and not in the tables yet. */
  readonly frames: number;
  /** For how long there has been one; 0 when there is none. */
  readonly seconds: number;
  readonly halted: readonly { readonly partition: number; readonly seq: number; readonly reason: string }[];
}

export interface ProjectorOptions extends ReaderSetDeps {
  /** News gathers so long before a round begins; when not given 20 ms, and 100 ms while many frames come. */
  readonly gatherMs?: number;
}

const gatherMs = 20;
/** A round costs the same whatever it stores. While there is always news, fewer and larger ones leave more for buyers. */
const busyGatherMs = 100;
const busyFramesPerSecond = 200;
/** Stored together; one read may exceed it. */
const recordsPerRound = 2_000;
/** A checkpoint alone, without rows to write, may wait so long. */
const idleCheckpointMs = 1_000;
const retryMaxMs = 5_000;
const notThereYetMs = 250;

export class Projector {
  readonly #options: ProjectorOptions;
  readonly #readers: ReaderSet;
  /** Of `catchUp`, in the order of their coming. */
  readonly #waiters: (() => void)[] = [];
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasNews = false;
  #readAtMs = 0;
  #framesPerSecond = 0;
  #failures = 0;
  #isStopping = false;
  #cancelPause = (): void => {};

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#readers = new ReaderSet(options);
  }

  /** From now on these partitions and no others. What new ones have already is found by `catchUp`. */
  serve(partitions: readonly number[]): void {
    this.#readers.serve(partitions);
  }

  /** News: the journal has reached `seq`. */
  advance(partition: number, seq: number): void {
    if (!this.#readers.get(partition)?.hear(seq)) return;
    const isAwaited = this.#working !== null || this.#hasNews;
    this.#hasNews = true;
    if (isAwaited) return;
    // A timer for a lesser cause may be running: news must not wait for it.
    this.#cancelTimer();
    this.#schedule(this.#gatherMs);
  }

  /** Resolves when everything that is in the journal now is in the tables, halted partitions aside. */
  catchUp(): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#start();
    });
  }

  lag(): ProjectorLag {
    const readers = this.#readers.all;
    const behind = readers.filter((reader) => reader.isBehind || reader.halt !== null);
    const open = behind.filter((reader) => reader.halt === null && reader.behindSinceMs > 0);
    const sinceMs = Math.min(...open.map((reader) => reader.behindSinceMs));
    return {
      frames: behind.reduce((sum, reader) => sum + Math.max(0, reader.targetSeq - reader.storedSeq), 0),
      seconds: open.length > 0 ? (performance.now() - sinceMs) / 1000 : 0,
      halted: readers.flatMap(({ partition, halt }) => (halt ? [{ partition, ...halt }] : [])),
    };
  }

  /** For how long the tables have been behind the journal; Infinity while a partition is halted. */
  lagSeconds(): number {
    const { seconds, halted } = this.lag();
    return halted.length > 0 ? Number.POSITIVE_INFINITY : seconds;
  }

  metrics(): Family[] {
    const { frames, halted } = this.lag();
    return [
      gauge('doorbuster_projection_lag_frames', 'Frames not yet in tables', frames),
      gauge('doorbuster_projections_halted', 'Partitions whose projection needs help', halted.length),
    ];
  }

  /** Finishes the current round. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelTimer();
    this.#cancelPause();
    await this.#working;
    await this.#readers.store().catch(() => {});
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  get #gatherMs(): number {
    return this.#options.gatherMs ?? (this.#framesPerSecond > busyFramesPerSecond ? busyGatherMs : gatherMs);
  }

  /** True when there may be more. */
  async #read(isProbing: boolean): Promise<boolean> {
    let frames = 0;
    let hasMore = true;
    while (hasMore && this.#readers.unstoredRecords < recordsPerRound) {
      const read = await this.#readers.read(isProbing);
      frames += read.frames;
      hasMore = read.hasMore;
    }
    const now = performance.now();
    this.#framesPerSecond = (frames * 1_000) / (now - this.#readAtMs);
    this.#readAtMs = now;
    return hasMore;
  }

  /** True when another round should follow at once. */
  async #round(): Promise<boolean> {
    await this.#readers.load();
    // This round answers only the waiters that were there before it read.
    const asking = this.#waiters.length;
    this.#hasNews = false;
    const hasMore = await this.#read(asking > 0);
    const hasRows = this.#readers.all.some(
      (reader) => reader.records.length > 0 || (reader.gap !== null && reader.halt === null),
    );
    const isDue = asking > 0 ? !hasMore : performance.now() - this.#readers.storedAtMs >= idleCheckpointMs;
    if (hasRows || isDue) await this.#readers.store();
    if (this.#failures > 0) this.#options.log('info', 'projection goes on');
    this.#failures = 0;
    if (hasMore || !this.#readers.isLoaded) return true;
    for (const resolve of this.#waiters.splice(0, asking)) resolve();
    return this.#waiters.length > 0;
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      try {
        if (!(await this.#round())) return;
      } catch (error) {
        if (this.#failures++ === 0) this.#options.log('warn', 'projection waits', { error: String(error) });
        await this.#pause(backoffMs(50, retryMaxMs, this.#failures));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const pausing = setTimeout(resolve, ms);
      this.#cancelPause = () => {
        clearTimeout(pausing);
        resolve();
      };
      if (this.#isStopping) this.#cancelPause();
    });
  }

  #start(): void {
    this.#cancelTimer();
    if (this.#working !== null || this.#isStopping) return;
    this.#working = this.#work().finally(() => {
      this.#working = null;
      const readers = this.#readers.all;
      // News of the last moment; frames that were announced and not found yet; a checkpoint still to be written.
      if (this.#hasNews || this.#waiters.length > 0) this.#schedule(this.#gatherMs);
      else if (readers.some((reader) => reader.isBehind)) this.#schedule(notThereYetMs);
      else if (readers.some((reader) => reader.hasUnstored)) this.#schedule(idleCheckpointMs);
    });
  }

  #schedule(afterMs: number): void {
    if (this.#timer === null && !this.#isStopping) this.#timer = setTimeout(() => this.#start(), afterMs);
  }

  #cancelTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
