/**
 * One round's world: a fresh database (and Redis), lines to them that can be disturbed, and a real server process on
 * free ports that is killed and started as often as the fault wants.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
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
import { type Link, openLink } from './link.ts';
import { type OneProvider, openProvider } from './one-provider.ts';
import { openSmallDisk, type SmallDisk } from './small-disk.ts';
import { type DatabaseServer, type RedisStore, startDatabaseServer, startRedisStore } from './stores.ts';

export interface WorldOptions {
  /** `embedded`: the server brings its own PostgreSQL, with the journal in it. */
  readonly journal: 'redis' | 'postgres' | 'embedded';
  readonly shards?: number;
  readonly redis?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** False: the fault starts the server itself. */
  readonly isStarted?: boolean;
  /** One payment provider outside of the servers, for rounds with two of them. */
  readonly hasOneProvider?: boolean;
  /** This store lies on a small disk of its own. */
  readonly onSmallDisk?: 'redis' | 'postgres';
}

export interface World {
  readonly site: Site;
  readonly env: Readonly<Record<string, string>>;
  readonly databaseServer: DatabaseServer;
  /** null with an embedded database. */
  readonly databaseLink: Link | null;
  readonly redis: RedisStore | null;
  readonly disk: SmallDisk | null;
  /** Where the payment sandbox is. */
  readonly providerUrl: string;
  /** The line that carries appends to the journal; null with an embedded database. */
  readonly journalLink: Link | null;
  /** Connections on which appends travel, by their first words. */
  readonly appends: RegExp;
  readonly server: ServerProcess;
  /** Where buyers go: the server that was started last, unless the fault says otherwise. */
  url: string;
  /** Starts that succeeded, after the first: -1 before it. */
  readonly restarts: number;
  start(): Promise<ServerProcess>;
  /** kill -9, and wait for the end. */
  kill(): Promise<void>;
  /** Starts a server that may not get far, without waiting for it. */
  launch(): Child;
  /**
   * A second server on the same data, which becomes `server`; buyers still go where they went. Unless there is one
   * provider for all, it gets a copy of the first one's books: nothing may be under way at the till then.
   */
  startSecond(): Promise<ServerProcess>;
  /** The database's address, past the line. */
  tablesUrl(): Promise<string>;
  /** A database connection for the audit, past the line. Ended by `close`. */
  tables(): Promise<pg.Client>;
  close(): Promise<void>;
}

const tokenSecret = 'the-fault-suite-signs-its-tokens-with-this';
let nextDatabase = 1;

export async function openWorld(shared: DatabaseServer, options: WorldOptions): Promise<World> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    const errors: unknown[] = [];
    // What cannot be closed must not keep the rest open.
    for (const one of closing.splice(0)) await one().catch((error) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  return build(shared, options, closing, close).catch(async (error) => {
    await close();
    throw error;
  });
}

const diskMegabytes = { redis: 24, postgres: 160 } as const;

async function build(
  shared: DatabaseServer,
  options: WorldOptions,
  closing: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<World> {
  const isEmbedded = options.journal === 'embedded';
  const { onSmallDisk } = options;
  const disk = onSmallDisk ? await openSmallDisk(diskMegabytes[onSmallDisk]) : null;
  if (disk) closing.unshift(() => disk.close());
  const databaseServer = onSmallDisk === 'postgres' ? await startDatabaseServer(disk!.folder) : shared;
  if (databaseServer !== shared) closing.unshift(() => databaseServer.stop());
  await databaseServer.resume();
  const database = `faults_${process.pid}_${nextDatabase++}`;
  let databaseLink: Link | null = null;
  if (!isEmbedded) {
    await databaseServer.create(database);
    closing.unshift(() => databaseServer.drop(database));
    databaseLink = await openLink(databaseServer.port);
    closing.unshift(() => databaseLink!.close());
  }
  const redis =
    options.journal === 'redis'
      ? await startRedisStore(options.redis ?? {}, onSmallDisk === 'redis' ? disk!.folder : undefined)
      : null;
  if (redis) closing.unshift(() => redis.stop());
  const provider: OneProvider | null = options.hasOneProvider ? await openProvider() : null;
  if (provider) closing.unshift(() => provider.close());

  const env: Record<string, string> = {
    SHARDS: String(options.shards ?? 1),
    GATEWAYS: '1',
    TOKEN_SECRET: tokenSecret,
    ...(databaseLink ? { DATABASE_URL: databaseServer.url(database, databaseLink.port) } : {}),
    ...(redis ? { REDIS_URL: redis.url } : {}),
    ...provider?.env,
    ...options.env,
  };
  const site = await openSite(env);
  closing.unshift(async () => {
    if (restarts >= 0 && site.server.isRunning) process.kill(site.server.pid, 'SIGCONT');
    await site.close();
  });
  let restarts = -1;
  let second: ServerProcess | null = null;
  let url = '';
  let client: pg.Client | null = null;

  function goTo(there: string): void {
    url = there;
    provider?.tell(there);
  }

  async function tablesUrl(): Promise<string> {
    if (!isEmbedded) return databaseServer.url(database);
    const password = (await readFile(join(site.dataDir, 'postgres.password'), 'utf8')).trim();
    const { port } = (await postmasterOf(site.dataDir))!;
    return `postgres://doorbuster:${password}@127.0.0.1:${port}/doorbuster`;
  }

  return {
    site,
    env,
    databaseServer,
    databaseLink,
    redis,
    disk,
    get providerUrl() {
      return provider?.url ?? (second ?? site.server).sandboxUrl!;
    },
    journalLink: redis?.link ?? databaseLink,
    appends: redis ? /doorbuster-journal-write/ : /shard-\d/,
    get server() {
      return second ?? site.server;
    },
    get url() {
      return url;
    },
    set url(there) {
      goTo(there);
    },
    get restarts() {
      return restarts;
    },
    async start() {
      const server = await site.start();
      restarts++;
      goTo(server.url);
      return server;
    },
    async kill() {
      await site.server.end('SIGKILL');
    },
    launch() {
      const child = runNode(['src/main.ts'], { ...quietEnv(site.dataDir), ...env });
      closing.unshift(async () => {
        child.process.kill('SIGKILL');
        await child.exited;
      });
      return child;
    },
    async startSecond() {
      const other = await openSite(env);
      closing.unshift(() => other.close());
      if (!provider) {
        await mkdir(join(other.dataDir, 'sandbox'));
        const books = join('sandbox', 'payments.jsonl');
        await copyFile(join(site.dataDir, books), join(other.dataDir, books));
      }
      second = await other.start();
      return second;
    },
    tablesUrl,
    async tables() {
      if (client) return client;
      const fresh = new pg.Client({ connectionString: await tablesUrl(), connectionTimeoutMillis: 3_000 });
      fresh.on('error', () => {});
      await fresh.connect();
      client = fresh;
      closing.unshift(() => fresh.end().catch(() => {}));
      return fresh;
    },
    close,
  };
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
