/** The engine as tests ask it: by kind, key and the command as it travels; and as the gateway's services see it. */
import type { Services } from '../../src/gateway/route.ts';
import { ActorKeyStore } from '../../src/market/idempotency/store.ts';
import { OverviewReader } from '../../src/ops/overview.ts';
import type { Database } from '../../src/persistence/database.ts';
import type { Answer } from '../../src/protocol/answer.ts';
import type { AnyCommand, Ask } from '../../src/protocol/command.ts';
import type { ShardRow } from '../../src/protocol/shard-row.ts';

export interface Shards {
  ask(kind: string, key: string, command: AnyCommand & Record<string, unknown>): Promise<Answer>;
  find(kind: string, name: string): Promise<string | null>;
  stats(): Promise<ShardRow[]>;
}

/** Looks `ask` up at every call: some tests stand between the gateway and the engine. */
export function engineServices(
  shards: Shards,
  run: string,
): Pick<Services, 'ask' | 'find' | 'shardStats' | 'overview' | 'keys'> {
  // As main would make it, of shards alone.
  const overview = new OverviewReader({
    threads: {
      states: () => [],
      stats: async (role) =>
        role === 'shard'
          ? (await shards.stats()).map((body) => ({ index: body.shard, restarts: 0, body }))
          : [],
    },
    pool: () => null,
    journal: () => ({ kind: 'postgresql', durability: 'in memory, for tests' }),
    now: Date.now,
  });
  const ask: Ask = ({ kind, type }, key, fields) => shards.ask(kind, key, { type, ...fields }) as never;
  return {
    ask,
    find: (kind, name) => shards.find(kind, name),
    shardStats: () => shards.stats(),
    overview: () => overview.read(),
    keys: new ActorKeyStore(ask, { name: run }),
  };
}

/** Tables without rows: for gateways that follow no journal. To whoever waits until a row is there it says so at once. */
export const emptyDatabase: Database = {
  query: async (text) => (text.startsWith('SELECT 1 ') ? ([{}] as never[]) : []),
  transaction: (work) => work(async () => []),
};
