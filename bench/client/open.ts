/** Starts a client process for a job, and runs it as often as is wanted. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onBenchEnd } from '../baselines/children.ts';
import type { Job, JobResult } from './jobs.ts';

export interface ClientProcess {
  run(): Promise<JobResult>;
  close(): Promise<void>;
}

/** Everything is connected when this resolves. */
export async function openClient(job: Job): Promise<ClientProcess> {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    env: { PATH: process.env.PATH },
    execArgv: ['--max-semi-space-size=32'],
  });
  const forget = onBenchEnd(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the load generator ended with ${code}`);
  });
  // Only whoever waits for an answer is told.
  ended.catch(() => {});
  const answer = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  child.send(job);
  await answer();
  return {
    async run() {
      child.send('go');
      return answer();
    },
    async close() {
      child.kill('SIGKILL');
      await ended.catch(() => {});
      forget();
    },
  };
}

export async function runOnce(job: Job): Promise<JobResult> {
  const client = await openClient(job);
  try {
    return await client.run();
  } finally {
    await client.close();
  }
}
