/**
 * Main's side of the threads: starts them, connects those that talk to each other, and starts a dead one anew while
 * the others go on.
 *
 * 1. A worker that keeps dying is started more and more slowly, never given up. Threads that are joined in one die and
 *    start together.
 * 2. A process whose shards all are retired was replaced: it ends. As soon as it has lost a single partition, a shard
 *    that dies is not started anew, and one that is starting is ended, because it would claim its partitions from the
 *    process that replaces this one.
 * 3. A successor claims all partitions. If only some are lost for 5 s there is none: an earlier life of a shard claimed
 *    them late, and nobody runs them. The process ends, so that the next start claims all.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Log } from '../protocol/log.ts';
import { SupervisedThread } from './supervised-thread.ts';
import { SupervisedWorker } from './supervised-worker.ts';
import type { Role, ThreadName, WorkerName } from './thread-messages.ts';

export interface SupervisorEvents {
  readonly log: Log;
  /** The module of every worker. */
  readonly entry: URL;
  /** Other processes have taken the data over: this one must not fight for it, but end. */
  onReplaced(reason: string): void;
  /** What main knows of the whole process, for threads that ask. */
  overview?(): Promise<unknown>;
}

export interface ThreadState extends ThreadName {
  readonly isReady: boolean;
  readonly restarts: number;
  readonly info: unknown;
}

const restartFirstMs = 20;
const restartMaxMs = 5_000;
/** A worker that lived so long starts again at once. */
const stableMs = 30_000;
/** A wire breaks by a bug only: not again at once. */
const reconnectAfterMs = 1_000;
/** A successor claims the partitions of all shards, and each shard notices within its lease. */
const partlyReplacedMsMax = 5_000;

const diedReplaced = 'a shard died while the process was being replaced';

export class Supervisor {
  readonly #threads: SupervisedThread[] = [];
  readonly #workers: SupervisedWorker[] = [];
  readonly #waitMsByWorker = new Map<SupervisedWorker, number>();
  readonly #events: SupervisorEvents;
  #partlyReplaced: NodeJS.Timeout | null = null;
  #isStopping = false;

  constructor(events: SupervisorEvents) {
    this.#events = events;
  }

  /**
   * Starts a thread and waits until it works; later deaths are mended in the background. Threads that name the same
   * worker are joined in it.
   */
  start(
    { role, index }: ThreadName,
    data: object,
    workerName: WorkerName = { role, index },
  ): Promise<unknown> {
    const thread = new SupervisedThread({ role, index }, this.#workerOf(workerName), data, {
      log: this.#events.log,
      onReplaced: (reason) => this.#onReplaced(reason),
      onWireBroken: (other) => this.#connectAgain(thread, other),
      overview: async () => (await this.#events.overview?.()) ?? null,
      onEnded: () => this.#onEnded(thread),
    });
    this.#threads.push(thread);
    return this.#spawn(thread);
  }

  /** One row a thread. */
  states(): ThreadState[] {
    return this.#threads.map(({ summary, isReady, info }) => ({ ...summary, isReady, info }));
  }

  /** The threads' own numbers; those that do not answer in time are left out. */
  async stats(role: Role): Promise<{ index: number; restarts: number; body: unknown }[]> {
    const threads = this.#ofRole(role).filter((thread) => thread.isReady);
    const rows = await Promise.all(
      threads.map((thread) => thread.stats().then((body) => ({ ...thread.summary, body }))),
    );
    return rows.filter((row) => row.body !== null);
  }

  /** Ends a thread as a crash would: at once, whatever it is doing. It is started anew. */
  async kill(role: Role, index: number): Promise<boolean> {
    const thread = this.#ofRole(role)[index];
    return (await thread?.worker.kill(thread)) ?? false;
  }

  /** Stops all threads of a role; false when one did not finish in time. */
  async stop(role: Role, graceMs: number): Promise<boolean> {
    this.#isStopping = true;
    const results = await Promise.all(this.#ofRole(role).map((thread) => thread.stop(graceMs)));
    return results.every(Boolean);
  }

  #ofRole(role: Role): SupervisedThread[] {
    return this.#threads.filter((thread) => thread.name.role === role);
  }

