/**
 * A thread's side of the supervision: it holds the peers that main connects it with, answers for its numbers, and
 * stops when told to. The roles differ only in what they do with requests and pushes. A worker (worker.ts) may run
 * several threads.
 */
import type { AnyCommand } from '../protocol/command.ts';
import type { Push } from '../protocol/decider.ts';
import { counter, type Family, gauge } from '../protocol/metric.ts';
import { Peer, type PeerCounters, type PeerLimits } from '../protocol/peer.ts';
import type { Wire } from '../protocol/wire.ts';
import { systemScheduler } from './clock.ts';
import type { ReplyTo } from './mailbox.ts';
import type { FromMain, Role, ThreadName, ThreadStart, ToMain } from './thread-messages.ts';
import { portWire } from './thread-wires.ts';

export interface ThreadRole {
  onRequest?(kind: string, key: string, command: AnyCommand, reply: ReplyTo): void;
  onPush?(push: Push): void;
  stats?(): unknown;
  /** Finishes what was begun; false when time ran out. */
  stop(graceMs: number): Promise<boolean>;
  /**
   * Called before the thread dies of an error: lets go of what would take the whole process down with it, and of what
   * must not go on while threads that are joined with this one come to their end.
   */
  abandon?(): void;
}

/**
 * Between threads. 50,000 open requests of the usual 200 bytes are 10 MB, so a burst is bounded by their number, and the
 * bytes bound only what is larger, or what a thread that has stopped reading would pile up. A frame holds what the
 * busiest turn says, and twice the largest single message: places of 2,000 buyers, each admitted to 50 items with long
 * codes, which are 3.7 MB.
 */
const frameLimits = {
  unackedBytesMax: 16 * 1024 * 1024,
  frameBytesMax: 8 * 1024 * 1024,
  frameMessagesMax: 8_192,
};

/** By the role of the other side. */
const limitsByRole: Record<Role, PeerLimits> = {
  shard: { ...frameLimits, openRequestsMax: 50_000, timeoutMs: 5_000 },
  gateway: { ...frameLimits, openRequestsMax: 1_000, timeoutMs: 5_000 },
  // Payments are retried there until the provider has answered.
  'back-office': { ...frameLimits, openRequestsMax: 50_000, timeoutMs: 60_000 },
  snapshotter: { ...frameLimits, openRequestsMax: 1, timeoutMs: 1_000 },
  sandbox: { ...frameLimits, openRequestsMax: 1, timeoutMs: 1_000 },
};

/** Longer than main waits for the threads' numbers and for the database. */
const overviewMsMax = 3_000;

/** What a thread needs of its worker. */
export interface ThreadWorker {
  say(thread: Thread, message: ToMain): void;
  /** The thread has stopped. */
  stopped(thread: Thread): void;
  /** The thread cannot go on, nor can its worker. */
  failed(thread: Thread): void;
}

export class Thread {
  readonly #worker: ThreadWorker;
  /** By role, then by index. */
  readonly #peers = new Map<Role, (Peer | undefined)[]>();
  readonly #counters: PeerCounters = { requestsRefused: 0, pushesLost: 0 };
  readonly name: ThreadName;
  /** How often it was started anew in this run of the process. */
  readonly restarts: number;
  #role: ThreadRole | null = null;
  #overview: Promise<unknown> | null = null;
  #onOverview: (body: unknown) => void = () => {};

  constructor(worker: ThreadWorker, { name, restarts }: ThreadStart) {
    this.#worker = worker;
    this.name = name;
    this.restarts = restarts;
  }

  /** Its role works, and can be let go of. */
  get isReady(): boolean {
    return this.#role !== null;
  }

  peer(role: Role, index: number): Peer | undefined {
    return this.#peers.get(role)?.[index];
  }

