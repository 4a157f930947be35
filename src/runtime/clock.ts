/**
 * Engine time, one for the whole process. The wall clock is read once, when the process starts; after that time runs by
 * the monotonic clock, which all threads share, so a step of the wall clock moves no deadline.
 *
 * 1. Time found in the journal is never undercut: after a restart under a clock that went back, engine time goes on
 *    from the last event.
 * 2. What one thread finds moves all threads, at once and only ahead: how far engine time is ahead of the anchor stands
 *    in shared memory. A sale's shard and its SKU's shard decide in the same time.
 */
import type { Scheduler } from '../protocol/scheduler.ts';

/** What every thread of a process is given. */
export interface EngineTime {
  readonly wallMs: number;
  readonly monotonicNs: bigint;
  /** One double that is never below 0. */
  readonly aheadMs: SharedArrayBuffer;
}

export interface Clock {
  /** Whole engine milliseconds since the Unix epoch. */
  now(): number;
  /** From now on, never earlier than `atMs`; what is no whole number of milliseconds moves nothing. */
  advanceTo(atMs: number): void;
}

export interface ProcessClock extends Clock {
  /** How far the journal was found to be ahead of the wall clock as it was when the process started. */
  readonly aheadMs: number;
}

export function anchorClock(): EngineTime {
  return {
    wallMs: Date.now(),
    monotonicNs: process.hrtime.bigint(),
    aheadMs: new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT),
  };
}

/** This thread's view of the process's time. */
export function startClock(
  time: EngineTime,
  monotonicNs: () => bigint = process.hrtime.bigint,
): ProcessClock {
  // A plain read, because it is on the way of every request: eight aligned bytes are read whole on the 64-bit machines
  // for which Node is built. Writers compare and swap the same bytes as an integer: doubles that are not negative are
  // in the order of their bits.
  const ahead = new Float64Array(time.aheadMs);
  const aheadBits = new BigInt64Array(time.aheadMs);
  const elapsed = () => time.wallMs + Number((monotonicNs() - time.monotonicNs) / 1_000_000n);
  return {
    now: () => elapsed() + ahead[0]!,
    advanceTo(atMs) {
      const wantedMs = atMs - elapsed();
      if (!Number.isSafeInteger(atMs) || wantedMs <= ahead[0]!) return;
      const [wanted] = new BigInt64Array(Float64Array.of(wantedMs).buffer);
      for (let known = Atomics.load(aheadBits, 0); known < wanted!; ) {
        const found = Atomics.compareExchange(aheadBits, 0, known, wanted!);
        if (found === known) return;
        known = found;
      }
    },
    get aheadMs() {
      return ahead[0]!;
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
