/**
 * Appending frames to the streams, one pipeline a call, and settling every answer that got lost.
 *
 * 1. Redis refuses ids that do not grow, so it refuses stale epochs and repeats; NOMKSTREAM refuses a stream that
 *    vanished; gaps are refused here, from the tail that the writer knows.
 * 2. The tail is known only as long as the connection lives. After a new one it is read again before the first
 *    append: a Redis that came back without its last moments is noticed, not written on.
 * 3. A frame whose reply got lost is looked for in the stream; the same epoch, number and bytes are ours. If it is not
 *    there it is sent again under the same id, which can take effect only once.
 * 4. What cannot be settled in time is `unknown`. Until the partition is claimed again only that very frame may be tried
 *    again, which is always safe; any other is `unknown` too.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '../../protocol/backoff.ts';
import type { AppendOutcome, Claim, Frame } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { isSmallerIdError } from './redis-claim.ts';
import type { RedisReply } from './redis-command.ts';
import type { RedisLink } from './redis-link.ts';
import { readTails, type Tail, xadd } from './stream.ts';

const settleMs = 2_000;
/** Rounds that follow each other at once: check the tail, send, check again. */
const eagerRounds = 3;

interface Known {
  epoch: number;
  seq: number;
  /** Of the connection over which this was learned. */
  generation: number;
}

interface Pending {
  readonly frame: Frame;
  outcome: AppendOutcome | null;
  /** It may be in the stream already. */
  wasSent: boolean;
  /** Only the stream's tail can tell how things stand. */
  needsTail: boolean;
  /** The tail was read in this call. */
  isChecked: boolean;
}

export class RedisWriter {
  readonly #link: RedisLink;
  readonly #log: Log;
  readonly #knownByPartition = new Map<number, Known>();
  readonly #ackedByPartition = new Map<number, number>();
  /** By partition: the frame of which nobody knows whether it is there. */
  readonly #unsettled = new Map<number, Frame>();
  /** Stands in the log; an append that succeeds ends it. */
  #isOutage = false;

  constructor(link: RedisLink, log: Log) {
    this.#link = link;
    this.#log = log;
  }

  async append(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    if (new Set(frames.map((frame) => frame.partition)).size < frames.length)
      throw new Error('two frames of one partition in one append');
    const all = frames.map((frame) => this.#begin(frame));
    const deadlineMs = performance.now() + settleMs;
    for (let rounds = 1; ; rounds++) {
      const open = all.filter((pending) => pending.outcome === null);
      if (open.length === 0) break;
      const trouble = await this.#round(open).catch((error: Error) => error.message);
      if (trouble === null && rounds <= eagerRounds) continue;
      const pauseMs = backoffMs(10, 200, rounds);
      if (performance.now() + pauseMs > deadlineMs) {
        for (const pending of open)
          if (pending.outcome === null) this.#giveUp(pending, trouble ?? 'no progress');
        break;
      }
      await wait(pauseMs);
    }
    return all.map((pending) => pending.outcome!);
  }

  /** `generation`: of the connection over which the claim's tail was read. */
  claimed({ partition, epoch, tailSeq }: Claim, generation: number): void {
    this.#knownByPartition.set(partition, { epoch, seq: tailSeq, generation });
    this.#unsettled.delete(partition);
  }

  /** The last frame of the partition that was acknowledged here; 0 when none was. */
  ackedSeq(partition: number): number {
    return this.#ackedByPartition.get(partition) ?? 0;
  }

  #begin(frame: Frame): Pending {
    const doubtful = this.#unsettled.get(frame.partition);
    const isOther =
      doubtful !== undefined &&
      (doubtful.epoch !== frame.epoch ||
        doubtful.seq !== frame.seq ||
        Buffer.compare(doubtful.bytes, frame.bytes) !== 0);
    return {
      frame,
      outcome: isOther ? 'unknown' : null,
      wasSent: doubtful !== undefined,
      needsTail: doubtful !== undefined,
      isChecked: false,
    };
  }

