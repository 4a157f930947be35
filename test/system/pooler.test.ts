/** Case 15: PostgreSQL behind the real PgBouncer, in each of its modes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { checkSession } from '../../src/persistence/session.ts';
import { type TestDatabase, testDatabase, until } from '../persistence/support.ts';
import { makeDataDir, quietEnv, removeDataDir, runNode, startServer } from './server.ts';
import { call, guest, shippingAddress } from './shop.ts';

const skipped = spawnSync('pgbouncer', ['--version']).status === 0 ? null : 'pgbouncer is not installed';
if (skipped) console.warn(`skipping poolers: ${skipped}`);

describe.skipIf(skipped !== null)('case 15: behind a pooler', () => {
  let database: TestDatabase;
  const closers: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function folder(): Promise<string> {
    const path = await makeDataDir();
    closers.push(() => removeDataDir(path));
    return path;
  }

  /** A PgBouncer before the database, with Debian's defaults except for what is given. */
  async function pooled(settings: Readonly<Record<string, string>>): Promise<string> {
    const place = await folder();
    // PgBouncer runs as another user than root.
    await chmod(place, 0o755);
    const port = await freePort('127.0.0.1', 0);
    const { username, password, port: databasePort, pathname } = new URL(database.url);
    const name = pathname.slice(1);
    const given = {
      ...{ listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '' },
      ...{ auth_type: 'trust', auth_file: join(place, 'users') },
      ...settings,
    };
    const lines = Object.entries(given).map(([key, value]) => `${key} = ${value}`);
    await writeFile(join(place, 'users'), `"${username}" "${password}"\n`);
    await writeFile(
      join(place, 'pgbouncer.ini'),
      [
        '[databases]',
        `${name} = host=127.0.0.1 port=${databasePort} user=${username} password=${password}`,
        ...['[pgbouncer]', ...lines, ''],
      ].join('\n'),
      { mode: 0o644 },
    );
    const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child: ChildProcess = spawn('pgbouncer', [join(place, 'pgbouncer.ini')], {
      stdio: 'ignore',
      ...as,
    });
    closers.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
      return isListening(port);
    });
    return `postgres://${username}@127.0.0.1:${port}/${name}`;
  }

  async function expectRefused(url: string): Promise<void> {
    const child = runNode(['src/main.ts'], { ...quietEnv(await folder()), DATABASE_URL: url });
    expect(await child.exited).toBe(1);
    const said = child
      .err()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /pooler in transaction mode .*: connect to PostgreSQL itself, or to a pooler in session mode/,
    );
  }

  it('in transaction mode a start says what is wrong, and what to use instead', async () => {
    await expectRefused(await pooled({ pool_mode: 'transaction' }));
    // Nothing was written through it.
    expect((await database.pool.query('select max(epoch) as epoch from partitions')).rows).toEqual([
      { epoch: 0 },
    ]);
  });

  it.each([
    [
      'that ignores what it does not know',
      { ignore_startup_parameters: 'extra_float_digits,statement_timeout,lock_timeout' },
    ],
    ['that takes sessions in turn', { server_round_robin: '1' }],
    ['with one session', { default_pool_size: '1' }],
    ['with sessions enough', { default_pool_size: '50', min_pool_size: '20' }],
  ])('in transaction mode %s is found out, too', async (_, settings) => {
    const url = await pooled({ pool_mode: 'transaction', ...settings });
    await expect(checkSession(url)).rejects.toThrow(/pooler in transaction mode/);
  });

  it('in statement mode is found out, too', async () => {
    await expect(checkSession(await pooled({ pool_mode: 'statement' }))).rejects.toThrow(
      /pooler in transaction mode/,
    );
  });

  it('in session mode, with its defaults otherwise, a server runs', async () => {
    const url = await pooled({ pool_mode: 'session' });
    const server = await startServer(await folder(), { DATABASE_URL: url });
    closers.push(() => server.end('SIGTERM'));
    const who = await guest(server);
    const headers = { 'idempotency-key': 'one' };
    expect(
      (await call(server, 'POST /v1/me/addresses', { who, headers, body: shippingAddress })).status,
    ).toBe(201);
    expect((await fetch(`${server.opsUrl}/readyz`)).status).toBe(200);
    // The limits hold on the sessions behind the pooler.
    await expect(checkSession(url)).resolves.toBeUndefined();
  });
});

function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}
