/** One worker as main sees it: it runs the threads that were put into it, and is gone now and then. */
import { Worker } from 'node:worker_threads';
import type { Log } from '../protocol/log.ts';
import type {
  FromMain,
  FromWorker,
  Role,
  ThreadName,
  ToMain,
  ToWorker,
  WorkerName,
} from './thread-messages.ts';

/** What a worker knows of a thread that it runs. */
interface WorkerThread {
  readonly name: ThreadName;
  readonly isRunning: boolean;
  receive(message: ToMain): void;
  /** The worker is gone. */
  ended(how: string): void;
}

export interface WorkerEvents {
  readonly log: Log;
  /** It has ended, for whatever reason, and all its threads with it. */
  onExit(worker: SupervisedWorker): void;
}

const youngGenerationMb = 64;
/** A worker that was asked to end and does not is ended after this long. */
const endMsMax = 2_000;

export class SupervisedWorker {
  readonly name: WorkerName;
  readonly #entry: URL;
  readonly #events: WorkerEvents;
  readonly #threads = new Map<Role, WorkerThread>();
  #worker: Worker | null = null;
  /** When the latest start began. */
  startedAtMs = 0;

  constructor(name: WorkerName, entry: URL, events: WorkerEvents) {
    this.name = name;
    this.#entry = entry;
    this.#events = events;
  }

  add(thread: WorkerThread): void {
    this.#threads.set(thread.name.role, thread);
  }

  /** Another thread than this one runs in it. */
  runsBeside(thread: WorkerThread): boolean {
    return [...this.#threads.values()].some((other) => other !== thread && other.isRunning);
  }

  /** Starts the worker unless it runs. */
  start(): void {
    if (this.#worker) return;
    this.startedAtMs = performance.now();
    const { role, index } = this.name;
    const worker = new Worker(this.#entry, {
      workerData: { name: this.name },
      name: `${role}-${index}`,
      // Decisions and replay make much that dies young: by default most of it is copied once for nothing.
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    this.#worker = worker;
    worker.on('message', ({ role, message }: FromWorker) => this.#threads.get(role)?.receive(message));
    worker.on('error', (error) => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#events.log('error', 'thread crashed', { role, index, error: reason });
    });
    worker.on('exit', (code) => {
      this.#worker = null;
      for (const thread of this.#threads.values()) thread.ended(`code ${code}`);
      this.#events.onExit(this);
    });
  }

  send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  tell(role: Role, message: FromMain): void {
    const told: ToWorker = { type: 'tell', role, message };
    this.#worker?.postMessage(told, message.type === 'peer' ? [message.port] : []);
  }

  /**
   * Ends the worker as a crash of this thread would. One that runs nothing else is ended at once, whatever it is doing.
   * Joined threads are asked to, because open sockets of uWS take the process along when their worker is ended.
   */
  async kill(thread: WorkerThread): Promise<boolean> {
    const worker = this.#worker;
    if (!worker || !thread.isRunning) return false;
    if (!this.runsBeside(thread)) {
      await worker.terminate();
      return true;
    }
    this.tell(thread.name.role, { type: 'fail' });
    await this.within(endMsMax, this.exited());
    return true;
  }

  /** Waits for something, and ends the worker when it does not come in time. */
  async within(ms: number, done: Promise<void>): Promise<void> {
    const timer = setTimeout(() => void this.#worker?.terminate(), ms);
    await done;
    clearTimeout(timer);
  }

  /** Settles when the worker has ended. */
  exited(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return Promise.resolve();
    return new Promise((resolve) => {
      worker.on('exit', () => resolve());
    });
  }
}
