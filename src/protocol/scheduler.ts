/** Elapsed time and turns of the event loop, as those who wait see them: real ones, or a simulation's. */
export interface Scheduler {
  /** Milliseconds that only ever grow; their origin means nothing. */
  now(): number;
  /** Runs in a later turn of the event loop. */
  soon(task: () => void): void;
  /** Runs after that many milliseconds; returns how to take it back. */
  after(ms: number, task: () => void): () => void;
}