  #workerOf(name: WorkerName): SupervisedWorker {
    const known = this.#workers.find((one) => one.name.role === name.role && one.name.index === name.index);
    if (known) return known;
    const { entry, log } = this.#events;
    const worker = new SupervisedWorker(name, entry, { log, onExit: () => this.#onExit(worker) });
    this.#workers.push(worker);
    return worker;
  }

  #spawn(thread: SupervisedThread): Promise<unknown> {
    const ready = thread.start();
    for (const other of this.#othersOf(thread)) connect(thread, other);
    return ready;
  }

  /** The running threads that this one talks to. */
  #othersOf(thread: SupervisedThread): SupervisedThread[] {
    return this.#threads.filter(
      (other) => other !== thread && other.isRunning && areConnected(thread.name.role, other.name.role),
    );
  }

  #connectAgain(thread: SupervisedThread, { role, index }: ThreadName): void {
    setTimeout(() => {
      const other = this.#othersOf(thread).find(({ name }) => name.role === role && name.index === index);
      if (other && thread.isRunning) connect(thread, other);
    }, reconnectAfterMs);
  }

  #onEnded(thread: SupervisedThread): void {
    for (const other of this.#othersOf(thread)) other.send({ type: 'peer-gone', name: thread.name });
  }

  #onExit(worker: SupervisedWorker): void {
    if (this.#isStopping) return;
    this.#retireShards(worker);
    if (this.#livingOf(worker).length > 0) this.#restart(worker);
  }

  /** A shard that died must not claim its partitions from the process that replaces this one. */
  #retireShards(worker: SupervisedWorker): void {
    if (!this.#isPartlyReplaced) return;
    for (const shard of this.#ofRole('shard')) if (shard.worker === worker) shard.retire(diedReplaced);
  }

  /** The threads that are started anew with their worker. */
  #livingOf(worker: SupervisedWorker): SupervisedThread[] {
    return this.#threads.filter((thread) => thread.worker === worker && !thread.isRetired);
  }

  get #isPartlyReplaced(): boolean {
    return this.#ofRole('shard').some(({ isReplaced }) => isReplaced);
  }

  #onReplaced(reason: string): void {
    const shards = this.#ofRole('shard');
    for (const shard of shards) if (shard.isStarting) void shard.worker.kill(shard);
    if (shards.every(({ isRetired }) => isRetired)) this.#end(reason);
    else this.#partlyReplaced ??= setTimeout(() => this.#end(reason), partlyReplacedMsMax).unref();
  }

  #end(reason: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#events.onReplaced(reason);
  }

  #restart(worker: SupervisedWorker): void {
    const livedMs = performance.now() - worker.startedAtMs;
    const lastWaitMs = this.#waitMsByWorker.get(worker) ?? restartFirstMs;
    const waitMs = livedMs > stableMs ? restartFirstMs : Math.min(restartMaxMs, lastWaitMs * 2);
    this.#waitMsByWorker.set(worker, waitMs);
    for (const thread of this.#livingOf(worker)) {
      thread.restarts++;
      this.#events.log('warn', 'thread is started anew', { ...thread.summary, inMs: waitMs });
    }
    setTimeout(() => this.#startAgain(worker), waitMs);
  }

  #startAgain(worker: SupervisedWorker): void {
    if (this.#isStopping) return;
    this.#retireShards(worker);
    for (const thread of this.#livingOf(worker)) if (!thread.isRunning) this.#spawnAgain(thread);
  }

  #spawnAgain(thread: SupervisedThread): void {
    const begunAtMs = performance.now();
    this.#spawn(thread).then(
      () => {
        const tookMs = Math.round(performance.now() - begunAtMs);
        this.#events.log('info', 'thread works again', { ...thread.summary, tookMs });
      },
      () => {},
    );
  }
}

/** Shards answer everybody; nobody else talks to each other. */
function areConnected(a: Role, b: Role): boolean {
  return (a === 'shard' && b !== 'sandbox') || (b === 'shard' && a !== 'sandbox');
}

function connect(one: SupervisedThread, other: SupervisedThread): void {
  if (one.worker === other.worker) {
    one.worker.send({ type: 'join', names: [one.name, other.name] });
    return;
  }
  const { port1, port2 } = new MessageChannel();
  one.send({ type: 'peer', name: other.name, port: port1 });
  other.send({ type: 'peer', name: one.name, port: port2 });
}
