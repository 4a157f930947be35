/** What every crowd works with: one client, one clock, one ledger, and its measures. */
import type { AttemptListener } from './attempts.ts';
import { Client } from './client.ts';
import { createClock } from './clock.ts';
import { Ledger } from './ledger.ts';
import { createLiveHall } from './live.ts';
import { createHistogram, createRandom, createTally } from './statistics.ts';

interface ToolOptions {
  readonly url: string;
  readonly buyers: number;
  readonly concurrency: number;
  readonly reconnectSeconds: number;
  readonly patienceSeconds: number;
  readonly seed: number;
}

export function createTools(options: ToolOptions, onAttempt?: AttemptListener) {
  const clock = createClock();
  const random = createRandom(options.seed ^ 0x5eed);
  const tally = createTally();
  const listener = onAttempt ? { onAttempt } : {};
  const client = new Client({ ...options, clock, tally, random, ...listener });
  const ledger = new Ledger(options.buyers);
  return {
    clock,
    random,
    tally,
    client,
    ledger,
    hall: createLiveHall({ url: options.url, client, clock, ledger, tally, random, ...listener }),
    timings: {
      guest: createHistogram(),
      join: createHistogram(),
      hold: createHistogram(),
      checkout: createHistogram(),
    },
  };
}
