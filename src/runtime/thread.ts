/**
 * A worker thread's side of the supervision: it holds the peers that main connects it with, answers for its
 * numbers, and stops when told to. The roles differ only in what they do with requests and pushes.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { AnyCommand } from '../protocol/command.ts';
import type { Push } from '../protocol/decider.ts';
import { connectPeer, type Peer, type PeerLimits, portWire } from '../protocol/peer.ts';
import type { ReplyTo } from './mailbox.ts';

export type Role = 'shard' | 'gateway' | 'back-office' | 'snapshotter' | 'sandbox';

export type FromMain =
  | { type: 'peer'; role: Role; index: number; port: MessagePort }
  | { type: 'peer-gone'; role: Role; index: number }
  | { type: 'stats'; id: number }
  | { type: 'stop'; graceMs: number };

export type ToMain =
  | { type: 'ready'; info: unknown }
  | { type: 'stats'; id: number; body: unknown }
  | { type: 'stopped'; isClean: boolean }
  | { type: 'fatal'; reason: string; isFenced: boolean };

export interface ThreadRole {
  onRequest?(kind: string, key: string, command: AnyCommand, reply: ReplyTo): void;
  onPush?(push: Push): void;
  stats?(): unknown;
  /** Finishes what was begun; false when time ran out. */
  stop(graceMs: number): Promise<boolean>;
  /** Lets go of what would take the whole process down with this thread; called before it dies of an error. */
  abandon?(): void;
}

export interface Thread {
  peer(role: Role, index: number): Peer | undefined;
  peers(role: Role): Iterable<Peer>;
  /** Tells main that the role works, with what main should know of it. */
  ready(role: ThreadRole, info: unknown): void;
  /** Ends this thread: it is started anew, or, when it is fenced, the whole process ends. */
  fatal(reason: string, isFenced: boolean): void;
}

/** What every worker thread is given. */
export function threadData<Data>(): Data {
  return workerData as Data;
}

const limitsByRole: Record<Role, PeerLimits> = {
  shard: { openRequestsMax: 50_000, timeoutMs: 5_000 },
  gateway: { openRequestsMax: 1_000, timeoutMs: 5_000 },
  // Payments are retried there until the provider has answered.
  'back-office': { openRequestsMax: 50_000, timeoutMs: 60_000 },
  snapshotter: { openRequestsMax: 1, timeoutMs: 1_000 },
  sandbox: { openRequestsMax: 1, timeoutMs: 1_000 },
};

export function startThread(): Thread {
  const main = parentPort!;
  const peers = new Map<string, { role: Role; peer: Peer }>();
  let current: ThreadRole | null = null;
  const say = (message: ToMain) => main.postMessage(message);

  function connect(role: Role, index: number, port: MessagePort): void {
    disconnect(role, index);
    const handler = {
      onRequest(kind: string, key: string, command: AnyCommand, reply: ReplyTo) {
        if (current?.onRequest) current.onRequest(kind, key, command, reply);
        else reply('busy', null);
      },
      onPush: (push: Push) => current?.onPush?.(push),
    };
    peers.set(`${role}/${index}`, { role, peer: connectPeer(portWire(port), handler, limitsByRole[role]) });
  }

  function disconnect(role: Role, index: number): void {
    peers.get(`${role}/${index}`)?.peer.close();
    peers.delete(`${role}/${index}`);
  }

  main.on('message', (message: FromMain) => {
    switch (message.type) {
      case 'peer':
        connect(message.role, message.index, message.port);
        return;
      case 'peer-gone':
        disconnect(message.role, message.index);
        return;
      case 'stats':
        say({ type: 'stats', id: message.id, body: current?.stats?.() ?? null });
        return;
      case 'stop':
        void stop(message.graceMs);
    }
  });

  async function stop(graceMs: number): Promise<void> {
    const overdue = new Promise<boolean>((resolve) => setTimeout(resolve, graceMs, false));
    const stopped = current?.stop(graceMs).catch(() => false) ?? Promise.resolve(true);
    const isClean = await Promise.race([stopped, overdue]);
    if (!isClean) current?.abandon?.();
    for (const { peer } of peers.values()) peer.close();
    say({ type: 'stopped', isClean });
    end(0);
  }

  /** Ends this thread only, a turn of the loop later: what was said is delivered then, and what was closed is gone. */
  function end(code: number): void {
    setImmediate(() => setImmediate(() => process.exit(code)));
  }

  function fatal(reason: string, isFenced: boolean): void {
    current?.abandon?.();
    say({ type: 'fatal', reason, isFenced });
    end(1);
  }
  process.on('uncaughtException', (error) => fatal(error.stack ?? String(error), false));

  return {
    peer: (role, index) => peers.get(`${role}/${index}`)?.peer,
    *peers(role) {
      for (const entry of peers.values()) if (entry.role === role) yield entry.peer;
    },
    ready(role, info) {
      current = role;
      say({ type: 'ready', info });
    },
    fatal,
  };
}
