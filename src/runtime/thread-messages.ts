/**
 * What main and its worker threads say to each other. All other traffic goes from thread to thread. "Thread" is what
 * runs one role; a worker is a thread of the operating system, and runs one of them as a rule, or several that were joined.
 */
import type { MessagePort } from 'node:worker_threads';

export type Role = 'shard' | 'gateway' | 'back-office' | 'snapshotter' | 'sandbox';

export interface ThreadName {
  readonly role: Role;
  readonly index: number;
}

/** A worker is called after the thread that it runs alone, or `joined`. */
export interface WorkerName {
  readonly role: Role | 'joined';
  readonly index: number;
}

/** A thread that a worker runs from now on: who it is, and what its role needs. */
export interface ThreadStart {
  readonly name: ThreadName;
  /** How often the thread was started anew in this run of the process. */
  readonly restarts: number;
  readonly data: unknown;
}

/** A worker has at most one thread of a role. */
export type ToWorker =
  | { type: 'run'; start: ThreadStart }
  /** Two of its threads talk to each other from now on. */
  | { type: 'join'; names: readonly [ThreadName, ThreadName] }
  | { type: 'tell'; role: Role; message: FromMain };

export interface FromWorker {
  readonly role: Role;
  readonly message: ToMain;
}

export type FromMain =
  | { type: 'peer'; name: ThreadName; port: MessagePort }
  | { type: 'peer-gone'; name: ThreadName }
  | { type: 'stats'; id: number }
  | { type: 'overview'; body: unknown }
  | { type: 'stop'; graceMs: number }
  /** It ends as if it had failed. */
  | { type: 'fail' };

export type ToMain =
  | { type: 'ready'; info: unknown }
  | { type: 'stats'; id: number; body: unknown }
  /** Asks for what main knows of the whole process. */
  | { type: 'overview' }
  | { type: 'stopped'; isClean: boolean }
  /** Another process has taken over something that the thread owned. */
  | { type: 'replaced'; reason: string }
  /** Other processes have taken over all that the thread owned. It lives on. */
  | { type: 'retired'; reason: string }
  /** The peer at the other end does not keep to the rules of the wire: the two must be connected anew. */
  | { type: 'wire-broken'; other: ThreadName; reason: string }
  /** The thread cannot go on: its worker ends and is to be started anew. */
  | { type: 'fatal'; reason: string };
