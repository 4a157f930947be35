/**
 * Engine time. The wall clock is read once, when the process starts; after that time runs by the monotonic clock,
 * which all threads share, so a step of the wall clock moves no deadline. Time found in the journal is never
 * undercut: after a restart under a clock that went back, engine time goes on from the last event.
 */
import type { Scheduler } from '../protocol/scheduler.ts';

export interface ClockAnchor {
  readonly wallMs: number;
  readonly monotonicNs: bigint;
}

export interface Clock {
  /** Whole engine milliseconds since the Unix epoch. */
  now(): number;
  /** From now on, never earlier than `atMs`. */
  advanceTo(atMs: number): void;
}

export function anchorClock(): ClockAnchor {
  return { wallMs: Date.now(), monotonicNs: process.hrtime.bigint() };
}

export function startClock(anchor: ClockAnchor): Clock {
  let aheadMs = 0;
  const elapsed = () => anchor.wallMs + Number((process.hrtime.bigint() - anchor.monotonicNs) / 1_000_000n);
  return {
    now: () => elapsed() + aheadMs,
    advanceTo(atMs) {
      aheadMs = Math.max(aheadMs, atMs - elapsed());
    },
  };
}

// ----------------------------------------------------------------
// Time and turns of the real event loop; the simulation has its own.

export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  soon: setImmediate,
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
