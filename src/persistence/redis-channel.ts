/**
 * Messages between processes on the same Redis, for whoever listens at that moment: nothing is stored.
 *
 * 1. A message is sent at most once, and lost while Redis is away. Nobody waits for it.
 * 2. It has two connections of its own, because one that listens can do nothing else. Listening is asked for anew with
 *    every message: so a connection that had to be rebuilt listens again.
 * 3. Redis's channels know no databases: the database's number is part of the channel's name.
 */
import type { Log } from '../protocol/log.ts';
import { redisAddress } from './journal/redis-handshake.ts';
import type { RedisLink } from './journal/redis-link.ts';

const answerTimeoutMs = 2_000;

interface Links {
  readonly speak: RedisLink;
  readonly listen: RedisLink;
}

export class RedisChannel {
  readonly #url: string;
  readonly #name: string;
  readonly #onMessage: (message: Uint8Array) => void;
  readonly #log: Log;
  #links: Links | null = null;
  #isBusy = false;
  #isClosed = false;
  #trouble: string | null = null;

  constructor(url: string, name: string, onMessage: (message: Uint8Array) => void, log: Log) {
    this.#url = url;
    this.#name = `${name}:${redisAddress(url).database}`;
    this.#onMessage = onMessage;
    this.#log = log;
  }

  /** Never rejects. A message that comes while another one is on its way is lost. */
  async send(message: Buffer): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    try {
      this.#links ??= await this.#open();
      if (this.#isClosed) return await this.close();
      const { speak, listen } = this.#links;
      const replies = await Promise.all([
        listen.run([['subscribe', this.#name]]),
        speak.run([['publish', this.#name, message]]),
      ]);
      const refusal = replies.flat().find((reply) => reply.error && reply.isAnswer);
      this.#note(refusal?.error?.message ?? null);
    } catch (error) {
      this.#note(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isBusy = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#links?.speak.close(), this.#links?.listen.close()]);
  }

  async #open(): Promise<Links> {
    const { openRedisLink } = await import('./journal/redis-link.ts');
    const open = (what: string) =>
      openRedisLink(this.#url, `doorbuster-channel-${what}`, answerTimeoutMs, this.#log);
    const speak = await open('speak');
    try {
      const listen = await open('listen');
      listen.onMessage(this.#onMessage);
      return { speak, listen };
    } catch (error) {
      await speak.close();
      throw error;
    }
  }

  /** One line when it begins to fail, and none for a connection that breaks: the link has told. */
  #note(trouble: string | null): void {
    if (trouble !== null && trouble !== this.#trouble && !this.#isClosed)
      this.#log('warn', 'other processes on the same Redis cannot be told', {
        channel: this.#name,
        reason: trouble,
      });
    this.#trouble = trouble;
  }
}
