/** What every route and every live feature of one gateway can use. */
import type { Config } from '../config.ts';
import type { Database } from '../persistence/database.ts';
import type { Ask } from '../protocol/command.ts';
import type { Log } from '../protocol/log.ts';
import type { KeyStore } from './key-store.ts';

/** How one shard is doing. */
export interface ShardRow {
  readonly shard: number;
  readonly partitions: number;
  readonly epoch: number;
  readonly actors: number;
  readonly mailboxDepth: number;
  readonly commandsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  readonly batchSizeAvg: number;
  readonly journalBytes: number;
  readonly snapshotAgeSeconds: number;
  readonly restarts: number;
}

export interface Services {
  readonly config: Config;
  /** Asks one actor, wherever its shard runs. */
  readonly ask: Ask;
  /** The key of the actor of `kind` that goes by another name, or null. Refuses with `busy` when a shard is away. */
  readonly find: (kind: string, name: string) => Promise<string | null>;
  /** One row a shard, for operators; a shard that does not answer is left out. */
  readonly shardStats: () => Promise<ShardRow[]>;
  readonly database: Database;
  /** Keeps the answers to idempotency keys. */
  readonly keys: KeyStore;
  readonly log: Log;
  /** Engine time in milliseconds. */
  readonly now: () => number;
  /** The secret from which the signing keys of all tokens are derived. */
  readonly tokenSecret: string;
  /** The secret with which others sign the webhooks that they send. */
  readonly webhookSecret: string;
}

/** Something that is made once for each gateway, when it is first wanted: a store, a cache, an index. */
export function perGateway<Part>(make: (services: Services) => Part): (services: Services) => Part {
  const partByServices = new WeakMap<Services, Part>();
  return (services) => {
    let part = partByServices.get(services);
    if (part === undefined) {
      part = make(services);
      partByServices.set(services, part);
    }
    return part;
  };
}
