/**
 * One connection to Redis, with nothing done behind its back.
 *
 * 1. A command is sent at most once: ioredis neither queues it while offline nor resends it after a reconnect.
 * 2. Every reply is waited for only so long; the connection is rebuilt for ever, with growing pauses up to half a second.
 * 3. `generation` changes when a connection ends: what was learned over it must be checked again, because the Redis
 *    behind the next one may have lost its last moments.
 * 4. No command is sent over a connection before Redis has agreed to credentials and database (redis-handshake.ts).
 *    One that it refuses ends at once and is built anew, so that a Redis that is mended is found.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { backoffMs } from '../../protocol/backoff.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import type { RedisCommand, RedisReply } from './redis-command.ts';
import { type RedisAddress, redisAddress, shakeHands } from './redis-handshake.ts';

const connectTimeoutMs = 5_000;
const reconnectPauseMaxMs = 500;
const askAgainAfterMs = 50;
const patienceMs = 5_000;

export class RedisLink {
  readonly #redis: Redis;
  readonly #address: RedisAddress;
  readonly #name: string;
  readonly #log: Log;
  #generation = 1;
  /** Redis has agreed to all that was asked of this connection. */
  #isOpen = false;
  /** Why Redis refused the last connection, if it did. */
  #refusal: string | null = null;
  #lastError = 'no answer';
  #isAway = false;
  #isClosing = false;
  #onFirst: { done: () => void; fail: (reason: string) => void } | null = null;

  constructor(url: string, name: string, commandTimeoutMs: number, log: Log) {
    this.#address = redisAddress(url);
    this.#name = name;
    this.#log = log;
    const { host, port, isTls } = this.#address;
    this.#redis = new Redis({
      host,
      port,
      // Whichever the name has.
      family: 0,
      ...(isTls ? { tls: {} } : {}),
      protocol: 2,
      lazyConnect: true,
      enableReadyCheck: false,
      disableClientInfo: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      // Commands in flight fail at the first broken connection.
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      commandTimeout: commandTimeoutMs,
      retryStrategy: (times) =>
        this.#refusal === null ? backoffMs(20, reconnectPauseMaxMs, times) : reconnectPauseMaxMs,
    });
    this.#redis.on('error', (error: NodeJS.ErrnoException) => {
      this.#lastError = error.message || error.code || this.#lastError;
    });
    this.#redis.on('close', () => this.#onClose());
    this.#redis.on('ready', () => void this.#greet());
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
      this.#redis.connect().catch(() => {});
    });
  }

  get generation(): number {
    return this.#generation;
  }

  /** One pipeline; never rejects. */
  async run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    if (this.#isOpen) return this.#send(commands);
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
    this.#redis.on('messageBuffer', (_channel: Buffer, message: Buffer) => listener(message));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#isOpen = false;
    this.#redis.disconnect();
  }

  async #send(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    if (commands.length === 0) return [];
    try {
      const results = await this.#redis.pipeline(commands.map((command) => [...command])).exec();
      return commands.map((_, i): RedisReply => {
        const [error, value] = results?.[i] ?? [new Error('no reply'), null];
        return error ? { error, isAnswer: error.name === 'ReplyError' } : { value };
      });
    } catch (error) {
      return commands.map(() => ({ error: error as Error, isAnswer: false }));
    }
  }

  /** Opens the connection that has come, or ends it. */
  async #greet(): Promise<void> {
    const generation = this.#generation;
    const isGone = () => this.#isClosing || this.#generation !== generation;
    while (!isGone()) {
      const answer = await shakeHands(this.#address, this.#name, (commands) => this.#send(commands));
      if (isGone()) return;
      if (answer.type === 'agreed') return this.#onOpen();
      if (answer.type === 'refused') return this.#onRefused(answer.reason);
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

  #onRefused(reason: string): void {
    this.#onFirst?.fail(reason);
    if (this.#isClosing) return;
    if (this.#refusal !== reason) this.#log('error', reason, { connection: this.#name });
    this.#refusal = reason;
    this.#redis.disconnect(true);
  }

  #onClose(): void {
    this.#generation++;
    this.#isOpen = false;
    if (this.#isAway || this.#isClosing || this.#onFirst) return;
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
