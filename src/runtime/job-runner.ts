/** Runs jobs, each in rounds of its own. A job that fails is logged once until a round of it succeeds again. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Job } from '../protocol/job.ts';
import type { Log } from '../protocol/log.ts';
import type { Family } from '../protocol/metric.ts';

export class JobRunner {
  readonly #jobs: readonly Job[];
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(jobs: readonly Job[], log: Log) {
    this.#jobs = jobs;
    this.#log = log;
    this.#running = Promise.all(jobs.map((job) => this.#run(job)));
  }

  metrics(): Family[] {
    return this.#jobs.flatMap((job) => job.metrics());
  }

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(job: Job): Promise<void> {
    const { signal } = this.#stopping;
    let hasFailed = false;
    while (!signal.aborted) {
      try {
        await wait(job.everyMs, null, { signal, ref: false });
        await job.round(signal);
        hasFailed = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!hasFailed) this.#log('warn', 'a background job fails', { job: job.name, error: String(error) });
        hasFailed = true;
      }
    }
  }
}
