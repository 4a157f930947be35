/** Case 06: only the settings in README.md decide how the shop reaches its stores. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { testDatabase } from '../persistence/support.ts';
import { makeDataDir, quietEnv, removeDataDir, runNode, type ServerProcess, startServer } from './server.ts';

/** Everything that PostgreSQL's tools, libpq, the driver and other programs read, with values that lead elsewhere. */
const foreign: Readonly<Record<string, string>> = {
  PGSSLMODE: 'require',
  PGSSLNEGOTIATION: 'direct',
  PGSSLROOTCERT: '/nowhere/root.crt',
  PGSSLCERT: '/nowhere/client.crt',
  PGSSLKEY: '/nowhere/client.key',
  PGREQUIRESSL: '1',
  PGREQUIREAUTH: 'gss',
  PGCHANNELBINDING: 'require',
  PGGSSENCMODE: 'require',
  PGHOST: 'nowhere.invalid',
  PGHOSTADDR: '192.0.2.1',
  PGPORT: '1',
  PGUSER: 'somebody',
  PGPASSWORD: 'guess',
  PGPASSFILE: '/nowhere/pgpass',
  PGDATABASE: 'elsewhere',
  PGSERVICE: 'nowhere',
  PGSERVICEFILE: '/nowhere/service',
  PGOPTIONS: '-c search_path=nowhere -c default_transaction_read_only=on',
  PGAPPNAME: 'shard-0',
  PGCLIENTENCODING: 'LATIN1',
  PGCLIENT_ENCODING: 'LATIN1',
  PGREPLICATION: 'database',
  PGBINARY: 'true',
  PGTZ: 'Pacific/Kiritimati',
  PGDATESTYLE: 'SQL, DMY',
  PGGEQO: 'off',
  PGDATA: '/nowhere/data',
  PGCTLTIMEOUT: '1',
  PGCONNECT_TIMEOUT: '1',
  PGTARGETSESSIONATTRS: 'read-only',
  PGSYSCONFDIR: '/nowhere',
  PG_COLOR: 'always',
  NODE_PG_FORCE_NATIVE: '1',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  LANG: 'xx_YY.UTF-99',
  LC_ALL: 'xx_YY.UTF-99',
  LC_MESSAGES: 'tlh',
  TZ: 'Pacific/Kiritimati',
  REDISCLI_AUTH: 'guess',
  REDIS_HOST: 'nowhere.invalid',
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: 'http://127.0.0.1:1',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  http_proxy: 'http://127.0.0.1:1',
  ALL_PROXY: 'http://127.0.0.1:1',
  USER: 'somebody',
};

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function folder(): Promise<string> {
  const dataDir = await makeDataDir();
  closers.push(() => removeDataDir(dataDir));
  return dataDir;
}

async function start(env: Record<string, string>, dataDir?: string): Promise<ServerProcess> {
  const server = await startServer(dataDir ?? (await folder()), env);
  closers.push(async () => {
    if (server.isRunning) await server.end('SIGTERM');
  });
  return server;
}

async function expectReady(server: ServerProcess): Promise<void> {
  expect((await fetch(`${server.opsUrl}/readyz`)).status).toBe(200);
  expect(server.errors()).toEqual([]);
}

