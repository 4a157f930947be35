/**
 * Main's side of the threads: starts them, connects those that talk to each other, and starts a dead one anew while
 * the others go on. A thread that keeps dying is started more and more slowly, never given up.
 */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Log } from '../protocol/log.ts';
import type { FromMain, Role, ToMain } from './thread.ts';

interface Supervised {
  readonly role: Role;
  readonly index: number;
  readonly entry: URL;
  readonly data: object;
  worker: Worker | null;
  isReady: boolean;
  info: unknown;
  restarts: number;
  /** When the latest start began. */
  startedAtMs: number;
  waitMs: number;
}

export interface SupervisorEvents {
  readonly log: Log;
  /** A thread has become ready, for the first time or again. */
  onReady?(role: Role, index: number, info: unknown): void;
  /** Another process has taken the data over: this one must not fight for it, but end. */
  onFenced(reason: string): void;
}

const restartFirstMs = 20;
const restartMaxMs = 5_000;
/** A thread that lived so long starts again at once. */
const stableMs = 30_000;
const youngGenerationMb = 64;
const statsTimeoutMs = 1_000;
/** Shards answer everybody; nobody else talks to each other. */
const talks = (a: Role, b: Role) => (a === 'shard' && b !== 'sandbox') || (b === 'shard' && a !== 'sandbox');

export class Supervisor {
  readonly #threads: Supervised[] = [];
  readonly #events: SupervisorEvents;
  readonly #statsById = new Map<number, (body: unknown) => void>();
  #nextStats = 1;
  #isStopping = false;

  constructor(events: SupervisorEvents) {
    this.#events = events;
  }

  /** Starts a thread and waits until it works; later deaths are mended in the background. */
  start(role: Role, index: number, entry: URL, data: object): Promise<unknown> {
    const thread: Supervised = {
      role,
      index,
      entry,
      data,
      worker: null,
      isReady: false,
      info: null,
      restarts: 0,
      startedAtMs: 0,
      waitMs: restartFirstMs,
    };
    this.#threads.push(thread);
    return this.#spawn(thread);
  }

  /** One row a thread. */
  states(): { role: Role; index: number; isReady: boolean; restarts: number; info: unknown }[] {
    return this.#threads.map(({ role, index, isReady, restarts, info }) => ({
      role,
      index,
      isReady,
      restarts,
      info,
    }));
  }

  /** The threads' own numbers; those that do not answer in time are left out. */
  async stats(role: Role): Promise<{ index: number; restarts: number; body: unknown }[]> {
    const threads = this.#threads.filter((thread) => thread.role === role && thread.isReady);
    const rows = await Promise.all(
      threads.map((thread) => this.#ask(thread).then((body) => ({ ...summary(thread), body }))),
    );
    return rows.filter((row) => row.body !== null);
  }

  /** Ends a thread as a crash would: at once, whatever it is doing. It is started anew. */
  async kill(role: Role, index: number): Promise<boolean> {
    const thread = this.#threads.find((one) => one.role === role && one.index === index);
    if (!thread?.worker) return false;
    await thread.worker.terminate();
    return true;
  }

  /** Stops all threads of a role; false when one did not finish in time. */
  async stop(role: Role, graceMs: number): Promise<boolean> {
    this.#isStopping = true;
    const threads = this.#threads.filter((thread) => thread.role === role && thread.worker);
    const results = await Promise.all(threads.map((thread) => stopThread(thread, graceMs)));
    return results.every(Boolean);
  }

  #ask(thread: Supervised): Promise<unknown> {
    const id = this.#nextStats++;
    return new Promise((resolve) => {
      const done = (body: unknown) => {
        clearTimeout(timer);
        this.#statsById.delete(id);
        resolve(body);
      };
      const timer = setTimeout(() => done(null), statsTimeoutMs);
      this.#statsById.set(id, done);
      send(thread, { type: 'stats', id });
    });
  }

  #spawn(thread: Supervised): Promise<unknown> {
    thread.startedAtMs = performance.now();
    const worker = new Worker(thread.entry, {
      workerData: thread.data,
      name: `${thread.role}-${thread.index}`,
      // Decisions and replay make much that dies young: by default most of it is copied once for nothing.
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    thread.worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ToMain) => {
        if (message.type === 'ready') {
          thread.isReady = true;
          thread.info = message.info;
          this.#events.onReady?.(thread.role, thread.index, message.info);
          resolve(message.info);
        } else if (message.type === 'stats') {
          this.#statsById.get(message.id)?.(message.body);
        } else if (message.type === 'fatal') {
          this.#events.log('error', 'thread gives up', { ...summary(thread), reason: message.reason });
          if (message.isFenced) {
            this.#isStopping = true;
            this.#events.onFenced(message.reason);
          }
        }
      });
      worker.on('error', (error) => {
        this.#events.log('error', 'thread crashed', {
          ...summary(thread),
          error: error.stack ?? String(error),
        });
        reject(error);
      });
      worker.on('exit', (code) => {
        if (thread.worker !== worker) return;
        thread.worker = null;
        thread.isReady = false;
        this.#disconnect(thread);
        reject(new Error(`${thread.role} ${thread.index} ended with code ${code} before it was ready`));
        if (!this.#isStopping) this.#restart(thread);
      });
      this.#connect(thread);
    });
  }

  #restart(thread: Supervised): void {
    const livedMs = performance.now() - thread.startedAtMs;
    thread.waitMs = livedMs > stableMs ? restartFirstMs : Math.min(restartMaxMs, thread.waitMs * 2);
    thread.restarts++;
    this.#events.log('warn', 'thread is started anew', { ...summary(thread), inMs: thread.waitMs });
    setTimeout(() => {
      if (this.#isStopping) return;
      const begunAtMs = performance.now();
      this.#spawn(thread).then(
        () => {
          const tookMs = Math.round(performance.now() - begunAtMs);
          this.#events.log('info', 'thread works again', { ...summary(thread), tookMs });
        },
        () => {},
      );
    }, thread.waitMs);
  }

  #connect(thread: Supervised): void {
    for (const other of this.#threads) {
      if (other === thread || !other.worker || !talks(thread.role, other.role)) continue;
      const { port1, port2 } = new MessageChannel();
      send(thread, { type: 'peer', role: other.role, index: other.index, port: port1 });
      send(other, { type: 'peer', role: thread.role, index: thread.index, port: port2 });
    }
  }

  #disconnect(thread: Supervised): void {
    for (const other of this.#threads) {
      if (other !== thread && other.worker && talks(thread.role, other.role)) {
        send(other, { type: 'peer-gone', role: thread.role, index: thread.index });
      }
    }
  }
}

function summary(thread: Supervised): { role: Role; index: number; restarts: number } {
  return { role: thread.role, index: thread.index, restarts: thread.restarts };
}

function send(thread: Supervised, message: FromMain): void {
  thread.worker?.postMessage(message, message.type === 'peer' ? [message.port] : []);
}

async function stopThread(thread: Supervised, graceMs: number): Promise<boolean> {
  const worker = thread.worker!;
  return new Promise((resolve) => {
    let isClean = false;
    const timer = setTimeout(() => void worker.terminate(), graceMs + 500);
    worker.on('message', (message: ToMain) => {
      if (message.type === 'stopped') isClean = message.isClean;
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      resolve(isClean);
    });
    send(thread, { type: 'stop', graceMs });
  });
}
