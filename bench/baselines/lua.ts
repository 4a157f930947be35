/**
 * One Redis script a request: look whether enough is left, take it. Durable by `appendfsync always`: Redis answers after
 * the fsync of its turn. ioredis sends the commands of one turn of the loop together (auto-pipelining).
 *
 * It does less than a hold: it knows neither the hold's id nor the buyer's limit, and nothing comes back by itself.
 */
import { Redis } from 'ioredis';
import type { Take } from './hold.ts';

export const stockKey = (sku: string) => `stock:{${sku}}`;

const script = `
local left = tonumber(redis.call('get', KEYS[1]) or '0')
local wanted = tonumber(ARGV[1])
if left < wanted then return -1 end
return redis.call('decrby', KEYS[1], wanted)`;

interface WithTake {
  takeUnits(key: string, quantity: number): Promise<number>;
}

export function takeByLua(url: string): Take {
  const redis = new Redis(url, {
    enableAutoPipelining: true,
    scripts: { takeUnits: { lua: script, numberOfKeys: 1 } },
  });
  // ioredis adds the script's method when it is made, which its types do not say.
  const store = redis as unknown as WithTake;
  return async (sku, quantity) => (await store.takeUnits(stockKey(sku), quantity)) >= 0;
}
