/**
 * Real stores for tests: one embedded PostgreSQL per test file (started at first use, stopped with its last
 * database), a fresh migrated database per call, and a private Redis that can be stopped and started again.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/persistence/embedded/server.ts';
import { migrate } from '../../src/persistence/migrate.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import type { Log } from '../../src/protocol/log.ts';

/** Keeps quiet except for what would explain a failing test. */
export const testLog: Log = (level, message, fields) => {
  if (level === 'error') console.error(message, fields ?? '');
};

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Waits until `condition` holds (answers something truthy), at most 10 s unless told. */
export async function until<Result>(
  condition: () => Result | Promise<Result>,
  limitMs = 10_000,
): Promise<NonNullable<Result>> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (performance.now() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await wait(5);
  }
}

export interface TestPostgres {
  readonly url: string;
  readonly server: EmbeddedPostgres;
  stop(): Promise<void>;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await temporaryFolder();
  const server = await startEmbedded(folder, testLog);
  return {
    url: server.url,
    server,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

let shared: Promise<TestPostgres> | null = null;
let openDatabases = 0;
let nextDatabase = 1;

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A fresh database with all migrations applied. The last `close` of a test file stops its server. */
export async function testDatabase(): Promise<TestDatabase> {
  shared ??= startTestPostgres();
  openDatabases++;
  const server = await shared;
  const name = `test_${nextDatabase++}`;
  await administer(server.url, `create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  await migrate(url.href, testLog);
  const pool = openPool(url.href, { max: 8, name });
  return {
    url: url.href,
    pool,
    async close() {
      await pool.end();
      if (--openDatabases > 0) return;
      shared = null;
      await server.stop();
    },
  };
}

/** Null when Redis can be started here, otherwise why not. */
export function whyNoRedis(): string | null {
  const found = spawnSync('redis-server', ['--version']);
  return found.status === 0 ? null : 'redis-server is not installed';
}

function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the process; its data stays. SIGTERM is orderly, SIGKILL a crash. */
  halt(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port and data. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** A private Redis on a free port, with `appendonly yes` and `appendfsync always` unless told otherwise. */
export async function startTestRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const folder = await temporaryFolder();
  const port = await freePort('127.0.0.1', 0);
  let child: ChildProcess | null = null;
  const given: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    ...settings,
  };
  async function resume() {
    const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);
    const started = spawn('redis-server', args, { stdio: 'ignore' });
    child = started;
    await until(() => {
      if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
      return isListening(port);
    });
  }
  async function halt(signal: NodeJS.Signals) {
    if (!child) return;
    const ending = child;
    child = null;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  }
  await resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    halt,
    resume,
    async stop() {
      await halt('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
