/**
 * One round's world: a fresh database (and Redis), lines to them that can be disturbed, and a real server process on
 * free ports that is killed and started as often as the fault wants.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { Elasticsearch } from '../support/elasticsearch.ts';
import {
  type Child,
  isAlive,
  openSite,
  postmasterOf,
  quietEnv,
  runNode,
  type ServerProcess,
  type Site,
  waitFor,
} from '../system/server.ts';
import { Link } from './link.ts';
import { type OneProvider, openProvider } from './one-provider.ts';
import { openSmallDisk, type SmallDisk } from './small-disk.ts';
import { type DatabaseServer, type RedisStore, startDatabaseServer, startRedisStore } from './stores.ts';

export interface WorldOptions {
  /** `embedded`: the server brings its own PostgreSQL, with the journal in it. */
  readonly journal: 'redis' | 'postgres' | 'embedded';
  readonly shards?: number;
  readonly threads?: 'apart' | 'joined';
  readonly redis?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** False: the fault starts the server itself. */
  readonly isStarted?: boolean;
  /** One payment provider outside of the servers, for rounds with two of them. */
  readonly hasOneProvider?: boolean;
  /** A node of its own; PostgreSQL searches otherwise. */
  readonly hasElasticsearch?: boolean;
  /** This store lies on a small disk of its own. */
  readonly onSmallDisk?: 'redis' | 'postgres';
}

const tokenSecret = 'the-fault-suite-signs-its-tokens-with-this';
let nextDatabase = 1;

const diskMegabytes = { redis: 24, postgres: 160 } as const;

/** What is to be ended after the round: the last first, whatever the others say. */
class Closing {
  readonly #all: (() => Promise<unknown>)[] = [];

