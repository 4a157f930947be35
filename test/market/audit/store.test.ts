/** The audit trail: one chain, only ever added to, in the transactions of what it tells. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../src/gateway/handling.ts';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { ensureAdmin } from '../../../src/market/accounts/store.ts';
import { routes } from '../../../src/market/audit/routes.ts';
import { recordAction } from '../../../src/market/audit/store.ts';
import { auditActions } from '../../../src/ops/audit-chain.ts';
import { type Database, openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let test0: TestDatabase;
let database: Database;
let server: TestServer;
let adminId: string;
let token: string;
beforeAll(async () => {
  test0 = await testDatabase();
  database = openDatabase(test0.pool);
  server = await startTestServer({ routes: [...routes, ...accountRoutes], database });
  const { email, password } = (await ensureAdmin(test0.pool))!;
  const { body } = await server.call('POST', '/v1/auth/login', { body: { email, password } });
  adminId = body.account.accountId;
  token = `Bearer ${body.accessToken}`;
});
afterAll(async () => {
  await server.stop(1_000);
  await test0.close();
});

const actor = () => ({ accountId: adminId, role: 'admin' }) as const;

async function list(query = '') {
  const answer = await server.call('GET', `/v1/admin/audit${query}`, { token });
  expect(answer.status).toBe(200);
  return answer.body as { items: Record<string, unknown>[]; nextCursor: string | null };
}

/** RFC 8785 of what the trail holds (texts, integers, objects, lists), by other means than the trail's own. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const record = value as Record<string, unknown>;
  return `{${Object.keys(record)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(record[name])}`)}}`;
}

describe('the audit trail', () => {
  test('begins with the first administrator, whom the server made', async () => {
    const { items } = await list('?action=account.first_admin');
    expect(items).toMatchObject([
      { seq: 1, actor: { accountId: null, role: 'system' }, target: adminId, previousHash: null },
    ]);
  });

  test('tells who changed whose roles and status, why, and to what; what was so before is no action', async () => {
    const account = { email: 'ann@example.com', password: 'correct horse', name: 'Ann', role: 'buyer' };
    const registered = await server.call('POST', '/v1/auth/register', { body: account });
    const { accountId } = registered.body.account;
    const change = (body: object) => server.call('PATCH', `/v1/admin/accounts/${accountId}`, { token, body });
    await change({ roles: ['buyer', 'operator'], reason: 'Night shift' });
    await change({ roles: ['operator', 'buyer'] });
    await change({ status: 'active' });
    await change({ status: 'suspended', roles: ['buyer'] });
    const { items } = await list(`?target=${accountId}`);
    expect(items).toMatchObject([
      { action: 'account.suspended', actor: actor() },
      { action: 'account.roles', details: { roles: ['buyer'] } },
      { action: 'account.roles', details: { roles: ['operator', 'buyer'] }, reason: 'Night shift' },
    ]);
    expect(items.every((item) => !('reason' in item) || item.reason === 'Night shift')).toBe(true);
  });

  test('is one chain, also when many record at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        database.transaction((query) =>
          recordAction(query, {
            actor: actor(),
            action: 'test.many',
            target: `${n}`,
            details: { n, half: 0.5 },
          }),
        ),
      ),
    );
    const { items } = await list('?limit=100');
    const chain = items.toReversed();
    for (const [at, { hash, ...action }] of chain.entries()) {
      expect(action.seq).toBe(at + 1);
      expect(action.previousHash).toBe(chain[at - 1]?.hash ?? null);
      expect(hash).toBe(createHash('sha256').update(canonical(action)).digest('hex'));
      if (at > 0)
        expect(Date.parse(String(action.at))).toBeGreaterThanOrEqual(Date.parse(String(chain[at - 1]!.at)));
    }
    expect(await auditActions(database.query)).toEqual({
      count: chain.length,
      head: chain.at(-1)!.hash,
      mismatches: [],
    });
  });

  test('has nothing of what was not done', async () => {
    const before = await auditActions(database.query);
    const failing = database.transaction(async (query) => {
      await recordAction(query, { actor: actor(), action: 'test.undone', target: 'x' });
      throw new Error('it failed after all');
    });
    await expect(failing).rejects.toThrow('it failed after all');
    expect(await auditActions(database.query)).toEqual(before);
  });

  test('is read from a time on, by who and by what, page by page', async () => {
    const from = new Date().toISOString();
    const other = newId('account');
    for (const target of ['a', 'b', 'c'])
      await database.transaction((query) =>
        recordAction(query, { actor: { accountId: other, role: 'operator' }, action: 'test.paged', target }),
      );
    const first = await list(`?actor=${other}&limit=2`);
    expect(first.items.map(({ target }) => target)).toEqual(['c', 'b']);
    const second = await list(`?actor=${other}&limit=2&cursor=${first.nextCursor}`);
    expect([second.items.map(({ target }) => target), second.nextCursor]).toEqual([['a'], null]);
    expect((await list(`?action=test.paged`)).items).toHaveLength(3);
    expect((await list(`?from=${from}`)).items.map(({ target }) => target)).toEqual(['c', 'b', 'a']);
    expect((await list('?from=2999-01-01T00:00:00Z')).items).toEqual([]);
    expect((await list(`?from=${from}&action=test.many`)).items).toEqual([]);
  });

  test('is for administrators only', async () => {
    for (const role of ['buyer', 'seller', 'operator', 'guest'] as const) {
      const answer = await server.call('GET', '/v1/admin/audit', { token: await server.bearer(role) });
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
    for (const query of ['?actor=ann', '?action=%27', '?cursor=bm8', '?from=today', '?to=x'])
      expect((await server.call('GET', `/v1/admin/audit${query}`, { token })).body.code).toBe(
        'validation_failed',
      );
  });

  test('cannot be changed, emptied or shortened', async () => {
    for (const statement of [
      `UPDATE audit_actions SET reason = 'none'`,
      'DELETE FROM audit_actions',
      'TRUNCATE audit_actions',
    ])
      await expect(test0.pool.query(statement)).rejects.toThrow('append-only');
  });

  test.each([
    [`UPDATE audit_actions SET target = 'another' WHERE seq = 3`, ['audit_trail.hash 3']],
    [`UPDATE audit_actions SET at = at + interval '1 ms' WHERE seq = 3`, ['audit_trail.hash 3']],
    [`UPDATE audit_actions SET details = '{"roles": ["admin"]}' WHERE seq = 2`, ['audit_trail.hash 2']],
    [`DELETE FROM audit_actions WHERE seq = 3`, ['audit_trail.seq 4', 'audit_trail.previousHash 4']],
    [
      `UPDATE audit_actions SET hash = repeat('0', 64) WHERE seq = 3`,
      ['audit_trail.hash 3', 'audit_trail.previousHash 4'],
    ],
  ])('shows what was done to it by force: %s', async (statement, wanted) => {
    const { rows } = await test0.pool.query('SELECT audit_id, seq FROM audit_actions');
    const seqById = new Map(rows.map(({ audit_id: id, seq }) => [id, seq]));
    const undo = new Error('undone');
    const found: string[] = [];
    const forced = database.transaction(async (query) => {
      await query('ALTER TABLE audit_actions DISABLE TRIGGER USER');
      await query(statement);
      const { mismatches } = await auditActions(query);
      found.push(...mismatches.map(({ kind, key }) => `${kind} ${seqById.get(key)}`));
      throw undo;
    });
    await expect(forced).rejects.toBe(undo);
    expect(found).toEqual(wanted);
  });
});
