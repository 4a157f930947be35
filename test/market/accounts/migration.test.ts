/** A database of an earlier version: its accounts have one role, its sessions a secret, its addresses any letters. */

import { createHash } from 'node:crypto';
import { cp, glob, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hash } from '@node-rs/argon2';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes } from '../../../src/market/accounts/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { migrate } from '../../../src/persistence/migrate.ts';
import { openPool } from '../../../src/persistence/postgres.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, temporaryFolder, testDatabase, testLog } from '../../persistence/support.ts';

const source = fileURLToPath(new URL('../../../src', import.meta.url));
const password = 'correct horse';
let database: TestDatabase;
let folder: string;
let pool: Pool;
let server: TestServer;
beforeAll(async () => {
  database = await testDatabase();
  folder = await temporaryFolder();
  await database.pool.query('CREATE DATABASE earlier');
  const url = new URL(database.url);
  url.pathname = '/earlier';
  for await (const file of glob('**/migrations/*.sql', { cwd: source })) {
    if (Number(basename(file).slice(0, 4)) > 6) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(source, file), join(folder, file));
  }
  await migrate(url.href, testLog, folder);
  pool = openPool(url.href, { max: 4, name: 'earlier' });
  const passwordHash = await hash(password);
  for (const [role, email] of [
    ['admin', 'Boss@Example.com'],
    ['seller', 'zoë@exämple.de'],
    ['guest', null],
  ])
    await pool.query(
      'INSERT INTO accounts (account_id, role, email, name, password_hash) VALUES ($1, $2, $3, $4, $5)',
      [newId('account'), role, email, email, email === null ? null : passwordHash],
    );
  await migrate(url.href, testLog);
  server = await startTestServer({ routes, database: openDatabase(pool) });
});
afterAll(async () => {
  await server?.stop(1_000);
  await pool?.end();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

test('accounts keep their role, and are found under the address that they had', async () => {
  for (const [email, role] of [
    ['boss@example.COM', 'admin'],
    ['zoë@exämple.de', 'seller'],
  ]) {
    const { status, body } = await server.call('POST', '/v1/auth/login', { body: { email, password } });
    expect([email, status, body.account?.roles]).toEqual([email, 200, [role]]);
  }
  const { rows } = await pool.query(`SELECT roles FROM accounts WHERE email IS NULL`);
  expect(rows).toEqual([{ roles: ['guest'] }]);
});

test('sessions are renewed with the token that they have', async () => {
  const sessionId = newId('session');
  await pool.query(
    `INSERT INTO sessions (session_id, account_id, secret_hash, expires_at)
     SELECT $1, account_id, $2, now() + interval '1 day' FROM accounts WHERE 'admin' = ANY (roles)`,
    [sessionId, createHash('sha256').update('a secret of then').digest()],
  );
  const body = { refreshToken: `${sessionId}.a secret of then` };
  const first = await server.call('POST', '/v1/auth/refresh', { body });
  expect([first.status, first.body.account.role]).toEqual([200, 'admin']);
  const next = { refreshToken: first.body.refreshToken };
  expect((await server.call('POST', '/v1/auth/refresh', { body: next })).status).toBe(200);
});
