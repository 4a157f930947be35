/**
 * Group commit: what one shard decides is written in batches, and nothing of a batch leaves before it is durable.
 *
 * 1. One batch is in flight at a time; while it is, the next one fills. So the batch follows the load.
 * 2. A batch holds at most one frame per partition. Frames are numbered without gaps.
 * 3. Replies, pushes and messages wait in the batch in which they were made, also those of mere reads: they may
 *    show what is not durable yet.
 * 4. An append whose outcome is not known is tried again, the same bytes under the same number, until it is known.
 * 5. An append refused because somebody else owns the partition ends this shard: it can answer nobody any more.
 */
import type { Code } from '../protocol/codes.ts';
import type { Push } from '../protocol/decider.ts';
import { encodeFrame } from '../protocol/frame.ts';
import type { AppendOutcome, Frame, Journal } from '../protocol/journal.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { ReplyTo } from './mailbox.ts';
import type { Outgoing } from './outbox.ts';
import type { Partition } from './partition.ts';

export interface Batch {
  readonly partitions: Partition[];
  readonly replies: { reply: ReplyTo; code: Code; body: unknown }[];
  readonly pushes: Push[];
  readonly outgoing: Outgoing[];
  events: number;
}

export interface CommitEvents {
  onDurable(batch: Batch, frames: readonly Frame[], tookMs: number): void;
  /** The shard must stop; when it is `isFenced` somebody else owns the data and it must not come back. */
  onFatal(reason: string, isFenced: boolean): void;
}

const retryFirstMs = 50;
const retryMaxMs = 1000;

export class GroupCommit {
  open: Batch = emptyBatch();
  #inFlight: Batch | null = null;
  #inFlightSinceMs = 0;
  readonly #journal: Journal;
  readonly #scheduler: Scheduler;
  readonly #events: CommitEvents;

  constructor(journal: Journal, scheduler: Scheduler, events: CommitEvents) {
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  /** How long the journal has been silent about the batch in flight. */
  get waitedMs(): number {
    return this.#inFlight ? this.#scheduler.now() - this.#inFlightSinceMs : 0;
  }

  get isIdle(): boolean {
    return !this.#inFlight && this.open.events === 0;
  }

  /** Nobody waits longer for a silent journal: the answer is `busy`, the outcome will be found by asking again. */
  giveUpReplies(): void {
    if (this.#inFlight) giveUpReplies(this.#inFlight);
    giveUpReplies(this.open);
  }

  /** Sends the open batch on its way, unless one is in flight: then that one's end does it. */
  seal(): void {
    if (this.#inFlight) return;
    const batch = this.open;
    if (batch.events === 0 && batch.replies.length + batch.pushes.length + batch.outgoing.length === 0)
      return;
    this.open = emptyBatch();
    if (batch.events === 0) {
      this.#events.onDurable(batch, [], 0);
      return;
    }
    const frames = batch.partitions.map((partition) => {
      const seq = ++partition.seq;
      const records = partition.records;
      partition.records = [];
      const bytes = encodeFrame(partition.number, partition.epoch, seq, records);
      return { partition: partition.number, epoch: partition.epoch, seq, bytes };
    });
    this.#inFlight = batch;
    this.#inFlightSinceMs = this.#scheduler.now();
    this.#write(frames, frames, batch, retryFirstMs);
  }

  #write(frames: Frame[], left: Frame[], batch: Batch, retryMs: number): void {
    this.#settle(left).then(
      (unknown) => {
        if (unknown === 'fenced') return;
        if (unknown.length === 0) {
          this.#inFlight = null;
          for (const [index, partition] of batch.partitions.entries())
            partition.ackedSeq = frames[index]!.seq;
          this.#events.onDurable(batch, frames, this.#scheduler.now() - this.#inFlightSinceMs);
          this.seal();
          return;
        }
        this.#scheduler.after(retryMs, () =>
          this.#write(frames, unknown, batch, Math.min(retryMaxMs, retryMs * 2)),
        );
      },
      (error) => this.#events.onFatal(`the journal failed: ${error}`, false),
    );
  }

  /** Appends and returns the frames whose outcome is still not known. */
  async #settle(frames: Frame[]): Promise<Frame[] | 'fenced'> {
    let outcomes: AppendOutcome[];
    try {
      outcomes = await this.#journal.append(frames);
    } catch {
      return frames;
    }
    const unknown: Frame[] = [];
    for (const [index, frame] of frames.entries()) {
      const outcome = outcomes[index]!;
      if (outcome === 'ok') continue;
      // A weak journal that has lost its last moments: they come again, then this frame follows.
      const isAhead = outcome === 'gap' && !this.#journal.isDurable;
      if (outcome === 'unknown' || isAhead) {
        unknown.push(frame);
      } else if (outcome === 'stale' || !(await this.#isThere(frame))) {
        this.#events.onFatal(
          `append of frame ${frame.seq} of partition ${frame.partition} was refused: ${outcome}`,
          outcome === 'stale',
        );
        return 'fenced';
      }
    }
    return unknown;
  }

  /** A repeat of our own earlier try is a success. */
  async #isThere(frame: Frame): Promise<boolean> {
    const [found] = await this.#journal.read(frame.partition, frame.seq - 1, 1);
    return found?.seq === frame.seq && found.epoch === frame.epoch && areEqual(found.bytes, frame.bytes);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function giveUpReplies(batch: Batch): void {
  for (const { reply } of batch.replies.splice(0)) reply('busy', null);
}

function emptyBatch(): Batch {
  return { partitions: [], replies: [], pushes: [], outgoing: [], events: 0 };
}
