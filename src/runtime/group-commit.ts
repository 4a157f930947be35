/**
 * Group commit: what one shard decides is written in batches.
 *
 * 1. One batch is in flight at a time; while it is, the next one fills. So the batch follows the load.
 * 2. A batch holds at most one frame per partition. Frames are numbered without gaps.
 * 3. `onDurable` is called for a batch once every frame in it is durable, and for a batch without events at once.
 * 4. An append whose outcome is not known is tried again, the same bytes under the same number, until it is known.
 * 5. A frame refused because somebody else owns its partition ends that partition here, and is not tried again; the
 *    frames of the others are settled as if it had not been there.
 * 6. Any other refusal means that journal and memory contradict each other: the shard must not go on.
 */

import type { Code } from '../protocol/codes.ts';
import type { Push } from '../protocol/decider.ts';
import { encodeFrame } from '../protocol/frame.ts';
import type { AppendOutcome, Frame, Journal } from '../protocol/journal.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { ReplyTo } from './mailbox.ts';
import type { Outgoing } from './outbox.ts';
import type { Partition } from './partition.ts';

/** A frame on its way into the journal. */
export interface SealedFrame {
  readonly partition: Partition;
  readonly frame: Frame;
  readonly events: number;
}

export interface CommitEvents {
  /** `frames`: those of the batch that are durable. */
  onDurable(batch: Batch, frames: readonly SealedFrame[], tookMs: number): void;
  /** The journal takes frames of this partition from its new owner only. */
  onReplaced(partition: Partition, reason: string): void;
  /** The shard must not go on. */
  onFatal(reason: string): void;
}

const retryFirstMs = 50;
const retryMaxMs = 1000;

export class GroupCommit {
  /** The batch that is being filled. */
  open: Batch = emptyBatch();
  #inFlight: Batch | null = null;
  #inFlightSinceMs = 0;
  #isOver = false;
  readonly #journal: Journal;
  readonly #scheduler: Scheduler;
  readonly #events: CommitEvents;

