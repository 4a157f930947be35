/**
 * A worker's side of the supervision: it runs the threads that main gives it, one as a rule.
 *
 * 1. Threads that are joined in one worker talk over memory.
 * 2. What ends one of them without order ends the worker: the failed one is let go of at once, the others stop in
 *    order (sockets are told to come back), and main starts all of them anew. One that failed while it was starting
 *    cannot be let go of, so nobody is waited for.
 * 3. Nobody knows whose an error is that nobody caught: it is laid to the first thread.
 */
import { randomInt } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { seedKeyHashes } from '../protocol/row-keys.ts';
import { Thread, type ThreadWorker } from './thread.ts';
import type { FromWorker, Role, ThreadName, ThreadStart, ToMain, ToWorker } from './thread-messages.ts';
import { memoryWires } from './thread-wires.ts';

/** By role: loads its module, which runs a thread on the data that main gives it. */
export type RoleModules = Readonly<
  Record<Role, () => Promise<{ run(thread: Thread, data: never): Promise<void> }>>
>;

/** So long may the others take when one has failed; nobody is served by the failed one meanwhile. */
const leaveMsMax = 600;

class RunningWorker implements ThreadWorker {
  readonly #modules: RoleModules;
  readonly #threads = new Map<Role, Thread>();
  #isFailed = false;

  constructor(modules: RoleModules) {
    this.#modules = modules;
    parentPort!.on('message', (message: ToWorker) => this.#receive(message));
    process.on('uncaughtException', (error) => this.#blame(error.stack ?? String(error)));
  }

  say(thread: Thread, message: ToMain): void {
    const said: FromWorker = { role: thread.name.role, message };
    parentPort!.postMessage(said);
  }

  stopped(thread: Thread): void {
    this.#threads.delete(thread.name.role);
    if (this.#threads.size === 0 && !this.#isFailed) end(0);
  }

  failed(thread: Thread): void {
    this.#threads.delete(thread.name.role);
    if (this.#isFailed) return;
    this.#isFailed = true;
    const others = [...this.#threads.values()];
    for (const other of others) other.disconnect(thread.name);
    const left = others.map((other) => (thread.isReady ? other.stop(leaveMsMax) : other.abandon()));
    void Promise.all(left).then(() => end(1));
  }

  #receive(message: ToWorker): void {
    switch (message.type) {
      case 'run':
        this.#run(message.start);
        break;
      case 'join':
        this.#join(...message.names);
        break;
      case 'tell':
        this.#threads.get(message.role)?.receive(message.message);
    }
  }

  #run(start: ThreadStart): void {
    if (this.#isFailed) return;
    const { role } = start.name;
    const thread = new Thread(this, start);
    this.#threads.set(role, thread);
    this.#modules[role]()
      .then((module) => module.run(thread, start.data as never))
      .catch((error) =>
        thread.fatal(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
  }

  #join(one: ThreadName, other: ThreadName): void {
    const [wire, otherWire] = memoryWires();
    this.#threads.get(one.role)?.connect(other, wire);
    this.#threads.get(other.role)?.connect(one, otherWire);
  }

  #blame(reason: string): void {
    const [first] = this.#threads.values();
    // Nothing is left that could fail, or be told of it.
    if (first) first.fatal(reason);
    else end(1);
  }
}

export function runWorker(modules: RoleModules): void {
  seedKeyHashes(randomInt(2 ** 32));
  new RunningWorker(modules);
}

/** Ends this worker only, a turn of the loop later: what was said is delivered then, and what was closed is gone. */
function end(code: number): void {
  setImmediate(() => setImmediate(() => process.exit(code)));
}