describe('case 06: variables of other programs', () => {
  it('change nothing with the embedded database, from initdb to the sample data and the audit', async () => {
    const dataDir = await folder();
    const env = { ...foreign, SAMPLE: '1' };
    const server = await start(env, dataDir);
    await expectReady(server);
    expect(server.banner).toMatch(/Open now +\S+\/drops\/sal_/);
    for (const args of [['src/cli/audit.ts'], ['src/cli/recover.ts', '--list']]) {
      const command = runNode(args, { ...quietEnv(dataDir), ...env, OPS_PORT: new URL(server.opsUrl).port });
      expect(await command.exited, command.err()).toBe(0);
    }
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('change nothing with DATABASE_URL either, and ~/.pgpass is not read', async () => {
    const database = await testDatabase();
    closers.push(() => database.close());
    const home = await folder();
    const url = new URL(database.url);
    await writeFile(join(home, '.pgpass'), `*:*:*:*:${url.password}\n`, { mode: 0o600 });
    const env = { ...foreign, HOME: home, PGPASSFILE: join(home, '.pgpass') };
    await expectReady(await start({ ...env, DATABASE_URL: url.href }));
    const withoutPassword = new URL(url);
    withoutPassword.password = '';
    const child = runNode(['src/main.ts'], {
      ...quietEnv(await folder()),
      ...env,
      PGPASSWORD: url.password,
      DATABASE_URL: withoutPassword.href,
    });
    expect(await child.exited).toBe(1);
    expect(child.err()).toMatch(/^doorbuster: cannot start: PostgreSQL at 127\.0\.0\.1:\d+: .*password/m);
  });

  it('fill no gap of DATABASE_URL: what it leaves out is localhost, the user of the system, and a database of its name', () => {
    const { username } = userInfo();
    const complete = (url: string) => {
      const {
        hostname,
        pathname,
        searchParams,
        username: user,
      } = new URL(readConfig({ DATABASE_URL: url }).databaseUrl!);
      return [hostname, searchParams.get('user') ?? user, pathname];
    };
    expect(complete('postgres://')).toEqual(['localhost', username, `/${username}`]);
    expect(complete('postgres:///shop')).toEqual(['localhost', username, '/shop']);
    expect(complete('postgres://db.internal')).toEqual(['db.internal', username, `/${username}`]);
    expect(complete('postgresql://ada@db.internal:6432/')).toEqual(['db.internal', 'ada', '/ada']);
    expect(complete('postgres://ada:x@db.internal/shop?sslmode=verify-full')).toEqual([
      'db.internal',
      'ada',
      '/shop',
    ]);
  });
});

describe('a start that cannot succeed', () => {
  it.each([
    [
      'nobody listens there',
      async () => 'postgres://ada:secret@127.0.0.1:1/shop',
      /127\.0\.0\.1:1: .*ECONNREFUSED/,
    ],
    [
      'the name is not known',
      async () => 'postgres://ada:secret@nowhere.invalid/shop',
      /nowhere\.invalid:5432: .*(?:ENOTFOUND|EAI_AGAIN)/,
    ],
    ['the password is wrong', () => changed({ password: 'secret' }), /password authentication failed/],
    [
      'the user is not there',
      () => changed({ username: 'ada' }),
      /password authentication failed for user "ada"/,
    ],
    [
      'the database is not there',
      () => changed({ pathname: '/nothing' }),
      /database "nothing" does not exist/,
    ],
    ['nobody answers there', silent, /127\.0\.0\.1:\d+: .*timeout/],
    ['it speaks no TLS', () => changed({ search: '?sslmode=verify-full' }), /does not support SSL/],
  ])('because %s says so within seconds, in one line without the password', async (_, makeUrl, says) => {
    const url = await makeUrl();
    const startedAtMs = performance.now();
    const child = runNode(['src/main.ts'], { ...quietEnv(await folder()), DATABASE_URL: url });
    expect(await child.exited).toBe(1);
    expect(performance.now() - startedAtMs).toBeLessThan(20_000);
    const said = child
      .err()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'));
    expect(said).toEqual([expect.stringMatching(says)]);
    expect(said[0]).toMatch(/^doorbuster: cannot start: PostgreSQL at /);
    expect(said[0]).not.toContain('secret');
  });
});

async function changed(
  parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'search'>>,
): Promise<string> {
  const database = await testDatabase();
  closers.push(() => database.close());
  const url = new URL(database.url);
  return Object.assign(url, parts).href;
}

/** A server that takes connections and says nothing. */
async function silent(): Promise<string> {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => server.close());
  return `postgres://ada:secret@127.0.0.1:${(server.address() as AddressInfo).port}/shop`;
}