  /** One try for everything open. Answers with what went wrong, if anything did. */
  async #round(open: readonly Pending[]): Promise<string | null> {
    const { generation } = this.#link;
    await this.#readTails(open, generation);
    const next = open.filter((pending) => pending.outcome === null && this.#isNext(pending));
    // The connection that vouched for the tails must be the one that carries the frames.
    if (this.#link.generation !== generation) return 'the connection broke';
    const replies = await this.#link.run(next.map(({ frame }) => xadd(frame)));
    let trouble: string | null = null;
    for (const [i, reply] of replies.entries()) trouble = this.#heed(next[i]!, reply) ?? trouble;
    return trouble;
  }

  /** Reads the tails that are not known, or no longer. */
  async #readTails(open: readonly Pending[], generation: number): Promise<void> {
    const unsure = open.filter(
      ({ needsTail, frame }) =>
        needsTail || this.#knownByPartition.get(frame.partition)?.generation !== generation,
    );
    if (unsure.length === 0) return;
    const tails = await readTails(
      this.#link,
      unsure.map(({ frame }) => frame.partition),
    );
    for (const [i, pending] of unsure.entries()) this.#settleByTail(pending, tails[i]!, generation);
  }

  #settleByTail(pending: Pending, tail: Tail | null, generation: number): void {
    const { partition, epoch, seq, bytes } = pending.frame;
    const known = this.#knownByPartition.get(partition);
    pending.needsTail = false;
    pending.isChecked = true;
    if (!tail) {
      if (known) this.#giveUp(pending, 'the stream is gone');
      else pending.outcome = 'stale';
      return;
    }
    const seen = Math.max(known?.seq ?? 0, this.ackedSeq(partition));
    if (tail.seq < seen || (known && tail.lastEpoch < known.epoch)) {
      this.#giveUp(
        pending,
        `Redis lost acknowledged frames: the stream ends at ${tail.seq} instead of ${seen}`,
      );
      return;
    }
    this.#knownByPartition.set(partition, { epoch: tail.lastEpoch, seq: tail.seq, generation });
    if (tail.lastEpoch === epoch && pending.wasSent && tail.seq === seq && tail.bytes?.equals(bytes))
      this.#accept(pending);
  }

  /** Whether the frame follows the tail that we know. A mismatch is believed only once the tail was read in this call. */
  #isNext(pending: Pending): boolean {
    const { partition, epoch, seq } = pending.frame;
    const known = this.#knownByPartition.get(partition)!;
    if (epoch === known.epoch && seq === known.seq + 1) return true;
    if (!pending.isChecked) pending.needsTail = true;
    else if (epoch !== known.epoch) pending.outcome = 'stale';
    else pending.outcome = seq <= known.seq ? 'repeat' : 'gap';
    return false;
  }

  /** Answers with what went wrong, if anything did. */
  #heed(pending: Pending, reply: RedisReply): string | null {
    if (isSmallerIdError(reply)) {
      pending.needsTail = true;
    } else if (reply.error) {
      // An answer such as LOADING, OOM or MISCONF means that nothing was written.
      if (!reply.isAnswer) pending.wasSent = pending.needsTail = true;
      return reply.error.message;
    } else if (reply.value === null) {
      this.#giveUp(pending, 'the stream is gone');
    } else {
      this.#knownByPartition.get(pending.frame.partition)!.seq = pending.frame.seq;
      this.#accept(pending);
    }
    return null;
  }

  #accept(pending: Pending): void {
    const { partition, seq } = pending.frame;
    this.#isOutage = false;
    pending.outcome = 'ok';
    this.#ackedByPartition.set(partition, seq);
    this.#unsettled.delete(partition);
  }

  #giveUp(pending: Pending, why: string): void {
    const { partition, epoch, seq } = pending.frame;
    pending.outcome = 'unknown';
    // A claim that was made meanwhile has settled it: the next frames are of the newer epoch.
    if ((this.#knownByPartition.get(partition)?.epoch ?? epoch) <= epoch)
      this.#unsettled.set(partition, pending.frame);
    if (this.#isOutage) return;
    this.#isOutage = true;
    this.#log('error', `appends to the journal cannot be settled: ${why}`, { partition, epoch, seq });
  }
}
