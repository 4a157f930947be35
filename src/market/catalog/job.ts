/** Products whose SKUs are not all known to their actors are registered later: after a start, an outage and an import. */
import type { Pool } from 'pg';
import { openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { Registration } from './registration.ts';

const everyMs = 1_000;

/** Registered in features.ts. */
export function createJob({ pool, ask, log }: { pool: Pool; ask: Ask; log: Log }): Job {
  const registration = new Registration(openDatabase(pool), ask, log);
  return {
    name: 'registration of products',
    everyMs,
    async round(stopping) {
      await registration.registerPending(stopping);
    },
    metrics: () => [],
  };
}
