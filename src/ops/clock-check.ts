/**
 * The journal's time against this machine's clock, looked at when the server starts. Engine time never goes back, so
 * after a clock that was ahead the shop lives in the future until the wall clock has caught up: sales start and end
 * early by that much. An operator should know, and decide when it is much.
 */
import type { Log } from '../protocol/log.ts';

/** What a clock is off by anyway. */
const unremarkedMsMax = 5_000;

/** Throws when the journal is further ahead than what is accepted. */
export function refuseFarAhead(aheadMs: number, secondsMax: number): void {
  const seconds = Math.ceil(aheadMs / 1000);
  if (seconds <= secondsMax) return;
  throw new Error(
    `the journal is ${seconds} s ahead of this machine's clock, and CLOCK_AHEAD_SECONDS_MAX is ${secondsMax}: ` +
      'set the clock right, or raise that setting to go on from the time of the journal',
  );
}

export function noteAhead(aheadMs: number, log: Log): void {
  if (aheadMs > unremarkedMsMax)
    log('warn', "the journal is ahead of this machine's clock: engine time goes on from the journal", {
      aheadSeconds: Math.ceil(aheadMs / 1000),
    });
}
