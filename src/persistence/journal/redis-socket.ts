/**
 * One connection to Redis, from its beginning to its end: it is never built anew.
 *
 * 1. A command is sent at most once. When the connection ends, or the answer does not come in time, what is not
 *    answered is not known; an answer that comes later is dropped.
 * 2. Answers come in the order of the commands.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisCommand, RedisReply } from './redis-command.ts';
import type { RedisAddress } from './redis-handshake.ts';
import { encodeCommands, RedisError, ReplyReader } from './redis-protocol.ts';

const connectTimeoutMs = 2_000;

/** The commands of one call. */
interface Call {
  readonly commands: number;
  readonly replies: RedisReply[];
  readonly timer: NodeJS.Timeout;
  /** null: it was answered without Redis. */
  done: ((replies: RedisReply[]) => void) | null;
}

export interface RedisSocketEvents {
  onConnect(): void;
  /** Called once; whatever was not answered is answered after it. */
  onClose(): void;
  onError(error: NodeJS.ErrnoException): void;
  /** Something was published to a channel that this connection listens to. */
  onMessage(message: Uint8Array): void;
}

export class RedisSocket {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  readonly #events: RedisSocketEvents;
  readonly #replyTimeoutMs: number;
  /** In the order in which they were sent. */
  #calls: Call[] = [];
  #isClosed = false;

  constructor({ host, port, isTls }: RedisAddress, replyTimeoutMs: number, events: RedisSocketEvents) {
    this.#events = events;
    this.#replyTimeoutMs = replyTimeoutMs;
    const socket = isTls
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }) })
      : connect({ host, port });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error('connect ETIMEDOUT')));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      events.onConnect();
    });
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => events.onError(error));
    socket.once('close', () => this.#onClose());
  }

  /** All in one write; never rejects. */
  send(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    if (this.#isClosed) return Promise.resolve(unanswered(commands.length, 'the connection is closed'));
    return new Promise((done) => {
      const timer = setTimeout(() => giveUp(call, 'Redis did not answer in time'), this.#replyTimeoutMs);
      const call: Call = { commands: commands.length, replies: [], timer, done };
      this.#calls.push(call);
      this.#socket.write(encodeCommands(commands));
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let replies: unknown[];
    try {
      replies = this.#reader.read(chunk);
    } catch (error) {
      this.#socket.destroy(error as Error);
      return;
    }
    for (const reply of replies) this.#take(reply);
  }

  #take(reply: unknown): void {
    // On a connection that listens no other answer begins like this.
    if (Array.isArray(reply) && String(reply[0]) === 'message') {
      this.#events.onMessage(reply[2]);
      return;
    }
    const call = this.#calls[0];
    if (!call) {
      this.#socket.destroy(new Error('Redis answered what it was not asked'));
      return;
    }
    call.replies.push(reply instanceof RedisError ? { error: reply, isAnswer: true } : { value: reply });
    if (call.replies.length < call.commands) return;
    this.#calls.shift();
    clearTimeout(call.timer);
    call.done?.(call.replies);
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#events.onClose();
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) {
      clearTimeout(call.timer);
      giveUp(call, 'the connection broke');
    }
  }
}

/** What has come counts. */
function giveUp(call: Call, reason: string): void {
  call.done?.([...call.replies, ...unanswered(call.commands - call.replies.length, reason)]);
  call.done = null;
}

function unanswered(count: number, reason: string): RedisReply[] {
  const error = new Error(reason);
  return Array.from({ length: count }, () => ({ error, isAnswer: false }));
}
