/** Which threads share a worker. */
import type { Config } from '../config.ts';
import type { Role, WorkerName } from '../runtime/thread-messages.ts';

/** Joined are the shard and the gateway of one number; where there are more of one kind, the others run alone. */
export function workerOf(
  { threads, shards, gateways }: Pick<Config, 'threads' | 'shards' | 'gateways'>,
  role: Role,
  index: number,
): WorkerName {
  const isPaired = (role === 'shard' || role === 'gateway') && index < Math.min(shards, gateways);
  return threads === 'joined' && isPaired ? { role: 'joined', index } : { role, index };
}
