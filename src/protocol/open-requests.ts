/** The requests of a peer that wait for their answer: bounded in number and in time, each answered once. */
import type { Scheduler } from './scheduler.ts';

interface OpenRequest<Answer> {
  readonly done: (answer: Answer) => void;
  readonly sentAtMs: number;
  /** For how many it stands. */
  rows: number;
}

export interface OpenRequestLimits {
  readonly openRequestsMax: number;
  /** After this many milliseconds an open request is answered without the other side. */
  readonly timeoutMs: number;
}

export class OpenRequests<Answer> {
  readonly #limits: OpenRequestLimits;
  readonly #scheduler: Scheduler;
  readonly #late: Answer;
  /** Ids grow with time, so the map is in order of age. */
  readonly #byId = new Map<number, OpenRequest<Answer>>();
  #nextId = 1;
  #size = 0;
  #cancelSweep: () => void;

  /** `late`: what a request is answered with when the other side does not answer in time, or is gone. */
  constructor(limits: OpenRequestLimits, scheduler: Scheduler, late: Answer) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#late = late;
    this.#cancelSweep = this.#sweepLater();
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#limits.openRequestsMax;
  }

  /** Returns the id that the answer will name. */
  add(done: (answer: Answer) => void): number {
    const id = this.#nextId++;
    this.#byId.set(id, { done, sentAtMs: this.#scheduler.now(), rows: 1 });
    this.#size++;
    return id;
  }

  /** The request stands for one more. */
  addRow(id: number): void {
    this.#byId.get(id)!.rows++;
    this.#size++;
  }

  /** An answer to a request that is not open any more is dropped. */
  settle(id: number, answer: Answer): void {
    const request = this.#byId.get(id);
    if (!request) return;
    this.#byId.delete(id);
    this.#size -= request.rows;
    request.done(answer);
  }

  close(): void {
    this.#cancelSweep();
    for (const id of [...this.#byId.keys()]) this.settle(id, this.#late);
  }

  #sweepLater(): () => void {
    const everyMs = Math.max(10, Math.min(250, this.#limits.timeoutMs / 4));
    return this.#scheduler.after(everyMs, () => {
      this.#cancelSweep = this.#sweepLater();
      this.#sweep();
    });
  }

  /** Stops at the first young one. */
  #sweep(): void {
    const oldestMs = this.#scheduler.now() - this.#limits.timeoutMs;
    for (const [id, { sentAtMs }] of this.#byId) {
      if (sentAtMs > oldestMs) break;
      this.settle(id, this.#late);
    }
  }
}
