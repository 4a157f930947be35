/** Tells other processes on the same Redis, once a second, what this one's limits have counted, and hears the same of them. */
import type { Config } from '../config.ts';
import { LimitExchange } from '../gateway/limit-exchange.ts';
import type { LimitMemory } from '../gateway/limits.ts';
import { RedisChannel } from '../persistence/redis-channel.ts';
import type { Log } from '../protocol/log.ts';

const everyMs = 1_000;

/** Answers with a function that stops it. */
export function shareLimits(
  redisUrl: string,
  config: Config,
  memory: LimitMemory,
  { tokenSecret, now, log }: { tokenSecret: string; now: () => number; log: Log },
): () => Promise<void> {
  const exchange = new LimitExchange(config, memory, { tokenSecret, now });
  const channel = new RedisChannel(redisUrl, exchange.channel, (message) => exchange.takeIn(message), log);
  let others = 0;
  const timer = setInterval(() => {
    // What cannot be told is dropped, so that it is never told too late.
    void channel.send(exchange.message());
    if (exchange.others === others) return;
    others = exchange.others;
    log('info', 'limits are counted over several processes', { others });
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    return channel.close();
  };
}
