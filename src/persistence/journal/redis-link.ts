/**
 * One connection to Redis for the journal, with nothing done behind its back.
 *
 * 1. A command is sent at most once: ioredis neither queues it while offline nor resends it after a reconnect.
 * 2. Every reply is waited for only so long; the connection is rebuilt for ever, with growing pauses up to half a second.
 * 3. `generation` changes when a connection ends: what was learned over it must be checked again, because the Redis
 *    behind the next one may have lost its last moments.
 */
import { Redis } from 'ioredis';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';

export type RedisCommand = readonly [name: string, ...args: (string | number | Buffer)[]];

/** `isAnswer`: Redis itself refused the command; otherwise nobody knows whether it was carried out. */
export type RedisReply =
  | { readonly value: unknown; readonly error?: never }
  | { readonly error: Error; readonly isAnswer: boolean };

const connectTimeoutMs = 5_000;
const reconnectPauseMaxMs = 500;

function firstReady(redis: Redis): Promise<void> {
  return new Promise((done, fail) => {
    let last = 'no answer';
    const noteError = (error: Error) => {
      last = error.message || (error as NodeJS.ErrnoException).code || last;
    };
    const timer = setTimeout(() => {
      redis.off('error', noteError);
      redis.disconnect();
      fail(
        new DoorbusterError('busy', `Redis cannot be reached within ${connectTimeoutMs / 1_000} s: ${last}`),
      );
    }, connectTimeoutMs);
    redis.on('error', noteError);
    redis.once('ready', () => {
      clearTimeout(timer);
      redis.off('error', noteError);
      done();
    });
  });
}

export class RedisLink {
  readonly #redis: Redis;
  readonly #name: string;
  readonly #log: Log;
  #generation = 1;
  #isAway = false;
  #isClosing = false;

  constructor(redis: Redis, name: string, log: Log) {
    this.#redis = redis;
    this.#name = name;
    this.#log = log;
    redis.on('error', () => {});
    redis.on('close', () => this.#onClose());
    redis.on('ready', () => this.#onReady());
  }

  get generation(): number {
    return this.#generation;
  }

  /** One pipeline; never rejects. */
  async run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
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

  /** One pipeline whose values are all wanted: throws the first error. */
  async ask(commands: readonly RedisCommand[]): Promise<unknown[]> {
    return (await this.run(commands)).map((reply) => {
      if (reply.error) throw new DoorbusterError('busy', `Redis: ${reply.error.message}`);
      return reply.value;
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#redis.disconnect();
  }

  #onClose(): void {
    this.#generation++;
    if (this.#isAway || this.#isClosing) return;
    this.#isAway = true;
    this.#log('warn', 'the connection to Redis broke', { connection: this.#name });
  }

  #onReady(): void {
    if (this.#isAway) this.#log('info', 'the connection to Redis is back', { connection: this.#name });
    this.#isAway = false;
  }
}

export async function openRedisLink(
  url: string,
  name: string,
  commandTimeoutMs: number,
  log: Log,
): Promise<RedisLink> {
  const redis = new Redis(url, {
    connectionName: name,
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Commands in flight fail at the first broken connection.
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(reconnectPauseMaxMs, 20 * 2 ** Math.min(times, 10)),
  });
  const link = new RedisLink(redis, name, log);
  const ready = firstReady(redis);
  redis.connect().catch(() => {});
  await ready;
  return link;
}
