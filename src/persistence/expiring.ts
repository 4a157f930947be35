/**
 * Small values that expire, in a Redis of their own: what may be lost with it, and is wanted often.
 *
 * 1. A value is replaced only by whoever has seen the present one: of two at once, one goes first.
 * 2. While Redis is away everything is refused with `busy`; nothing is kept for later.
 */
import type { Log } from '../protocol/log.ts';
import { openRedisLink, type RedisLink } from './journal/redis-link.ts';

export interface ExpiringValues {
  /** null where there is none, in the order of the keys. Refuses with `busy`, as all of these. */
  get(keys: readonly string[]): Promise<readonly (string | null)[]>;
  /** Replaces whatever there is. */
  set(key: string, value: string, seconds: number): Promise<void>;
  /** `before` null: only where there is none. False: something else is there. */
  replace(key: string, before: string | null, value: string, seconds: number): Promise<boolean>;
}

const answerTimeoutMs = 1_000;

/** KEYS[1]; ARGV: what must be there (empty: nothing), what is to be there, for how many seconds. */
const replaceScript = `if (redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'ex', ARGV[3])
return 1`;

export class RedisValues implements ExpiringValues {
  readonly #open: () => Promise<RedisLink>;
  #link: Promise<RedisLink> | null = null;

  constructor(url: string, name: string, log: Log) {
    this.#open = () => openRedisLink(url, name, answerTimeoutMs, log);
  }

  async get(keys: readonly string[]): Promise<readonly (string | null)[]> {
    if (keys.length === 0) return [];
    const values = (await this.#ask(['mget', ...keys])) as readonly (Uint8Array | string | null)[];
    return values.map((value) => (value === null ? null : textOf(value)));
  }

  async set(key: string, value: string, seconds: number): Promise<void> {
    await this.#ask(['set', key, value, 'ex', seconds]);
  }

  async replace(key: string, before: string | null, value: string, seconds: number): Promise<boolean> {
    return (await this.#ask(['eval', replaceScript, 1, key, before ?? '', value, seconds])) === 1;
  }

  async close(): Promise<void> {
    await (await this.#link?.catch(() => null))?.close();
  }

  /** One that cannot be reached at first is looked for again by whoever comes next. */
  async #ask(command: [string, ...(string | number)[]]): Promise<unknown> {
    this.#link ??= this.#open();
    const link = await this.#link.catch((error) => {
      this.#link = null;
      throw error;
    });
    const [value] = await link.ask([command]);
    return value;
  }
}

/** Refuses with `busy`, in one line: it is not there, or does not let us in. */
export async function checkExpiringValues(url: string | null, log: Log): Promise<void> {
  if (url === null) return;
  const values = new RedisValues(url, 'doorbuster-check', log);
  try {
    await values.get(['doorbuster']);
  } finally {
    await values.close();
  }
}

function textOf(value: Uint8Array | string): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString();
}
