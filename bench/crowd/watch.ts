/**
 * Decides when a sale is over for those who wait: everything is sold, the sale has ended, time is up, or nothing has
 * moved for so long that nothing will.
 */
import { type Body, NoAnswer } from './client.ts';
import type { Clock } from './clock.ts';

export interface WatchParts {
  readonly clock: Clock;
  readonly units: number;
  readonly timeoutSeconds: number;
  /** Longer than any time limit of the sale. */
  readonly stallSeconds: number;
  status(): Promise<Body>;
  /** Any number that grows while something happens. */
  activity(): number;
  hasBuyers(): boolean;
  onSold(units: number): void;
}

const lookEveryMs = 1_000;

/** Resolves with the reason. */
export async function watch(parts: WatchParts): Promise<string> {
  const startedAtMs = performance.now();
  let lastActivity = parts.activity();
  let movedAtMs = startedAtMs;
  for (;;) {
    await parts.clock.pause(lookEveryMs);
    if (!parts.hasBuyers()) return 'all buyers are done';
    const sold = await look(parts);
    if (sold === 'ended') return 'the sale ended';
    if (sold !== null && sold >= parts.units) return 'everything is sold';
    const nowMs = performance.now();
    const activity = parts.activity() + (sold ?? 0);
    if (activity !== lastActivity) movedAtMs = nowMs;
    lastActivity = activity;
    if (nowMs - movedAtMs > parts.stallSeconds * 1_000) return `nothing moved for ${parts.stallSeconds} s`;
    if (nowMs - startedAtMs > parts.timeoutSeconds * 1_000)
      return `--timeout ${parts.timeoutSeconds} s is over`;
  }
}

async function look(parts: WatchParts): Promise<number | 'ended' | null> {
  try {
    const { phase, items } = await parts.status();
    const sold = items.reduce((sum: number, item: { sold: number }) => sum + item.sold, 0);
    parts.onSold(sold);
    return phase === 'ended' ? 'ended' : sold;
  } catch (error) {
    // Too busy to say: the next look will tell.
    if (error instanceof NoAnswer) return null;
    throw error;
  }
}
