/** What main and its worker threads say to each other. All other traffic goes from thread to thread. */
import type { MessagePort } from 'node:worker_threads';

export type Role = 'shard' | 'gateway' | 'back-office' | 'snapshotter' | 'sandbox';

export interface ThreadName {
  readonly role: Role;
  readonly index: number;
}

/** A thread's `workerData`: who it is, and what its role needs. */
export interface ThreadStart {
  readonly name: ThreadName;
  /** How often the thread was started anew in this run of the process. */
  readonly restarts: number;
  readonly data: unknown;
}

export type FromMain =
  | { type: 'peer'; name: ThreadName; port: MessagePort }
  | { type: 'peer-gone'; name: ThreadName }
  | { type: 'stats'; id: number }
  | { type: 'overview'; body: unknown }
  | { type: 'stop'; graceMs: number };

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
  /** The thread cannot go on: it ends and is to be started anew. */
  | { type: 'fatal'; reason: string };
