/**
 * Prometheus metrics, made at every scrape from the threads' own families (protocol/metric.ts): nothing is counted
 * twice, and a thread that does not answer is simply missing. Counters begin at 0 with their thread, which Prometheus
 * understands.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { type Family, gauge, merge } from '../protocol/metric.ts';
import type { Supervisor } from '../runtime/supervisor.ts';

type Threads = Pick<Supervisor, 'stats'>;

/** Of a thread's numbers, those shown here. */
export interface Counting {
  readonly metrics?: readonly Family[];
}

const roles = ['shard', 'gateway', 'back-office'] as const;

/** Memory, event loop and descriptors of the process; once per process. */
const processRegistry = new Registry();
collectDefaultMetrics({ register: processRegistry });

export async function readFamilies(threads: Threads): Promise<Family[]> {
  const rows = await Promise.all(roles.map((role) => threads.stats(role)));
  const [shards] = rows;
  const restarts = shards!.map(({ index, restarts }) => ({ labels: { shard: index }, value: restarts }));
  return merge([
    ...rows.flat().flatMap(({ body }) => (body as Counting).metrics ?? []),
    gauge('doorbuster_shard_restarts', 'Restarts of the shard worker in this run', restarts),
  ]);
}

/** The text exposition format. */
export async function exposition(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  for (const { samples, ...family } of families) {
    const metric = { ...family, values: samples };
    // The registry asks a metric for its values by `get`; ours are at hand already.
    registry.registerMetric({ ...metric, get: async () => metric } as unknown as Metric);
  }
  return `${await registry.metrics()}${await processRegistry.metrics()}`;
}
