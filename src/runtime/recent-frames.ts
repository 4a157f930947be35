/**
 * The newest acknowledged frames, kept where the journal is weak: one that acknowledges before it has flushed loses its
 * last moments when its server dies, and whoever wrote them can write them again.
 */
import type { Frame, Journal } from '../protocol/journal.ts';
import type { Partition } from './partition.ts';

/** Far more than a shard writes in the second or two that such a journal may lose. */
const bytesMax = 32 * 1024 * 1024;

export class RecentFrames {
  /** Oldest first. */
  #frames: Frame[] = [];
  #first = 0;
  #bytes = 0;

  keep(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    while (this.#bytes > bytesMax) this.#bytes -= this.#frames[this.#first++]!.bytes.length;
    if (this.#first * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Drops what is kept of a partition. */
  forget(partition: number): void {
    const kept = this.#frames.slice(this.#first).filter((frame) => frame.partition !== partition);
    this.#frames = kept;
    this.#first = 0;
    this.#bytes = kept.reduce((bytes, frame) => bytes + frame.bytes.length, 0);
  }

  /** Writes the partition's frames after `tailSeq` again; false when not all of them are here. */
  async restore(journal: Journal, { number, ackedSeq }: Partition, tailSeq: number): Promise<boolean> {
    const lost = this.#frames
      .slice(this.#first)
      .filter(({ partition, seq }) => partition === number && seq > tailSeq && seq <= ackedSeq);
    if (lost.length === 0 || lost.length < ackedSeq - tailSeq) return false;
    await journal.restore(lost);
    return true;
  }
}
