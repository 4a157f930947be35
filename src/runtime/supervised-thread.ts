/** One thread as main sees it: the worker that runs now, if any, and what it has said. Workers come and go. */
import { Worker } from 'node:worker_threads';
import type { Log } from '../protocol/log.ts';
import type { FromMain, ThreadName, ThreadStart, ToMain } from './thread-messages.ts';

export interface ThreadEvents {
  readonly log: Log;
  /** Another process has taken over something that the thread owned, or all of it: see `isRetired`. */
  onReplaced(reason: string): void;
  onWireBroken(other: ThreadName): void;
  /** What main knows of the whole process. */
  overview(): Promise<unknown>;
  /** The worker has ended, for whatever reason. */
  onExit(): void;
}

const youngGenerationMb = 64;
const statsTimeoutMs = 1_000;
/** A worker that was told to stop is ended so long after its grace. */
const terminateAfterMs = 500;

export class SupervisedThread {
  readonly name: ThreadName;
  readonly #entry: URL;
  readonly #data: object;
  readonly #events: ThreadEvents;
  readonly #statsById = new Map<number, (body: unknown) => void>();
  #worker: Worker | null = null;
  #hasSaidReady = false;
  #nextStats = 1;
  #isStopClean = false;
  /** What the worker said when it became ready. */
  info: unknown = null;
  isReplaced = false;
  /** Replaced in all that it owned. */
  isRetired = false;
  restarts = 0;
  /** When the latest start began. */
  startedAtMs = 0;

  constructor(name: ThreadName, entry: URL, data: object, events: ThreadEvents) {
    this.name = name;
    this.#entry = entry;
    this.#data = data;
    this.#events = events;
  }

  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** A worker runs and has not said yet that it is ready. */
  get isStarting(): boolean {
    return this.#worker !== null && !this.#hasSaidReady;
  }

  get isReady(): boolean {
    return this.#hasSaidReady && !this.isRetired;
  }

  get summary(): ThreadName & { restarts: number } {
    return { ...this.name, restarts: this.restarts };
  }

  /** Starts a worker. Settles when the worker is ready or has ended before it was. */
  start(): Promise<unknown> {
    this.startedAtMs = performance.now();
    const workerData: ThreadStart = { name: this.name, restarts: this.restarts, data: this.#data };
    const worker = new Worker(this.#entry, {
      workerData,
      name: `${this.name.role}-${this.name.index}`,
      // Decisions and replay make much that dies young: by default most of it is copied once for nothing.
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ToMain) => {
        this.#receive(message);
        if (message.type === 'ready') resolve(message.info);
      });
      worker.on('error', (error) => {
        const stack = error instanceof Error ? error.stack : null;
        this.#events.log('error', 'thread crashed', { ...this.summary, error: stack ?? String(error) });
        reject(error);
      });
      worker.on('exit', (code) => {
        reject(new Error(`${this.name.role} ${this.name.index} ended with code ${code} before it was ready`));
        this.#worker = null;
        this.#hasSaidReady = false;
        this.#events.onExit();
      });
    });
  }

  send(message: FromMain): void {
    this.#worker?.postMessage(message, message.type === 'peer' ? [message.port] : []);
  }

  /** The thread's own numbers; null when it does not answer in time. */
  stats(): Promise<unknown> {
    const id = this.#nextStats++;
    return new Promise((resolve) => {
      const done = (body: unknown) => {
        clearTimeout(timer);
        this.#statsById.delete(id);
        resolve(body);
      };
      const timer = setTimeout(() => done(null), statsTimeoutMs);
      this.#statsById.set(id, done);
      this.send({ type: 'stats', id });
    });
  }

  /** Ends the worker as a crash would: at once, whatever it is doing. False when none runs. */
  async kill(): Promise<boolean> {
    if (!this.#worker) return false;
    await this.#worker.terminate();
    return true;
  }

  /** Lets the worker finish what it has begun; false when it did not finish in time. */
  stop(graceMs: number): Promise<boolean> {
    const worker = this.#worker;
    if (!worker) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => void worker.terminate(), graceMs + terminateAfterMs);
      worker.on('exit', () => {
        clearTimeout(timer);
        resolve(this.#isStopClean);
      });
      this.send({ type: 'stop', graceMs });
    });
  }

  retire(reason: string): void {
    this.isReplaced = true;
    this.isRetired = true;
    this.#events.onReplaced(reason);
  }

  #receive(message: ToMain): void {
    switch (message.type) {
      case 'ready':
        this.#hasSaidReady = true;
        this.info = message.info;
        break;
      case 'stats':
        this.#statsById.get(message.id)?.(message.body);
        break;
      case 'overview':
        this.#events.overview().then(
          (body) => this.send({ type: 'overview', body }),
          () => this.send({ type: 'overview', body: null }),
        );
        break;
      case 'stopped':
        this.#isStopClean = message.isClean;
        break;
      case 'replaced':
        this.isReplaced = true;
        this.#events.onReplaced(message.reason);
        break;
      case 'retired':
        this.#events.log('error', 'thread is retired', { ...this.summary, reason: message.reason });
        this.retire(message.reason);
        break;
      case 'wire-broken': {
        const { other, reason } = message;
        this.#events.log('error', 'wire is broken', { ...this.summary, other, reason });
        this.#events.onWireBroken(other);
        break;
      }
      case 'fatal':
        this.#events.log('error', 'thread gives up', { ...this.summary, reason: message.reason });
    }
  }
}
