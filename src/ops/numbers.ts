/** Asks every thread for its numbers. */

import type { ShardStatsRow } from '../runtime/statistics.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { BackOfficeNumbers, GatewayNumbers, Numbers } from './report.ts';

export async function readNumbers(threads: Pick<Supervisor, 'stats'>): Promise<Numbers> {
  const [shards, gateways, backOffice] = await Promise.all([
    threads.stats('shard'),
    threads.stats('gateway'),
    threads.stats('back-office'),
  ]);
  return {
    shards: shards.map(({ body, restarts }) => ({ ...(body as ShardStatsRow), restarts })),
    gateways: gateways.map(({ body }) => body as GatewayNumbers),
    backOffice: (backOffice[0]?.body as BackOfficeNumbers | undefined) ?? null,
  };
}
