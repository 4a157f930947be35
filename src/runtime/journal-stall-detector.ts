/**
 * A journal that does not answer: to an append, or to the question whether this process still is the owner. Commands
 * are refused soon; operators are told when it lasts (one line) and when it is over (one more).
 */
import type { Log } from '../protocol/log.ts';

/** Operators are not told of a shorter silence. */
const toldAfterMs = 1_000;

/** A question to the journal that may be open. */
interface Waiting {
  readonly waitedMs: number;
}

export class JournalStallDetector {
  readonly #append: Waiting;
  readonly #confirmation: Waiting;
  readonly #stallMs: number;
  readonly #log: Log;
  #isTold = false;

  constructor(append: Waiting, confirmation: Waiting, stallMs: number, log: Log) {
    this.#append = append;
    this.#confirmation = confirmation;
    this.#stallMs = stallMs;
    this.#log = log;
  }

  get ms(): number {
    return Math.max(this.#append.waitedMs, this.#confirmation.waitedMs);
  }

  /** Commands must not wait for it. */
  get isStalled(): boolean {
    return this.ms > this.#stallMs;
  }

  /** To be called every now and then. */
  note(): void {
    const isLong = this.ms > toldAfterMs;
    if (isLong === this.#isTold) return;
    this.#isTold = isLong;
    if (isLong) this.#log('warn', 'the journal does not answer: commands are refused');
    else this.#log('info', 'the journal answers again');
  }
}
