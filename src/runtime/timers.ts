/**
 * The deadlines of a shard's actors, watched by one timer of the event loop. An actor has one deadline; what it wanted
 * before stays in the heap as a dead entry until its time comes.
 */
import { DeadlineHeap } from '../protocol/deadline-heap.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Clock } from './clock.ts';

export interface Timed {
  /** The deadline that counts; Infinity: none. */
  deadlineMs: number;
  /** 0 until the first deadline is set; then its place among equal deadlines. */
  serial: number;
}

/**
 * Engine time moves ahead when a partition is opened whose last owner was ahead: a timer that was set before would ring
 * too late, so the next deadline is looked at again within a second.
 */
const waitMsMax = 1_000;

export class Timers<Owner extends Timed> {
  readonly #heap = new DeadlineHeap<Owner>((owner, deadlineMs) => owner.deadlineMs === deadlineMs);
  #serials = 0;
  #alarm: { readonly atMs: number; readonly cancel: () => void } | null = null;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #scheduler: Pick<Scheduler, 'after'>;
  readonly #onDue: (owner: Owner) => void;

  /** `onDue` is called for each owner whose time has come, in order of time; its deadline is then Infinity. */
  constructor(clock: Pick<Clock, 'now'>, scheduler: Pick<Scheduler, 'after'>, onDue: (owner: Owner) => void) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#onDue = onDue;
  }

  /** Sets the owner's only deadline; Infinity takes it away. To be followed by `watch`, once for many owners. */
  arm(owner: Owner, atMs: number): void {
    if (owner.deadlineMs === atMs) return;
    owner.deadlineMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    if (owner.serial === 0) owner.serial = ++this.#serials;
    this.#heap.push(atMs, owner);
  }

  /** Takes away many owners' deadlines, and keeps nothing that would hold the owners in memory. */
  forget(owners: Iterable<Owner>): void {
    for (const owner of owners) owner.deadlineMs = Number.POSITIVE_INFINITY;
    this.#heap.compact();
    this.watch();
  }

  /** Sets the event loop's timer to the earliest deadline. */
  watch(): void {
    this.#heap.prune();
    const nextMs = this.#heap.topMs;
    if (this.#alarm?.atMs === nextMs) return;
    this.#alarm?.cancel();
    this.#alarm = null;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(0, nextMs - this.#clock.now()), waitMsMax);
    this.#alarm = { atMs: nextMs, cancel: this.#scheduler.after(waitMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#alarm = null;
    const now = this.#clock.now();
    for (let owner = this.#heap.take(now); owner; owner = this.#heap.take(now)) {
      owner.deadlineMs = Number.POSITIVE_INFINITY;
      this.#onDue(owner);
    }
    this.watch();
  }
}
