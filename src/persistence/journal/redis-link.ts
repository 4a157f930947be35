/**
 * A line to Redis: one connection after the other, with nothing done behind its back.
 *
 * 1. A command is sent at most once: it is neither queued while there is no connection nor sent again over the next.
 * 2. Every reply is waited for only so long; the connection is rebuilt for ever, with growing pauses up to half a second.
 * 3. `generation` changes when a connection ends: what was learned over it must be checked again, because the Redis
 *    behind the next one may have lost its last moments.
 * 4. No command is sent over a connection before Redis has agreed to credentials and database (redis-handshake.ts).
 *    One that it refuses ends at once and is built anew, so that a Redis that is mended is found.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '../../protocol/backoff.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import type { RedisCommand, RedisReply } from './redis-command.ts';
import { type RedisAddress, redisAddress, shakeHands } from './redis-handshake.ts';
import { RedisSocket } from './redis-socket.ts';

const connectTimeoutMs = 5_000;
const reconnectPauseFirstMs = 20;
const reconnectPauseMaxMs = 500;
const askAgainAfterMs = 50;
const patienceMs = 5_000;

export class RedisLink {
  readonly #address: RedisAddress;
  readonly #name: string;
  readonly #replyTimeoutMs: number;
  readonly #log: Log;
  #socket: RedisSocket | null = null;
  #generation = 1;
  /** Connections in a row that could not be made. */
  #failures = 0;
  #reconnectTimer: NodeJS.Timeout | undefined;
  /** Redis has agreed to all that was asked of this connection. */
  #isOpen = false;
  /** Why Redis refused the last connection, if it did. */
  #refusal: string | null = null;
  #lastError = 'no answer';
  #isAway = false;
  #isClosing = false;
  #onFirst: { done: () => void; fail: (reason: string) => void } | null = null;
  #onMessage: (message: Uint8Array) => void = () => {};

  constructor(url: string, name: string, replyTimeoutMs: number, log: Log) {
    this.#address = redisAddress(url);
    this.#name = name;
    this.#replyTimeoutMs = replyTimeoutMs;
    this.#log = log;
  }

  /** Resolves with the first connection to which Redis agrees; rejects when Redis refuses, or is not there in time. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const { host, port } = this.#address;
        const seconds = connectTimeoutMs / 1_000;
        fail(`Redis at ${host}:${port} cannot be reached within ${seconds} s: ${this.#lastError}`);
      }, connectTimeoutMs);
      const fail = (reason: string) => {
        clearTimeout(timer);
        this.#onFirst = null;
        void this.close();
        reject(new DoorbusterError('busy', reason));
      };
      const done = () => {
        clearTimeout(timer);
        this.#onFirst = null;
        resolve();
      };
      this.#onFirst = { done, fail };
      this.#connect();
    });
  }

  get generation(): number {
    return this.#generation;
  }

  /** One pipeline; never rejects. */
  async run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    if (this.#isOpen && this.#socket) return this.#socket.send(commands);
    const error = new Error(this.#refusal ?? `not connected: ${this.#lastError}`);
    return commands.map(() => ({ error, isAnswer: false }));
  }

  /** One pipeline whose values are all wanted: throws the first error. */
  async ask(commands: readonly RedisCommand[]): Promise<unknown[]> {
    return (await this.run(commands)).map((reply) => {
      if (reply.error) throw new DoorbusterError('busy', `Redis: ${reply.error.message}`);
      return reply.value;
    });
  }

  /** Hears what is published to the channels that this connection has subscribed to. */
  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#isOpen = false;
    clearTimeout(this.#reconnectTimer);
    this.#socket?.end();
  }

  #connect(): void {
    const socket = new RedisSocket(this.#address, this.#replyTimeoutMs, {
      onConnect: () => {
        this.#failures = 0;
        void this.#greet(socket);
      },
      onClose: () => this.#onClose(),
      onError: (error) => {
        this.#lastError = error.message || error.code || this.#lastError;
      },
      onMessage: (message) => this.#onMessage(message),
    });
    this.#socket = socket;
  }

  /** Opens the connection that has come, or ends it. */
  async #greet(socket: RedisSocket): Promise<void> {
    const isGone = () => this.#isClosing || this.#socket !== socket;
    while (!isGone()) {
      const answer = await shakeHands(this.#address, this.#name, (commands) => socket.send(commands));
      if (isGone()) return;
      if (answer.type === 'agreed') return this.#onOpen();
      if (answer.type === 'refused') return this.#onRefused(socket, answer.reason);
      this.#lastError = answer.reason;
      await wait(askAgainAfterMs);
    }
  }

  #onOpen(): void {
    this.#isOpen = true;
    this.#refusal = null;
    if (this.#isAway) this.#log('info', 'the connection to Redis is back', { connection: this.#name });
    this.#isAway = false;
    this.#onFirst?.done();
  }

  #onRefused(socket: RedisSocket, reason: string): void {
    this.#onFirst?.fail(reason);
    if (this.#isClosing) return;
    if (this.#refusal !== reason) this.#log('error', reason, { connection: this.#name });
    this.#refusal = reason;
    socket.end();
  }

  #onClose(): void {
    this.#generation++;
    this.#isOpen = false;
    this.#socket = null;
    if (this.#isClosing) return;
    const pauseMs =
      this.#refusal === null
        ? backoffMs(reconnectPauseFirstMs, reconnectPauseMaxMs, ++this.#failures)
        : reconnectPauseMaxMs;
    this.#reconnectTimer = setTimeout(() => this.#connect(), pauseMs);
    if (this.#isAway || this.#onFirst) return;
    this.#isAway = true;
    this.#log('warn', 'the connection to Redis broke', { connection: this.#name });
  }
}

/**
 * Repeats what is asked while a journal is opened: nobody waits for an acknowledgement yet, so a Redis that is slow or
 * away for a moment need not end the server's start. Only for questions that may be asked twice.
 */
export async function askPatiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const untilMs = performance.now() + patienceMs;
  for (let failures = 0; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = error instanceof DoorbusterError && error.code === 'busy';
      if (!isBusy || performance.now() > untilMs) throw error;
      await wait(backoffMs(askAgainAfterMs, reconnectPauseMaxMs, failures));
    }
  }
}

export async function openRedisLink(
  url: string,
  name: string,
  commandTimeoutMs: number,
  log: Log,
): Promise<RedisLink> {
  const link = new RedisLink(url, name, commandTimeoutMs, log);
  await link.open();
  return link;
}
