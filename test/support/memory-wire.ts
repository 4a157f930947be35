/** Wires in memory under a clock of their own: frames arrive in order, after a delay that the test chooses. */
import type { Scheduler } from '../../src/protocol/scheduler.ts';
import type { Wire } from '../../src/protocol/wire.ts';

interface Task {
  readonly atMs: number;
  readonly run: () => void;
}

/** Runs tasks in the order of their time; nothing else moves the clock. */
export class VirtualTime implements Scheduler {
  #nowMs = 0;
  #tasks: Task[] = [];

  now(): number {
    return this.#nowMs;
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  after(ms: number, run: () => void): () => void {
    const task = { atMs: this.#nowMs + ms, run };
    const index = this.#tasks.findIndex(({ atMs }) => atMs > task.atMs);
    this.#tasks.splice(index < 0 ? this.#tasks.length : index, 0, task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  run(forMs: number): void {
    const untilMs = this.#nowMs + forMs;
    for (let task = this.#tasks[0]; task && task.atMs <= untilMs; task = this.#tasks[0]) {
      this.#tasks.shift();
      this.#nowMs = task.atMs;
      task.run();
    }
    this.#nowMs = untilMs;
  }
}

export class MemoryWire implements Wire {
  readonly #time: VirtualTime;
  readonly #delayMs: () => number;
  other: MemoryWire | null = null;
  /** The frames that were posted here. */
  readonly posted: Uint8Array[] = [];
  isClosed = false;
  /** Frames that come wait until it reads on, as at a thread that is busy. */
  isPaused = false;
  #handler: (bytes: Uint8Array) => void = () => {};
  #arrived: Uint8Array[] = [];
  #lastMs = 0;

  constructor(time: VirtualTime, delayMs: () => number) {
    this.#time = time;
    this.#delayMs = delayMs;
  }

  post(bytes: Uint8Array): void {
    if (this.isClosed) return;
    const copy = new Uint8Array(bytes);
    this.posted.push(copy);
    this.#lastMs = Math.max(this.#lastMs, this.#time.now() + this.#delayMs());
    this.#time.after(this.#lastMs - this.#time.now(), () => this.other?.arrive(copy));
  }

  receive(handler: (bytes: Uint8Array) => void): void {
    this.#handler = handler;
  }

  close(): void {
    this.isClosed = true;
  }

  arrive(bytes: Uint8Array): void {
    this.#arrived.push(bytes);
    this.#read();
  }

  resume(): void {
    this.isPaused = false;
    this.#read();
  }

  #read(): void {
    while (!this.isPaused && !this.isClosed && this.#arrived.length > 0)
      this.#handler(this.#arrived.shift()!);
  }
}

export function wirePair(time: VirtualTime, delayMs: () => number = () => 1): [MemoryWire, MemoryWire] {
  const [one, two] = [new MemoryWire(time, delayMs), new MemoryWire(time, delayMs)];
  one.other = two;
  two.other = one;
  return [one, two];
}
