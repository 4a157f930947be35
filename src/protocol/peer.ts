/**
 * How rooms in different threads (later: machines) talk: addressed requests with one answer each, and pushes.
 *
 * 1. Everything said in one turn of the event loop travels in one msgpack frame: a message alone costs as much as 32.
 * 2. Open requests are bounded; at the bound, after the time limit, or when the other side is gone, the answer is
 *    `busy`: the outcome is unknown and the same ids may be sent again.
 * 3. An answer that comes after its time limit is dropped.
 */
import { Packr } from 'msgpackr';
import type { Code } from './codes.ts';
import type { AnyCommand } from './command.ts';
import type { Push } from './decider.ts';

export interface Answer {
  readonly code: Code;
  readonly body: unknown;
}

export const busy: Answer = { code: 'busy', body: null };

export interface Peer {
  request(kind: string, key: string, command: AnyCommand, done: (answer: Answer) => void): void;
  push(push: Push): void;
  /** Requests that wait for their answer. */
  readonly openRequests: number;
  /** Answers `busy` to every open request and to all later ones. */
  close(): void;
}

export interface PeerHandler {
  /** `reply` must be called exactly once. */
  onRequest(kind: string, key: string, command: AnyCommand, reply: (code: Code, body: unknown) => void): void;
  onPush(push: Push): void;
}

export interface PeerLimits {
  readonly openRequestsMax: number;
  /** After this many milliseconds an open request is answered `busy`. */
  readonly timeoutMs: number;
}

/** What both `MessagePort` and a test's in-memory pair offer. */
export interface Wire {
  post(bytes: Uint8Array): void;
  receive(handler: (bytes: Uint8Array) => void): void;
  close(): void;
}

type Message =
  | [request: 0, id: number, kind: string, key: string, command: AnyCommand]
  | [answer: 1, id: number, code: Code, body: unknown]
  | [push: 2, topic: string, type: string, body: unknown];

interface OpenRequest {
  readonly done: (answer: Answer) => void;
  readonly sentAtMs: number;
}

export function connectPeer(wire: Wire, handler: PeerHandler, limits: PeerLimits): Peer {
  const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });
  const open = new Map<number, OpenRequest>();
  let outgoing: Message[] = [];
  let nextId = 1;
  let isClosed = false;

  function say(message: Message): void {
    if (isClosed) return;
    if (outgoing.push(message) === 1) setImmediate(flush);
  }

  function flush(): void {
    if (isClosed || outgoing.length === 0) return;
    const messages = outgoing;
    outgoing = [];
    wire.post(packr.pack(messages));
  }

  function settle(id: number, answer: Answer): void {
    const request = open.get(id);
    if (!request) return;
    open.delete(id);
    request.done(answer);
  }

  wire.receive((bytes) => {
    if (isClosed) return;
    for (const message of packr.unpack(bytes) as Message[]) {
      switch (message[0]) {
        case 0: {
          const [, id, kind, key, command] = message;
          handler.onRequest(kind, key, command, (code, body) => say([1, id, code, body]));
          break;
        }
        case 1:
          settle(message[1], { code: message[2], body: message[3] });
          break;
        case 2:
          handler.onPush({ topic: message[1], type: message[2], body: message[3] });
      }
    }
  });

  // Ids grow with time, so the map is in order of age and the sweep stops at the first young one.
  const sweepEveryMs = Math.max(10, Math.min(250, limits.timeoutMs / 4));
  const sweep = setInterval(() => {
    const oldest = performance.now() - limits.timeoutMs;
    for (const [id, request] of open) {
      if (request.sentAtMs > oldest) break;
      settle(id, busy);
    }
  }, sweepEveryMs);
  sweep.unref?.();

  return {
    request(kind, key, command, done) {
      if (isClosed || open.size >= limits.openRequestsMax) {
        done(busy);
        return;
      }
      const id = nextId++;
      open.set(id, { done, sentAtMs: performance.now() });
      say([0, id, kind, key, command]);
    },
    push: ({ topic, type, body }) => say([2, topic, type, body]),
    get openRequests() {
      return open.size;
    },
    close() {
      if (isClosed) return;
      flush();
      isClosed = true;
      clearInterval(sweep);
      wire.close();
      for (const id of [...open.keys()]) settle(id, busy);
    },
  };
}

/** The part of `node:worker_threads`' MessagePort that a wire needs. */
export interface ThreadPort {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
  on(event: 'message', handler: (value: Uint8Array) => void): unknown;
  close(): void;
}

/** The wire between two threads. Buffers are moved, not copied. */
export function portWire(port: ThreadPort): Wire {
  return {
    post(bytes) {
      // The packer goes on using its buffer: copy this message out (Buffer.slice would be no copy), hand the copy over.
      const copy = new Uint8Array(bytes);
      port.postMessage(copy, [copy.buffer]);
    },
    receive: (handler) => void port.on('message', handler),
    close: () => port.close(),
  };
}