  constructor(journal: Journal, scheduler: Scheduler, events: CommitEvents) {
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  get inFlight(): Batch | null {
    return this.#inFlight;
  }

  /** How long the journal has been silent about the batch in flight. */
  get waitedMs(): number {
    return this.#inFlight ? this.#scheduler.now() - this.#inFlightSinceMs : 0;
  }

  /** Sends the open batch on its way, unless one is in flight: then that one's end does it. */
  seal(): void {
    if (this.#inFlight || this.#isOver) return;
    const batch = this.open;
    if (isEmpty(batch)) return;
    this.open = emptyBatch();
    if (batch.events === 0) {
      this.#events.onDurable(batch, [], 0);
      return;
    }
    const frames = batch.partitions.map(sealFrame);
    this.#inFlight = batch;
    this.#inFlightSinceMs = this.#scheduler.now();
    this.#write(batch, frames, frames, retryFirstMs);
  }

  /** What is not on its way yet never goes. */
  end(): void {
    this.#isOver = true;
  }

  /** The open batch without the partition's records. What is in flight is looked at when the journal answers. */
  forget(partition: Partition): void {
    const { open } = this;
    open.partitions = open.partitions.filter((each) => each !== partition);
    open.events -= partition.records.length;
    partition.records = [];
  }

  #write(batch: Batch, frames: readonly SealedFrame[], left: readonly SealedFrame[], retryMs: number): void {
    this.#settle(left).then(
      (unsettled) => {
        if (unsettled === null) return;
        const unknown = unsettled.filter(({ partition }) => !partition.isGone);
        if (unknown.length === 0) this.#land(batch, frames);
        else
          this.#scheduler.after(retryMs, () =>
            this.#write(batch, frames, unknown, Math.min(retryMaxMs, retryMs * 2)),
          );
      },
      (error) => this.#events.onFatal(`the journal failed: ${error}`),
    );
  }

  #land(batch: Batch, frames: readonly SealedFrame[]): void {
    this.#inFlight = null;
    const durable = frames.filter(({ partition }) => !partition.isGone);
    for (const { partition, frame } of durable) partition.ackedSeq = frame.seq;
    this.#events.onDurable(batch, durable, this.#scheduler.now() - this.#inFlightSinceMs);
    this.seal();
  }

  /** Appends, and returns the frames whose outcome is still not known; null when the shard must not go on. */
  async #settle(frames: readonly SealedFrame[]): Promise<readonly SealedFrame[] | null> {
    const owned = frames.filter(({ partition }) => !partition.isGone);
    let outcomes: AppendOutcome[];
    try {
      outcomes = owned.length === 0 ? [] : await this.#journal.append(owned.map(({ frame }) => frame));
    } catch {
      return owned;
    }
    const unknown: SealedFrame[] = [];
    for (const [index, sealed] of owned.entries()) {
      const { partition, frame } = sealed;
      const outcome = outcomes[index]!;
      if (outcome === 'ok' || partition.isGone) continue;
      // A weak journal that has lost its last moments: they come again, then this frame follows.
      const isAhead = outcome === 'gap' && !this.#journal.isDurable;
      const refusal = `append of frame ${frame.seq} of partition ${frame.partition} was refused: ${outcome}`;
      if (outcome === 'unknown' || isAhead) {
        unknown.push(sealed);
      } else if (outcome === 'stale') {
        this.#events.onReplaced(partition, refusal);
      } else if (!(await this.#isThere(frame))) {
        this.#events.onFatal(refusal);
        return null;
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

function sealFrame(partition: Partition): SealedFrame {
  const { number, epoch, records } = partition;
  const seq = ++partition.seq;
  partition.records = [];
  const bytes = encodeFrame(number, epoch, seq, records);
  return { partition, frame: { partition: number, epoch, seq, bytes }, events: records.length };
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

// ----------------------------------------------------------------
// What a shard has decided and nobody may see yet: the records wait in their partitions, everything that will leave
// waits here, also the answers to mere reads, which may show what is not durable. Every entry knows the partition that
// speaks, because a partition may be taken over while the others of the batch go on.

interface WaitingReply {
  readonly partition: Partition;
  readonly reply: ReplyTo;
  readonly code: Code;
  readonly body: unknown;
}

export interface Batch {
  /** Those with records. */
  partitions: Partition[];
  replies: WaitingReply[];
  pushes: Push[];
  /** The partition of the push at the same place. */
  pushedBy: Partition[];
  outgoing: Outgoing[];
  events: number;
}

function emptyBatch(): Batch {
  return { partitions: [], replies: [], pushes: [], pushedBy: [], outgoing: [], events: 0 };
}

function isEmpty({ events, replies, pushes, outgoing }: Batch): boolean {
  return events === 0 && replies.length + pushes.length + outgoing.length === 0;
}

/** Whether the condition holds for each partition that says something in this batch; some are asked about many times. */
export function everySpeaker(batch: Batch, holds: (partition: Partition) => boolean): boolean {
  return (
    batch.replies.every(({ partition }) => holds(partition)) &&
    batch.pushedBy.every(holds) &&
    batch.outgoing.every(({ actor }) => holds(actor.partition))
  );
}

/** Answers `busy` to all who wait for a reply of this batch: its outcome will be found by asking again. */
export function giveUpReplies(batch: Batch): void {
  const { replies } = batch;
  batch.replies = [];
  for (const { reply } of replies) reply('busy', null);
}

/** Takes everything of a partition out: who waits for it is answered `busy`, what it says to others is dropped. */
export function withdraw(batch: Batch, partition: Partition): void {
  const given = batch.replies.filter((waiting) => waiting.partition === partition);
  batch.replies = batch.replies.filter((waiting) => waiting.partition !== partition);
  batch.pushes = batch.pushes.filter((_, index) => batch.pushedBy[index] !== partition);
  batch.pushedBy = batch.pushedBy.filter((by) => by !== partition);
  batch.outgoing = batch.outgoing.filter(({ actor }) => actor.partition !== partition);
  for (const { reply } of given) reply('busy', null);
}
