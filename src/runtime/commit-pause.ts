/**
 * The commit pause. A commit costs the shard and the journal much the same whatever it holds, and under load the next
 * requests are on their way while one ends: a batch that waits for them a moment saves commits, and with them the time in
 * which requests would have queued.
 *
 * 1. A batch waits until it answers three quarters of the requests that the gateways have open here, at most until
 *    `pauseMs` (1 ms) after the seal of the one before. An append that takes longer than that is pause enough.
 * 2. It never waits for requests that cannot come: the number is what the gateways said last, and below 16 there is no
 *    pause, because a commit for each costs less than the wait.
 */
import type { Scheduler } from '../protocol/scheduler.ts';

const openRequestsMin = 16;
const share = 0.75;

export interface CommitPauseOptions {
  readonly pauseMs: number;
  /** How many requests the gateways have open here. */
  readonly openRequests: () => number;
}

export class CommitPause {
  readonly #scheduler: Scheduler;
  readonly #options: CommitPauseOptions;
  readonly #onOver: () => void;
  #sealedAtMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(scheduler: Scheduler, options: CommitPauseOptions, onOver: () => void) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.#onOver = onOver;
  }

  /** Whether a batch that answers so many requests is to wait: then `onOver` is called when it has waited long enough. */
  holds(requests: number): boolean {
    const open = this.#options.openRequests();
    if (open < openRequestsMin || requests >= share * open) return false;
    const leftMs = this.#sealedAtMs + this.#options.pauseMs - this.#scheduler.now();
    if (leftMs <= 0) return false;
    this.#cancel ??= this.#scheduler.after(leftMs, () => {
      this.#cancel = null;
      this.#onOver();
    });
    return true;
  }

  /** A batch is on its way. */
  sealed(): void {
    this.#sealedAtMs = this.#scheduler.now();
    this.#cancel?.();
    this.#cancel = null;
  }
}
