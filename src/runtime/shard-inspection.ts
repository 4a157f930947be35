/** Questions about a shard itself, not about one of its actors. They are addressed to `shard/<index>`. */
import { type AnyCommand, commandsTo, type Sent } from '../protocol/command.ts';
import type { ReplyTo } from './mailbox.ts';
import type { Shard } from './shard.ts';
import type { ShardStatsRow } from './statistics.ts';

const command = commandsTo('shard');

/** The key of the actor of `kind` that goes by another name, or null; and the partitions in which the shard can know. */
export const findName = command('FindName')
  .takes<{ readonly kind: string; readonly name: string }>()
  .answers<{ readonly key: string | null; readonly partitions: readonly number[] }>();
/** The newest durable frame of each partition that the shard runs. */
export const readPositions = command('ReadPositions').takes<object>().answers<readonly Position[]>();
export const readStats = command('ReadStats').takes<object>().answers<ShardStatsRow>();

export type Position = readonly [partition: number, seq: number];
type ShardCommand = Sent<typeof findName | typeof readPositions | typeof readStats>;

/** `received`: as it came from another thread. */
export function inspectShard(shard: Shard, received: AnyCommand, reply: ReplyTo): void {
  const asked = received as ShardCommand;
  switch (asked.type) {
    case 'FindName':
      reply('ok', { key: shard.find(asked.kind, asked.name), partitions: shard.searched() });
      break;
    case 'ReadPositions':
      reply('ok', shard.positions());
      break;
    case 'ReadStats':
      reply('ok', shard.stats());
      break;
    default:
      reply('not_found', null);
  }
}