  add(close: () => Promise<unknown>): void {
    this.#all.unshift(close);
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    // What cannot be closed must not keep the rest open.
    for (const close of this.#all.splice(0)) await close().catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }
}

interface Stores {
  readonly databaseServer: DatabaseServer;
  /** null with an embedded database. */
  readonly database: string | null;
  /** null with an embedded database. */
  readonly databaseLink: Link | null;
  readonly redis: RedisStore | null;
  readonly disk: SmallDisk | null;
  readonly elasticsearch: Elasticsearch | null;
}

interface WorldParts extends Stores {
  readonly provider: OneProvider | null;
  readonly env: Readonly<Record<string, string>>;
  readonly site: Site;
  readonly closing: Closing;
}

export async function openWorld(shared: DatabaseServer, options: WorldOptions): Promise<World> {
  const closing = new Closing();
  try {
    const stores = await openStores(shared, options, closing);
    const provider = options.hasOneProvider ? await openProvider() : null;
    if (provider) closing.add(() => provider.close());
    const env = { ...environment(stores, options), ...provider?.env, ...options.env };
    return new World({ ...stores, provider, env, site: await openSite(env), closing });
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function openStores(shared: DatabaseServer, options: WorldOptions, closing: Closing): Promise<Stores> {
  const { onSmallDisk, journal } = options;
  const disk = onSmallDisk ? await openSmallDisk(diskMegabytes[onSmallDisk]) : null;
  if (disk) closing.add(() => disk.close());
  const databaseServer = onSmallDisk === 'postgres' ? await startDatabaseServer(disk!.folder) : shared;
  if (databaseServer !== shared) closing.add(() => databaseServer.stop());
  await databaseServer.resume();
  const database = journal === 'embedded' ? null : `faults_${process.pid}_${nextDatabase++}`;
  let databaseLink: Link | null = null;
  if (database !== null) {
    await databaseServer.create(database);
    closing.add(() => databaseServer.drop(database));
    databaseLink = await Link.open(databaseServer.port);
    closing.add(() => databaseLink!.close());
  }
  const redisFolder = onSmallDisk === 'redis' ? disk!.folder : undefined;
  const redis = journal === 'redis' ? await startRedisStore(options.redis ?? {}, redisFolder) : null;
  if (redis) closing.add(() => redis.stop());
  const elasticsearch = options.hasElasticsearch ? await Elasticsearch.start() : null;
  if (elasticsearch) closing.add(() => elasticsearch.stop());
  return { databaseServer, database, databaseLink, redis, disk, elasticsearch };
}

function environment(
  { databaseServer, database, databaseLink, redis, elasticsearch }: Stores,
  { shards = 1, threads = 'apart' }: WorldOptions,
): Record<string, string> {
  return {
    SHARDS: String(shards),
    THREADS: threads,
    GATEWAYS: '1',
    TOKEN_SECRET: tokenSecret,
    ...(database !== null && { DATABASE_URL: databaseServer.url(database, databaseLink!.port) }),
    ...(redis && { REDIS_URL: redis.url }),
    ...(elasticsearch && { ELASTICSEARCH_URL: elasticsearch.url }),
  };
}

export class World {
  readonly site: Site;
  readonly env: Readonly<Record<string, string>>;
  readonly databaseServer: DatabaseServer;
  /** null with an embedded database. */
  readonly databaseLink: Link | null;
  readonly redis: RedisStore | null;
  readonly disk: SmallDisk | null;
  readonly elasticsearch: Elasticsearch | null;
  /** The line that carries appends to the journal; null with an embedded database. */
  readonly journalLink: Link | null;
  /** Connections on which appends travel, by their first words. */
  readonly appends: RegExp;
  readonly #database: string | null;
  readonly #provider: OneProvider | null;
  readonly #closing: Closing;
  #restarts = -1;
  #second: ServerProcess | null = null;
  #url = '';
  #tables: pg.Client | null = null;

  constructor(parts: WorldParts) {
    this.site = parts.site;
    this.env = parts.env;
    this.databaseServer = parts.databaseServer;
    this.databaseLink = parts.databaseLink;
    this.redis = parts.redis;
    this.disk = parts.disk;
    this.elasticsearch = parts.elasticsearch;
    this.journalLink = parts.redis?.link ?? parts.databaseLink;
    this.appends = parts.redis ? /doorbuster-journal-write/ : /shard-\d/;
    this.#database = parts.database;
    this.#provider = parts.provider;
    this.#closing = parts.closing;
    this.#closing.add(async () => {
      const { site } = this;
      if (this.#restarts >= 0 && site.server.isRunning) process.kill(site.server.pid, 'SIGCONT');
      await site.close();
    });
  }

  /** Where the payment sandbox is. */
  get providerUrl(): string {
    return this.#provider?.url ?? this.server.sandboxUrl!;
  }

  get server(): ServerProcess {
    return this.#second ?? this.site.server;
  }

  /** Where buyers go: the server that was started last, unless the fault says otherwise. */
  get url(): string {
    return this.#url;
  }

  set url(there: string) {
    this.#url = there;
    this.#provider?.tell(there);
  }

  /** Starts that succeeded, after the first: -1 before it. */
  get restarts(): number {
    return this.#restarts;
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const server = await this.site.start(env);
    this.#restarts++;
    this.url = server.url;
    return server;
  }

  /** kill -9, and wait for the end. */
  async kill(): Promise<void> {
    await this.site.server.end('SIGKILL');
  }

  /** Starts a server that may not get far, without waiting for it. */
  launch(): Child {
    const child = runNode(['src/main.ts'], { ...quietEnv(this.site.dataDir), ...this.env });
    this.#closing.add(async () => {
      child.process.kill('SIGKILL');
      await child.exited;
    });
    return child;
  }

  /**
   * A second server on the same data, which becomes `server`; buyers still go where they went. Unless there is one
   * provider for all, it gets a copy of the first one's ledger: nothing may be under way at the till then. It replaces an
   * owner that lives, unless `env` says otherwise.
   */
  async startSecond(env: Record<string, string> = { TAKE_OVER: '1' }): Promise<ServerProcess> {
    const other = await openSite(this.env);
    this.#closing.add(() => other.close());
    if (!this.#provider) {
      await mkdir(join(other.dataDir, 'sandbox'));
      const ledger = join('sandbox', 'payments.jsonl');
      await copyFile(join(this.site.dataDir, ledger), join(other.dataDir, ledger));
    }
    this.#second = await other.start(env);
    return this.#second;
  }

  /** The database's address, past the line. */
  async tablesUrl(): Promise<string> {
    if (this.#database !== null) return this.databaseServer.url(this.#database);
    const { dataDir } = this.site;
    const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
    const { port } = (await postmasterOf(dataDir))!;
    return `postgres://doorbuster:${password}@127.0.0.1:${port}/doorbuster`;
  }

  /** A database connection for the audit, past the line. Ended by `close`. */
  async tables(): Promise<pg.Client> {
    if (this.#tables) return this.#tables;
    const connectionString = await this.tablesUrl();
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 3_000 });
    client.on('error', () => {});
    await client.connect();
    this.#tables = client;
    this.#closing.add(() => client.end().catch(() => {}));
    return client;
  }

  close(): Promise<void> {
    return this.#closing.run();
  }
}

/** Waits until the process is stopped by a signal (or goes on again): signals take a moment. */
export async function untilState(pid: number, isStopped: boolean): Promise<void> {
  await waitFor(async () => {
    if (!isAlive(pid)) throw new Error(`process ${pid} is gone`);
    const state = /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return (state === 'T') === isStopped;
  }, 5_000);
}

/** Stops a process for a while, as a hypervisor or a debugger would. */
export async function freeze(pid: number): Promise<() => Promise<void>> {
  process.kill(pid, 'SIGSTOP');
  await untilState(pid, true);
  return async () => {
    process.kill(pid, 'SIGCONT');
    await untilState(pid, false);
  };
}
