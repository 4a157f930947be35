/**
 * A real standby of a real PostgreSQL, streaming from it: the embedded programs have no pg_basebackup, so the data folder is
 * copied between the start and the end of a backup.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, chown, cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findBinaries } from '../../src/persistence/embedded/binaries.ts';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { runAsPostgres } from '../../src/persistence/embedded/unprivileged.ts';
import { temporaryFolder, until } from '../persistence/support.ts';

export interface Standby {
  /** Of the same database as the primary's. */
  readonly url: string;
  readonly pid: number;
  /** Statements as its administrator: pausing and resuming replay, promoting it. */
  run(sql: string): Promise<void>;
  /** Ends it like a crash. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** `primaryUrl`: of a database on an embedded PostgreSQL of this machine. */
export async function startStandby(primaryUrl: string): Promise<Standby> {
  const home = await temporaryFolder();
  const folder = join(home, 'postgres');
  const { postgres } = await findBinaries();
  const runAs = await runAsPostgres([postgres, folder]);
  await copyCluster(primaryUrl, folder);
  if (runAs.user !== null) await giveTo(folder, runAs.user);
  const port = await freePort('127.0.0.1', 0);
  const { program, args, options } = runAs.command(postgres, [
    ...['-D', folder, '-p', String(port)],
    ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'max_connections=60'],
  ]);
  const child = spawn(program, args, { ...options, stdio: 'ignore' });
  const url = new URL(primaryUrl);
  url.port = String(port);
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the standby ended with ${child.exitCode}`);
    return ask(url.href, 'SELECT 1').catch(() => null);
  }, 30_000);
  return {
    url: url.href,
    pid: child.pid!,
    run: async (sql) => void (await ask(url.href, sql)),
    kill: () => end(child, 'SIGQUIT'),
    async stop() {
      await end(child, 'SIGQUIT');
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill(signal);
  await ended;
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

async function copyCluster(primaryUrl: string, folder: string): Promise<void> {
  const client = new pg.Client({ connectionString: primaryUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT current_setting('data_directory') AS from, pg_backup_start('test', true)",
    );
    await cp(rows[0].from, folder, {
      recursive: true,
      filter: (path) => !/postmaster\.(pid|opts)$|pg_internal\.init$/.test(path),
    });
    const { rows: ended } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    await writeFile(join(folder, 'backup_label'), ended[0].labelfile);
    await writeFile(join(folder, 'standby.signal'), '');
    const { hostname, port, username, password } = new URL(primaryUrl);
    const primary = `host=${hostname} port=${port} user=${username} password=${password}`;
    await appendFile(join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
    await chmod(folder, 0o700);
  } finally {
    await client.end();
  }
}

async function giveTo(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await chown(folder, uid, gid);
  for (const name of await readdir(folder, { recursive: true })) await chown(join(folder, name), uid, gid);
}
