/**
 * Virtual time: one queue of tasks, run one after the other in order of time.
 *
 * 1. Nothing else moves the clock, and nothing outside runs code: promises are resolved by tasks only.
 * 2. After a task that touched a promise every continuation runs before the next task.
 * 3. A task of a dead owner is dropped, one of a frozen owner waits for the thaw (which may come early, and is noticed
 *    within a second); then the order is anybody's.
 */
import type { Random } from './random.ts';

/** Somebody who can die or be stopped: a shard. */
export interface Owner {
  isAlive: boolean;
  frozenUntilMs: number;
}

interface Task {
  atMs: number;
  readonly order: number;
  readonly owner: Owner | null;
  readonly run: () => void;
  isCancelled: boolean;
}

const thawSpreadMs = 20;
const thawNoticedMs = 1_000;

export class Loop {
  nowMs = 1_000_000_000;
  /** Set by whoever settles or makes a promise. */
  isTouched = false;
  ran = 0;
  /** Ends `runUntil` at once. */
  isStopped = false;
  onThrow: (error: unknown) => void = () => {};
  readonly #heap: Task[] = [];
  readonly #random: Random;
  #order = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Runs `run` after so long; returns how to take it back. */
  after(ms: number, owner: Owner | null, run: () => void): () => void {
    const task = { atMs: this.nowMs + ms, order: this.#order++, owner, run, isCancelled: false };
    this.#push(task);
    return () => {
      task.isCancelled = true;
    };
  }

  /** The same for a task that may settle a promise. */
  timer(ms: number, owner: Owner | null, run: () => void): () => void {
    return this.after(ms, owner, () => {
      this.isTouched = true;
      run();
    });
  }

  /** A promise that is settled by a task: `effect` runs then, and may throw to reject it. */
  promise<Value>(ms: number, owner: Owner | null, effect: () => Value): Promise<Value> {
    this.isTouched = true;
    return new Promise((resolve, reject) => {
      this.after(ms, owner, () => {
        this.isTouched = true;
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Runs everything that is due in the next `ms` milliseconds, then stands at their end. */
  async run(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.#settle();
    while (!this.isStopped && this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      const task = this.#pop();
      if (task.isCancelled || task.owner?.isAlive === false) continue;
      this.nowMs = Math.max(this.nowMs, task.atMs);
      if (task.owner && task.owner.frozenUntilMs > this.nowMs) {
        const lookAtMs = Math.min(task.owner.frozenUntilMs, this.nowMs + thawNoticedMs);
        task.atMs = lookAtMs + this.#random.next() * thawSpreadMs;
        this.#push(task);
        continue;
      }
      this.ran++;
      try {
        task.run();
      } catch (error) {
        this.onThrow(error);
      }
      await this.#settle();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** A tick comes when no microtask is left. */
  async #settle(): Promise<void> {
    while (this.isTouched && !this.isStopped) {
      this.isTouched = false;
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
  }

  #push(task: Task): void {
    const heap = this.#heap;
    heap.push(task);
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[parent]!)) break;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #pop(): Task {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2 && child < heap.length; child++)
        if (isBefore(heap[child]!, heap[least]!)) least = child;
      if (least === i) return top;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}
