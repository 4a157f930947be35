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

export interface RedisLink {
  readonly generation: number;
  /** One pipeline; never rejects. */
  run(commands: readonly RedisCommand[]): Promise<RedisReply[]>;
  /** One pipeline whose values are all wanted: throws the first error. */
  ask(commands: readonly RedisCommand[]): Promise<unknown[]>;
  close(): Promise<void>;
}

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
  let generation = 1;
  let isAway = false;
  let isClosing = false;
  redis.on('error', () => {});
  redis.on('close', () => {
    generation++;
    if (isAway || isClosing) return;
    isAway = true;
    log('warn', 'the connection to Redis broke', { connection: name });
  });
  redis.on('ready', () => {
    if (isAway) log('info', 'the connection to Redis is back', { connection: name });
    isAway = false;
  });
  const ready = firstReady(redis);
  redis.connect().catch(() => {});
  await ready;

  async function run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    if (commands.length === 0) return [];
    try {
      const results = await redis.pipeline(commands.map((command) => [...command])).exec();
      return commands.map((_, i): RedisReply => {
        const [error, value] = results?.[i] ?? [new Error('no reply'), null];
        return error ? { error, isAnswer: error.name === 'ReplyError' } : { value };
      });
    } catch (error) {
      return commands.map(() => ({ error: error as Error, isAnswer: false }));
    }
  }

  return {
    get generation() {
      return generation;
    },
    run,
    async ask(commands) {
      return (await run(commands)).map((reply) => {
        if (reply.error) throw new DoorbusterError('busy', `Redis: ${reply.error.message}`);
        return reply.value;
      });
    },
    async close() {
      isClosing = true;
      redis.disconnect();
    },
  };
}
