import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isPostgresAlive } from '../../../src/persistence/embedded/postmaster.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../../src/persistence/embedded/server.ts';
import { migrate } from '../../../src/persistence/migrate.ts';
import { temporaryFolder, testLog, until } from '../support.ts';

const embeddedModule = new URL('../../../src/persistence/embedded/server.ts', import.meta.url).href;

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  let folder: string;
  let running: EmbeddedPostgres | null = null;
  beforeAll(async () => {
    folder = join(await temporaryFolder(), 'data');
  });
  afterEach(async () => {
    await running?.stop();
    running = null;
  });
  afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

  async function start() {
    running = await startEmbedded(folder, testLog);
    return running;
  }

  it('starts from nothing, keeps data over a stop and frees everything', async () => {
    const first = await start();
    expect(first.isAdopted).toBe(false);
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    expect(isPostgresAlive(first.pid)).toBe(false);
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false);
    const second = await start();
    expect(second.isAdopted).toBe(false);
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await ask(second.url, 'show synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
  });

  it('leaves alone the ports that others are going to listen on, such as the operators’', async () => {
    const portOf = (port: number) => port % 64 === 1;
    const taken = Array.from({ length: 65_536 }, (_, port) => port).filter((port) => !portOf(port));
    running = await startEmbedded(folder, testLog, taken);
    expect(portOf(Number(new URL(running.url).port))).toBe(true);
  });

  it('keeps its password to itself and listens on the loopback only', async () => {
    const { url } = await start();
    expect((await stat(join(folder, 'postgres.password'))).mode & 0o777).toBe(0o600);
    expect(await ask(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const wrong = new URL(url);
    wrong.password = 'guess';
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('says so when the password file is not the one of the cluster, and leaves nothing running', async () => {
    const { pid, stop } = await start();
    const file = join(folder, 'postgres.password');
    const password = await readFile(file, 'utf8');
    await stop();
    await writeFile(file, 'another one');
    await expect(startEmbedded(folder, testLog)).rejects.toThrow(/does not accept the password/);
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false);
    await writeFile(file, password);
    expect((await start()).pid).not.toBe(pid);
  });

  it.runIf(process.platform === 'linux')('runs in a session of its own, out of reach of Ctrl-C', async () => {
    const { pid } = await start();
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
    expect(fields.slice(2, 4)).toEqual([String(pid), String(pid)]);
  });

  it('is found again after kill -9 of the server that started it, and stopped by the next', async () => {
    const script = `const { startEmbedded } = await import(${JSON.stringify(embeddedModule)});
      const { pid } = await startEmbedded(${JSON.stringify(folder)}, () => {});
      console.log('pid ' + pid);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await until(() => said.includes('\n'), 30_000);
    const pid = Number(said.split(' ')[1]);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(isPostgresAlive(pid)).toBe(true);
    const adopted = await start();
    expect(adopted).toMatchObject({ pid, isAdopted: true });
    expect(await ask(adopted.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await adopted.stop();
    expect(isPostgresAlive(pid)).toBe(false);
  });

  it('starts again after PostgreSQL itself was killed', async () => {
    const { pid } = await start();
    process.kill(pid, 'SIGKILL');
    await until(() => !isPostgresAlive(pid));
    const next = await start();
    expect(next.pid).not.toBe(pid);
    expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is not misled by a pid file that names another program', async () => {
    const { stop } = await start();
    await stop();
    const pidFile = join(folder, 'postgres', 'postmaster.pid');
    await writeFile(
      pidFile,
      `${process.pid}\n${join(folder, 'postgres')}\n1\n5432\n\n127.0.0.1\n 1 2\nready\n`,
    );
    const next = await start();
    expect(next.isAdopted).toBe(false);
    expect((await readFile(pidFile, 'utf8')).split('\n')[0]).toBe(String(next.pid));
  });

  it('leaves no half-made cluster behind: what a kill left aside is made anew', async () => {
    const other = join(folder, '..', 'other');
    await mkdir(join(other, 'postgres.new', 'base'), { recursive: true });
    running = await startEmbedded(other, testLog);
    expect(existsSync(join(other, 'postgres.new'))).toBe(false);
    expect(await ask(running.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it.runIf(process.getuid?.() === 0)('reaches a folder below one that is closed to other users', async () => {
    const closed = join(folder, '..', 'closed');
    await mkdir(closed);
    await chmod(closed, 0o700);
    running = await startEmbedded(join(closed, 'data'), testLog);
    const owner = (await stat(join(closed, 'data', 'postgres'))).uid;
    expect(owner).not.toBe(0);
    const status = await readFile(`/proc/${running.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\s+${owner}\\s`, 'm'));
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
  });

  it('is brought up to date once, however often and by how many servers at a time', async () => {
    const { url } = await start();
    await ask(url, 'create database fresh');
    const fresh = new URL(url);
    fresh.pathname = '/fresh';
    const runs = await Promise.all([1, 2, 3].map(() => migrate(fresh.href, testLog)));
    const names = runs.flat();
    expect(names[0]).toBe('0001_engine');
    expect(new Set(names).size).toBe(names.length);
    expect(runs.filter((run) => run.length > 0)).toHaveLength(1);
    expect(await migrate(fresh.href, testLog)).toEqual([]);
    expect(
      await ask(fresh.href, 'select count(*)::int as n, max(partition) as last from partitions'),
    ).toEqual([{ n: 64, last: 63 }]);
  });
});