  /** To all threads of a role that are there now. */
  push(role: Role, push: Push): void {
    for (const peer of this.#peers.get(role) ?? []) peer?.push(push);
  }

  /** Tells main that the role works, with what main should know of it. */
  ready(role: ThreadRole, info: unknown): void {
    this.#role = role;
    this.#say({ type: 'ready', info });
  }

  /** Ends this thread and its worker; both are started anew. */
  fatal(reason: string): void {
    this.abandon();
    this.#say({ type: 'fatal', reason });
    this.#worker.failed(this);
  }

  /** Does nothing more for anybody. */
  abandon(): void {
    this.#role?.abandon?.();
    this.#closePeers();
  }

  /** Another process has taken over something that this thread owned. */
  replaced(reason: string): void {
    this.#say({ type: 'replaced', reason });
  }

  /** Other processes have taken over all that this thread owned. It lives on, with nothing to decide on. */
  retired(reason: string): void {
    this.#say({ type: 'retired', reason });
  }

  /** What main knows of the whole process; null when it does not answer in time. All who ask meanwhile get one answer. */
  overview(): Promise<unknown> {
    this.#overview ??= new Promise((resolve) => {
      const done = (body: unknown) => {
        clearTimeout(timer);
        this.#overview = null;
        resolve(body);
      };
      const timer = setTimeout(() => done(null), overviewMsMax);
      this.#onOverview = done;
      this.#say({ type: 'overview' });
    });
    return this.#overview;
  }

  /** What its wires to other threads carry, and what they could not. */
  metrics(): Family[] {
    const open = [...this.#peers.values()].flat().reduce((sum, peer) => sum + (peer?.openRequests ?? 0), 0);
    const { requestsRefused, pushesLost } = this.#counters;
    return [
      gauge('doorbuster_wire_open_requests', 'Requests between threads that wait for their answer', open),
      counter(
        'doorbuster_wire_requests_refused_total',
        'Requests that a full wire did not take',
        requestsRefused,
      ),
      counter('doorbuster_wire_pushes_lost_total', 'Pushes that a full wire did not take', pushesLost),
    ];
  }

  #say(message: ToMain): void {
    this.#worker.say(this, message);
  }

  receive(message: FromMain): void {
    switch (message.type) {
      case 'peer':
        this.connect(message.name, portWire(message.port));
        break;
      case 'peer-gone':
        this.disconnect(message.name);
        break;
      case 'stats':
        this.#say({ type: 'stats', id: message.id, body: this.#role?.stats?.() ?? null });
        break;
      case 'overview':
        this.#onOverview(message.body);
        break;
      case 'stop':
        void this.stop(message.graceMs);
        break;
      case 'fail':
        this.fatal('it was told to end');
    }
  }

  connect(other: ThreadName, wire: Wire): void {
    this.disconnect(other);
    const peers = this.#peers.get(other.role) ?? [];
    const handler = {
      onRequest: (kind: string, key: string, command: AnyCommand, reply: ReplyTo) => {
        if (this.#role?.onRequest) this.#role.onRequest(kind, key, command, reply);
        else reply('busy', null);
      },
      onPush: (push: Push) => this.#role?.onPush?.(push),
      onBroken: (reason: string) => this.#say({ type: 'wire-broken', other, reason }),
    };
    peers[other.index] = new Peer(wire, handler, {
      self: this.name,
      other,
      limits: limitsByRole[other.role],
      scheduler: systemScheduler,
      counters: this.#counters,
    });
    this.#peers.set(other.role, peers);
  }

  disconnect({ role, index }: ThreadName): void {
    this.peer(role, index)?.close();
    delete this.#peers.get(role)?.[index];
  }

  /** Finishes what was begun; what is left when time has run out is cut off. */
  async stop(graceMs: number): Promise<void> {
    const overdue = new Promise<boolean>((resolve) => setTimeout(resolve, graceMs, false));
    const stopped = this.#role?.stop(graceMs).catch(() => false) ?? Promise.resolve(true);
    const isClean = await Promise.race([stopped, overdue]);
    if (!isClean) this.#role?.abandon?.();
    this.#closePeers();
    this.#say({ type: 'stopped', isClean });
    this.#worker.stopped(this);
  }

  #closePeers(): void {
    for (const peers of this.#peers.values()) for (const peer of peers) peer?.close();
  }
}
