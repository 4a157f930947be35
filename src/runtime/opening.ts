/**
 * The gate before which the shards of a starting process wait. Each of them finds engine time in its own part of the
 * journal, and no actor may decide in a time that another shard is about to move.
 *
 * 1. It opens once, after every shard has recovered what it began with. Main opens it, or refuses to start.
 * 2. A shard that comes back alone later finds it open: time is in the process's memory by then.
 */
import type { Scheduler } from '../protocol/scheduler.ts';

const gate = 0;
const firstShard = 1;
const lookEveryMs = 5;

/** What every shard is given of it: whether the gate is open, and one mark a shard. */
export function closedOpening(shardCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer((firstShard + shardCount) * Int32Array.BYTES_PER_ELEMENT);
}

export class Opening {
  readonly memory: SharedArrayBuffer;
  readonly #marks: Int32Array;
  readonly #scheduler: Pick<Scheduler, 'after'>;

  constructor(memory: SharedArrayBuffer, scheduler: Pick<Scheduler, 'after'>) {
    this.memory = memory;
    this.#marks = new Int32Array(memory);
    this.#scheduler = scheduler;
  }

  /** The shard has recovered. Resolves when it may take commands. */
  async pass(shard: number): Promise<void> {
    Atomics.store(this.#marks, firstShard + shard, 1);
    while (Atomics.load(this.#marks, gate) === 0) await this.#pause();
  }

  get haveAllRecovered(): boolean {
    for (let at = firstShard; at < this.#marks.length; at++)
      if (Atomics.load(this.#marks, at) === 0) return false;
    return true;
  }

  async allRecovered(): Promise<void> {
    while (!this.haveAllRecovered) await this.#pause();
  }

  open(): void {
    Atomics.store(this.#marks, gate, 1);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#scheduler.after(lookEveryMs, resolve));
  }
}
