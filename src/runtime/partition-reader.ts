/**
 * How far the projector has come with one partition: what the journal is known to have, what was read of it, and what
 * is in the tables.
 *
 * 1. Frames are taken in order, each exactly once.
 * 2. After a frame that cannot be trusted or is not understood, or a missing one, nothing more is taken; what came before it still counts.
 */
import { CorruptFrame, decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type { Frame } from '../protocol/journal.ts';
import type { Intake } from './projection-round.ts';

export class PartitionReader implements Intake {
  readonly partition: number;
  storedSeq = 0;
  readSeq = 0;
  records: JournalRecord[] = [];
  /** Whether the checkpoint was read, since the start or since another projector moved it. */
  isLoaded = false;
  /** The last frame that the journal is known to have. */
  targetSeq = 0;
  /** Since when the oldest frame is known that is not in the tables; 0 while nothing is left to do. */
  behindSinceMs = 0;
  /** What was known when the last read began, and when something newer was heard of. */
  #wantedSeq = 0;
  #newsSinceMs = 0;
  /** Why reading cannot go on after `readSeq`. */
  gap: string | null = null;
  halt: { readonly seq: number; readonly reason: string } | null = null;

  constructor(partition: number) {
    this.partition = partition;
  }

  get isActive(): boolean {
    return this.isLoaded && this.halt === null;
  }

  /** There is something to read, or rows to write. */
  get isBehind(): boolean {
    return this.halt === null && (this.targetSeq > this.readSeq || this.records.length > 0);
  }

  /** The checkpoint may be moved. */
  get hasUnstored(): boolean {
    return this.isActive && this.readSeq > this.storedSeq;
  }

  /** The journal has reached `seq`. False when that was known. */
  hear(seq: number): boolean {
    if (seq <= this.targetSeq) return false;
    const now = performance.now();
    if (!this.isBehind) this.behindSinceMs = now;
    if (this.#newsSinceMs === 0) this.#newsSinceMs = now;
    this.targetSeq = seq;
    return true;
  }

  loadAt(checkpointSeq: number): void {
    this.storedSeq = checkpointSeq;
    this.readSeq = checkpointSeq;
    this.records = [];
    this.gap = null;
    this.isLoaded = true;
  }

  beginRead(): void {
    this.#wantedSeq = this.targetSeq;
    this.#newsSinceMs = 0;
  }

  /** The last read left frames that had been known before. */
  get isCut(): boolean {
    return this.isActive && this.readSeq < this.#wantedSeq;
  }

  /** False when the frame cannot be taken. `isOfInterest` throws for a record that is not known here. */
  take(frame: Frame, isOfInterest: (record: JournalRecord) => boolean): boolean {
    if (this.halt !== null || this.gap !== null || frame.seq <= this.readSeq) return false;
    if (frame.seq !== this.readSeq + 1) {
      this.gap = `the journal goes on with frame ${frame.seq}`;
      return false;
    }
    try {
      for (const record of decodeFrame(frame).filter(isOfInterest)) this.records.push(record);
    } catch (error) {
      this.gap = error instanceof CorruptFrame ? error.message : `frame ${frame.seq}: ${error}`;
      return false;
    }
    this.readSeq = frame.seq;
    this.targetSeq = Math.max(this.targetSeq, frame.seq);
    return true;
  }

  /** What was read is in the tables. */
  settle(): void {
    if (this.halt !== null) return;
    this.storedSeq = this.readSeq;
    this.records = [];
    if (!this.isBehind) this.behindSinceMs = 0;
    else if (!this.isCut) this.behindSinceMs = this.#newsSinceMs;
  }

  stopAt(seq: number, reason: string): void {
    this.halt = { seq, reason };
    this.records = [];
  }
}
