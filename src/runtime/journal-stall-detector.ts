/**
 * A journal that does not answer: to an append, or to the question whether this process still is the owner. Commands
 * are refused soon; operators are told when it lasts (one line) and when it is over (one more).
 */
import type { Log } from '../protocol/log.ts';
import type { GroupCommit } from './commit.ts';
import type { Lease } from './lease.ts';

/** Shorter silence is nobody's business. */
const toldAfterMs = 1_000;

export class JournalStallDetector {
  readonly #commit: Pick<GroupCommit, 'waitedMs'>;
  readonly #lease: Pick<Lease<unknown>, 'waitedMs'>;
  readonly #stallMs: number;
  readonly #log: Log;
  #isTold = false;

  constructor(
    commit: Pick<GroupCommit, 'waitedMs'>,
    lease: Pick<Lease<unknown>, 'waitedMs'>,
    stallMs: number,
    log: Log,
  ) {
    this.#commit = commit;
    this.#lease = lease;
    this.#stallMs = stallMs;
    this.#log = log;
  }

  get ms(): number {
    return Math.max(this.#commit.waitedMs, this.#lease.waitedMs);
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
