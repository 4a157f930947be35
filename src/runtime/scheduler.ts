/** Time and turns of the real event loop; the simulation has its own. */
import type { Scheduler } from '../protocol/scheduler.ts';

export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  soon: setImmediate,
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
