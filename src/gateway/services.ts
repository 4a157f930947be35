/** What every route and every live channel of one gateway can use. */
import type { Config } from '../config.ts';
import type { Database } from '../persistence/database.ts';
import type { Ask } from '../protocol/command.ts';
import type { Log } from '../protocol/log.ts';

export interface Services {
  readonly config: Config;
  /** Asks one actor, wherever its shard runs. */
  readonly ask: Ask;
  /** The key of the actor of `kind` that goes by another name, or null. Refuses with `busy` when a shard is away. */
  readonly find: (kind: string, name: string) => Promise<string | null>;
  /** One row a shard, for operators; a shard that does not answer is left out. */
  readonly shardStats: () => Promise<readonly object[]>;
  readonly database: Database;
  readonly log: Log;
  /** Engine time in milliseconds. */
  readonly now: () => number;
  /** Names this server run: a keyed request left open by an earlier run may be run again. */
  readonly run: string;
  /** Signing secret of access and admission tokens. */
  readonly tokenSecret: string;
  /** Signing secret of payment webhooks. */
  readonly webhookSecret: string;
}

/** Something that is made once for each gateway, when it is first wanted: a store, a cache, an index. */
export function perGateway<Part>(make: (services: Services) => Part): (services: Services) => Part {
  const made = new WeakMap<Services, Part>();
  return (services) => {
    let part = made.get(services);
    if (part === undefined) {
      part = make(services);
      made.set(services, part);
    }
    return part;
  };
}
