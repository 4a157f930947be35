/** One thread as main sees it: whether it runs now, and what it has said. It comes and goes, and its worker with it. */
import type { Log } from '../protocol/log.ts';
import type { SupervisedWorker } from './supervised-worker.ts';
import type { FromMain, ThreadName, ToMain } from './thread-messages.ts';

export interface ThreadEvents {
  readonly log: Log;
  /** Another process has taken over something that the thread owned, or all of it: see `isRetired`. */
  onReplaced(reason: string): void;
  onWireBroken(other: ThreadName): void;
  /** What main knows of the whole process. */
  overview(): Promise<unknown>;
  /** The thread answers nobody any more; its worker may live on for a while. */
  onEnded(): void;
}

const statsTimeoutMs = 1_000;
/** A worker that was told to stop is ended so long after its grace. */
const terminateAfterMs = 500;

export class SupervisedThread {
  readonly name: ThreadName;
  readonly worker: SupervisedWorker;
  readonly #data: object;
  readonly #events: ThreadEvents;
  readonly #statsById = new Map<number, (body: unknown) => void>();
  #starting: { resolve(info: unknown): void; reject(error: Error): void } | null = null;
  #onStopped: () => void = () => {};
  #nextStats = 1;
  #isStopClean = false;
  isRunning = false;
  /** What the thread said when it became ready. */
  info: unknown = null;
  isReplaced = false;
  /** Replaced in all that it owned. */
  isRetired = false;
  restarts = 0;

  constructor(name: ThreadName, worker: SupervisedWorker, data: object, events: ThreadEvents) {
    this.name = name;
    this.worker = worker;
    this.#data = data;
    this.#events = events;
    worker.add(this);
  }

  /** It runs and has not said yet that it is ready. */
  get isStarting(): boolean {
    return this.#starting !== null;
  }

  get isReady(): boolean {
    return this.isRunning && !this.isStarting && !this.isRetired;
  }

  get summary(): ThreadName & { restarts: number } {
    return { ...this.name, restarts: this.restarts };
  }

  /** Starts the thread, and its worker where that does not run. Settles when it is ready or has ended before it was. */
  start(): Promise<unknown> {
    this.worker.start();
    this.isRunning = true;
    this.#isStopClean = false;
    const start = { name: this.name, restarts: this.restarts, data: this.#data };
    this.worker.send({ type: 'run', start });
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
  }

  send(message: FromMain): void {
    if (this.isRunning) this.worker.tell(this.name.role, message);
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

  /** Lets the thread finish what it has begun; false when it did not finish in time. */
  async stop(graceMs: number): Promise<boolean> {
    if (!this.isRunning) return true;
    this.send({ type: 'stop', graceMs });
    const { worker } = this;
    const stopped = new Promise<void>((resolve) => {
      this.#onStopped = resolve;
    });
    // A worker whose last thread stops ends by itself, and is waited for.
    await worker.within(graceMs + terminateAfterMs, worker.runsBeside(this) ? stopped : worker.exited());
    return this.#isStopClean;
  }

  /** It answers nobody any more: it has said so, or its worker is gone. */
  ended(how: string): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    const { role, index } = this.name;
    this.#starting?.reject(new Error(`${role} ${index} ended before it was ready: ${how}`));
    this.#starting = null;
    this.#onStopped();
    this.#events.onEnded();
  }

  retire(reason: string): void {
    this.isReplaced = true;
    this.isRetired = true;
    this.#events.onReplaced(reason);
  }

  receive(message: ToMain): void {
    switch (message.type) {
      case 'ready':
        this.info = message.info;
        this.#starting?.resolve(message.info);
        this.#starting = null;
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
        this.ended('it was stopped');
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
        this.#events.log('error', 'thread crashed', { ...this.summary, error: message.reason });
        this.ended(message.reason);
    }
  }
}
