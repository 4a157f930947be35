/**
 * Partitions with large actors are recovered beside those that are open already, one after the other: while one is
 * worked on, the shard's other partitions, its timers and its lease get their turn after each `sliceMs`.
 *
 * 1. A partition that has ended meanwhile is left at once, and nothing is put into it any more.
 * 2. When a store does not answer, the partition is tried again after pauses that grow. Others that wait go first.
 */
import { backoffMs } from '../protocol/backoff.ts';
import type { Claim } from '../protocol/journal.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Partition } from './partition.ts';
import { type RecoveryDeps, type RecoveryReport, recover } from './recovery.ts';

const retryFirstMs = 250;
const retryMaxMs = 30_000;

export interface Claimed {
  readonly partition: Partition;
  readonly claim: Claim;
}

export interface BackgroundDeps extends RecoveryDeps {
  readonly scheduler: Scheduler;
  readonly sliceMs: number;
  /** It is recovered, or halted. */
  readonly begin: (partition: Partition) => void;
}

export async function recoverInBackground(claimed: readonly Claimed[], deps: BackgroundDeps): Promise<void> {
  const { scheduler, sliceMs, begin, log } = deps;
  const waiting = [...claimed];
  let failures = 0;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { partition, claim } = next;
    const { number } = partition;
    if (partition.isGone) continue;
    let report: RecoveryReport;
    try {
      const rest = restBetweenSlices(partition, scheduler, sliceMs);
      report = await recover([partition], [claim], { ...deps, rest });
    } catch (error) {
      if (partition.isGone) continue;
      log('warn', 'a partition cannot be recovered yet', { partition: number, error: String(error) });
      waiting.push(next);
      const pauseMs = backoffMs(retryFirstMs, retryMaxMs, failures++);
      await new Promise<void>((resolve) => scheduler.after(pauseMs, resolve));
      continue;
    }
    failures = 0;
    if (partition.isGone) continue;
    begin(partition);
    log('info', 'a partition with large actors is recovered', { partition: number, ...report });
  }
}

function restBetweenSlices(partition: Partition, scheduler: Scheduler, sliceMs: number): () => Promise<void> {
  let sinceMs = scheduler.now();
  return async () => {
    if (scheduler.now() - sinceMs >= sliceMs) {
      await new Promise<void>((resolve) => scheduler.soon(resolve));
      sinceMs = scheduler.now();
    }
    if (partition.isGone) throw new Error(`partition ${partition.number} has ended`);
  };
}
