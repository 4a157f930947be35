/**
 * A real PostgreSQL for those who bring none: cluster under `<dataDir>/postgres`, password in `<dataDir>/postgres.password`
 * (mode 600), log in `<dataDir>/postgres.log`, listening on 127.0.0.1 only.
 *
 * 1. PostgreSQL runs in its own session, so Ctrl-C reaches us alone and it is stopped last, by `stop`.
 * 2. It outlives a kill -9 of ours. The next start finds it, makes sure that it is ours and goes on with it.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, realpath, stat, truncate } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import { findBinaries } from './binaries.ts';
import { type Cluster, makeCluster, readOrMakePassword } from './cluster.ts';
import { freePort } from './free-port.ts';
import { isPostgresAlive, readPostmaster, removeStalePidFile, stopPostmaster } from './postmaster.ts';
import { type RunAs, runAsPostgres } from './unprivileged.ts';

export interface EmbeddedPostgres {
  readonly url: string;
  readonly pid: number;
  /** True when it was running already, left by a server that was killed. */
  readonly isAdopted: boolean;
  stop(): Promise<void>;
}

const userName = 'doorbuster';
const databaseName = 'doorbuster';
const startTimeoutMs = 60_000;
const startTriesMax = 3;
const stopTimeoutMs = 8_000;
const logBytesMax = 8 * 1024 * 1024;

const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '256MB',
  synchronous_commit: 'on',
  max_wal_size: '1GB',
  min_wal_size: '128MB',
  checkpoint_timeout: '5min',
  autovacuum_naptime: '15s',
  jit: 'off',
  // Errors of statements reach their callers; the file is for the server's own news.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  // A statement whose client is gone gives its locks back.
  ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '1s' }),
};

interface Place extends Cluster {
  readonly logFile: string;
}

const urlOf = (place: Place, port: number, database = databaseName) =>
  `postgres://${userName}:${place.password}@127.0.0.1:${port}/${database}`;

/** Connects and asks for the data folder: false when nobody answers yet, an error when it is somebody else's server. */
async function isServing(place: Place, port: number): Promise<boolean> {
  const client = new pg.Client({
    connectionString: urlOf(place, port, 'postgres'),
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    // Wrong password or no such user: waiting will not change it.
    if (String((error as { code?: string }).code).startsWith('28')) {
      throw new DoorbusterError(
        'internal_error',
        `the PostgreSQL on port ${port} does not accept the password in ${place.folder}.password`,
      );
    }
    return false;
  }
  try {
    const { rows } = await client.query(
      "select current_setting('data_directory') as folder, exists(select from pg_database where datname = $1) as exists",
      [databaseName],
    );
    if ((await realpath(rows[0].folder)) !== (await realpath(place.folder)))
      throw new DoorbusterError(
        'internal_error',
        `port ${port} is served by a PostgreSQL on ${rows[0].folder}`,
      );
    if (!rows[0].exists) await client.query(`create database ${databaseName}`);
    return true;
  } finally {
    await client.end();
  }
}

function lastLines(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
}

/** Answers with the pid, or null when the server ended before it was ready. */
async function startServer(
  place: Place,
  runAs: RunAs,
  postgres: string,
  port: number,
): Promise<number | null> {
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { program, args, options } = runAs.command(postgres, [
    '-D',
    place.folder,
    '-p',
    String(port),
    ...given,
  ]);
  // A file, not a pipe: it has to outlive this process.
  const log = openSync(place.logFile, 'a', 0o600);
  const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  child.once('error', () => {
    hasEnded = true;
  });
  child.unref();
  const deadlineMs = performance.now() + startTimeoutMs;
  let isReady = false;
  try {
    while (!hasEnded && !isReady && performance.now() < deadlineMs) {
      const found = readPostmaster(place.folder);
      isReady = found?.pid === child.pid && found?.status === 'ready' && (await isServing(place, port));
      if (!isReady) await wait(10);
    }
  } finally {
    if (!isReady && !hasEnded && child.pid) await stopPostmaster(place.folder, child.pid, stopTimeoutMs);
  }
  return isReady && child.pid ? child.pid : null;
}

/** The server that is already running on the folder, once it answers; null when there is none (any more). */
async function adopt(place: Place): Promise<{ pid: number; port: number } | null> {
  const deadlineMs = performance.now() + startTimeoutMs;
  for (;;) {
    const found = readPostmaster(place.folder);
    if (!found || !isPostgresAlive(found.pid)) return null;
    if (found.status === 'ready' && (await isServing(place, found.port))) return found;
    if (performance.now() > deadlineMs) {
      throw new DoorbusterError(
        'internal_error',
        `process ${found.pid} holds ${place.folder} but does not answer (${found.status || 'no status'}): stop it and start again`,
      );
    }
    await wait(20);
  }
}

/** `taken`: ports that others are going to listen on. */
export async function startEmbedded(
  dataDir: string,
  log: Log,
  taken: readonly number[] = [],
): Promise<EmbeddedPostgres> {
  const home = resolve(dataDir);
  await mkdir(home, { recursive: true });
  const { initdb, postgres } = await findBinaries();
  // This folder is ours, so whoever runs PostgreSQL may pass through it; the files in it keep their own modes.
  if (process.getuid?.() === 0) await chmod(home, (await stat(home)).mode | 0o011);
  const runAs = await runAsPostgres([postgres, join(home, 'postgres')]);
  const place: Place = {
    folder: join(home, 'postgres'),
    userName,
    logFile: join(home, 'postgres.log'),
    password: await readOrMakePassword(home),
  };
  const startedAtMs = performance.now();
  const running = (pid: number, port: number, isAdopted: boolean): EmbeddedPostgres => {
    log(
      'info',
      isAdopted ? 'embedded PostgreSQL was still running: going on with it' : 'embedded PostgreSQL runs',
      {
        pid,
        port,
        folder: place.folder,
        tookMs: Math.round(performance.now() - startedAtMs),
      },
    );
    return {
      url: urlOf(place, port),
      pid,
      isAdopted,
      async stop() {
        if (!(await stopPostmaster(place.folder, pid, stopTimeoutMs)))
          log('warn', 'embedded PostgreSQL did not stop in time and was cut off', { pid });
      },
    };
  };

  if (!existsSync(join(place.folder, 'PG_VERSION'))) await makeCluster(place, runAs, initdb);
  for (let attempt = 1; attempt <= startTriesMax; attempt++) {
    const adopted = await adopt(place);
    if (adopted) return running(adopted.pid, adopted.port, true);
    removeStalePidFile(place.folder);
    if (existsSync(place.logFile) && (await stat(place.logFile)).size > logBytesMax)
      await truncate(place.logFile);
    const port = await freePort('127.0.0.1', 0, taken);
    const pid = await startServer(place, runAs, postgres, port);
    if (pid !== null) return running(pid, port, false);
    // The port was taken meanwhile, or backends of a killed server are still letting go of the shared memory.
    await wait(300 * attempt);
  }
  throw new DoorbusterError('internal_error', `PostgreSQL does not start:\n${lastLines(place.logFile)}`);
}
