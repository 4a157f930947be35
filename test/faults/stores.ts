/**
 * The stores of the suite: one PostgreSQL cluster whose server can be ended and started again, a fresh database per
 * round in it, and a private Redis per round.
 */
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbedded } from '../../src/persistence/embedded/server.ts';
import { startTestRedis, type TestRedis, temporaryFolder } from '../persistence/support.ts';
import { isAlive } from '../system/server.ts';
import { Link } from './link.ts';

/** Errors of a server that was ended on purpose are no news. */
const quiet = () => {};

export interface DatabaseServer {
  readonly port: number;
  readonly isRunning: boolean;
  /** Ends the server in order ("fast": sessions are cut off); its data stays. */
  halt(): Promise<void>;
  /** Starts it again; the port may be another one. */
  resume(): Promise<void>;
  /** A new empty database's address at this port. */
  create(name: string): Promise<void>;
  drop(name: string): Promise<void>;
  url(name: string, port?: number): string;
  stop(): Promise<void>;
}

/** `place`: a folder that stays when the server is gone; without one a temporary folder, which does not. */
export async function startDatabaseServer(place?: string): Promise<DatabaseServer> {
  const folder = place ?? (await temporaryFolder());
  let server: EmbeddedPostgres | null = await startEmbedded(folder, quiet);
  let last = server;
  const portOf = () => Number(new URL(last.url).port);

  function url(name: string, port = portOf()): string {
    const address = new URL(last.url);
    address.pathname = `/${name}`;
    address.port = String(port);
    return address.href;
  }
  async function administer(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }
  async function halt(): Promise<void> {
    const ending = server;
    server = null;
    await ending?.stop();
  }
  async function resume(): Promise<void> {
    // It may have ended by itself.
    if (server && !isAlive(server.pid)) server = null;
    server ??= await startEmbedded(folder, quiet);
    last = server;
  }
  return {
    get port() {
      return portOf();
    },
    get isRunning() {
      return server !== null && isAlive(server.pid);
    },
    halt,
    resume,
    create: (name) => administer(`create database ${name}`),
    async drop(name) {
      await resume();
      await administer(`drop database if exists ${name} with (force)`);
    },
    url,
    async stop() {
      await halt();
      if (place === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisStore {
  readonly server: TestRedis;
  readonly link: Link;
  /** Through the link. */
  readonly url: string;
  /** Where its files are. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** `place` as for the database server. */
export async function startRedisStore(
  settings: Readonly<Record<string, string>>,
  place?: string,
): Promise<RedisStore> {
  const folder = place ?? (await temporaryFolder());
  const server = await startTestRedis({ ...settings, dir: folder });
  const link = await Link.open(server.port);
  return {
    server,
    link,
    url: `redis://127.0.0.1:${link.port}`,
    folder,
    async stop() {
      // A paused process does not hear of its end.
      if (isAlive(server.pid)) process.kill(server.pid, 'SIGCONT');
      await link.close();
      await server.stop();
      if (place === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
