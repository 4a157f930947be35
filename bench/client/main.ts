/** A load generator as a process of its own (`open.ts` starts it): it gets a job, says `ready`, and runs it on `go`. */
import type { Job, JobResult, Ready } from './jobs.ts';
import { makeLiveHolds } from './live-holds.ts';
import { makeOpenLoop } from './open-loop.ts';
import { makePositions } from './positions.ts';
import { makePurchases } from './purchases.ts';

function make(job: Job): Promise<Ready> {
  switch (job.job) {
    case 'purchases':
      return makePurchases(job);
    case 'open-loop':
      return makeOpenLoop(job);
    case 'live-holds':
      return makeLiveHolds(job);
    case 'positions':
      return makePositions(job);
  }
}

let ready: Ready | null = null;

process.on('disconnect', () => process.exit());
process.on('message', async (message: Job | 'go') => {
  if (message !== 'go') {
    ready = await make(message);
    process.send!('ready');
    return;
  }
  const before = process.cpuUsage();
  const result = await ready!.run();
  const used = process.cpuUsage(before);
  process.send!({ ...result, clientUs: used.user + used.system } satisfies JobResult);
});
