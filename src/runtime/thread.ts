/**
 * A worker thread's side of the supervision: it holds the peers that main connects it with, answers for its
 * numbers, and stops when told to. The roles differ only in what they do with requests and pushes.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { AnyCommand } from '../protocol/command.ts';
import type { Push } from '../protocol/decider.ts';
import { connectPeer, type Peer, type PeerHandler, type PeerLimits, portWire } from '../protocol/peer.ts';
import type { ReplyTo } from './mailbox.ts';
import type { FromMain, Role, ThreadName, ThreadStart, ToMain } from './thread-messages.ts';

export interface ThreadRole {
  onRequest?(kind: string, key: string, command: AnyCommand, reply: ReplyTo): void;
  onPush?(push: Push): void;
  stats?(): unknown;
  /** Finishes what was begun; false when time ran out. */
  stop(graceMs: number): Promise<boolean>;
  /** Lets go of what would take the whole process down with this thread; called before it dies of an error. */
  abandon?(): void;
}

const limitsByRole: Record<Role, PeerLimits> = {
  shard: { openRequestsMax: 50_000, timeoutMs: 5_000 },
  gateway: { openRequestsMax: 1_000, timeoutMs: 5_000 },
  // Payments are retried there until the provider has answered.
  'back-office': { openRequestsMax: 50_000, timeoutMs: 60_000 },
  snapshotter: { openRequestsMax: 1, timeoutMs: 1_000 },
  sandbox: { openRequestsMax: 1, timeoutMs: 1_000 },
};

/** What every worker thread is given. */
export function threadData<Data>(): Data {
  return (workerData as ThreadStart).data as Data;
}

export class Thread {
  readonly #main: MessagePort;
  /** By role, then by index. */
  readonly #peers = new Map<Role, (Peer | undefined)[]>();
  readonly #handler: PeerHandler;
  #role: ThreadRole | null = null;

  constructor(main: MessagePort) {
    this.#main = main;
    this.#handler = {
      onRequest: (kind, key, command, reply) => {
        if (this.#role?.onRequest) this.#role.onRequest(kind, key, command, reply);
        else reply('busy', null);
      },
      onPush: (push) => this.#role?.onPush?.(push),
    };
    main.on('message', (message: FromMain) => this.#receive(message));
    process.on('uncaughtException', (error) => this.fatal(error.stack ?? String(error)));
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

  /** Ends this thread; it is started anew. */
  fatal(reason: string): void {
    this.#role?.abandon?.();
    this.#say({ type: 'fatal', reason });
    end(1);
  }

  /** Other processes have taken over all that this thread owned. It lives on, with nothing to decide on. */
  retired(reason: string): void {
    this.#say({ type: 'retired', reason });
  }

  #say(message: ToMain): void {
    this.#main.postMessage(message);
  }

  #receive(message: FromMain): void {
    switch (message.type) {
      case 'peer':
        this.#connect(message.name, message.port);
        break;
      case 'peer-gone':
        this.#disconnect(message.name);
        break;
      case 'stats':
        this.#say({ type: 'stats', id: message.id, body: this.#role?.stats?.() ?? null });
        break;
      case 'stop':
        void this.#stop(message.graceMs);
    }
  }

  #connect(name: ThreadName, port: MessagePort): void {
    this.#disconnect(name);
    const peers = this.#peers.get(name.role) ?? [];
    peers[name.index] = connectPeer(portWire(port), this.#handler, limitsByRole[name.role]);
    this.#peers.set(name.role, peers);
  }

  #disconnect({ role, index }: ThreadName): void {
    this.peer(role, index)?.close();
    delete this.#peers.get(role)?.[index];
  }

  async #stop(graceMs: number): Promise<void> {
    const overdue = new Promise<boolean>((resolve) => setTimeout(resolve, graceMs, false));
    const stopped = this.#role?.stop(graceMs).catch(() => false) ?? Promise.resolve(true);
    const isClean = await Promise.race([stopped, overdue]);
    if (!isClean) this.#role?.abandon?.();
    for (const peers of this.#peers.values()) for (const peer of peers) peer?.close();
    this.#say({ type: 'stopped', isClean });
    end(0);
  }
}

export function startThread(): Thread {
  return new Thread(parentPort!);
}

/** Ends this thread only, a turn of the loop later: what was said is delivered then, and what was closed is gone. */
function end(code: number): void {
  setImmediate(() => setImmediate(() => process.exit(code)));
}
