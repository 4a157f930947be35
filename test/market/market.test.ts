import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPasswords } from '../../src/market/accounts/passwords.ts';
import { createMarket } from '../../src/market/market.ts';
import { decodeCursor, encodeCursor } from '../../src/persistence/cursor.ts';
import { openDatabase } from '../../src/persistence/database.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import { busy } from '../../src/protocol/peer.ts';
import { type TestDatabase, testDatabase } from '../persistence/support.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => 'no rejection',
    (error) => error.code ?? error,
  );

describe('a database that does not answer', () => {
  test('is busy when it cannot be reached, for every noun', async () => {
    const pool = openPool('postgres://nobody@127.0.0.1:1/none', { max: 2, name: 'away' });
    const market = createMarket(pool, { ask: async () => busy, log: () => {} });
    const who = { accountId: 'acc_018f0000-0000-7000-8000-000000000001', role: 'guest' } as const;
    expect(await rejection(market.accounts.read(who))).toBe('busy');
    expect(await rejection(market.accounts.change(who, { name: 'x' }))).toBe('busy');
    expect(await rejection(market.catalog.list({}))).toBe('busy');
    expect(await rejection(market.orders.listOrders({ buyerId: who.accountId }))).toBe('busy');
    expect(await rejection(market.sales.listSales({}))).toBe('busy');
    await pool.end();
  });

  test('is busy when it ends our connection in the middle, and then serves again', async () => {
    const open = openDatabase(database.pool);
    const killed = open.transaction(async (query) => {
      await query('SELECT pg_terminate_backend(pg_backend_pid())');
      await query('SELECT 1');
    });
    expect(await rejection(killed)).toBe('busy');
    expect(await open.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('keeps nothing of a transaction that failed, and a wrong statement is a bug, not busy', async () => {
    const open = openDatabase(database.pool);
    await open.query('CREATE TABLE jar (cookie int PRIMARY KEY)');
    const failed = open.transaction(async (query) => {
      await query('INSERT INTO jar VALUES (1)');
      await query('INSERT INTO jar VALUES (1)');
    });
    expect(await rejection(failed)).toBe('23505');
    expect(await open.query('SELECT * FROM jar')).toEqual([]);
    expect(await rejection(open.query('SELECT nonsense'))).toBe('42703');
  });
});

describe('passwords', () => {
  test('match their hash only', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('correct horse');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwords.matches('correct horse', hash)).toBe(true);
    expect(await passwords.matches('wrong horse', hash)).toBe(false);
    expect(await passwords.matches('no account has this password', null)).toBe(false);
  });

  test('are hashed by a few at a time; a crowd beyond the queue is told busy, and those in it are served', async () => {
    const passwords = createPasswords();
    const results = await Promise.all(
      Array.from({ length: 80 }, () => rejection(passwords.hash('x').then((hash) => Promise.reject(hash)))),
    );
    expect(results.filter((result) => result === 'busy')).toHaveLength(80 - 66);
    expect(await passwords.hash('y')).toMatch(/^\$argon2id/);
  });
});

describe('a cursor', () => {
  test('comes back as it was, for its own list only', () => {
    const cursor = encodeCursor('newest', [7, 'prd_1']);
    expect(decodeCursor(cursor, 'newest', ['number', 'string'])).toEqual([7, 'prd_1']);
    expect(decodeCursor(null, 'newest', ['string'])).toBeNull();
    for (const [sort, types] of [
      ['rating', ['number', 'string']],
      ['newest', ['string', 'string']],
      ['newest', ['number']],
    ] as const)
      expect(() => decodeCursor(cursor, sort, types)).toThrow('cursor');
    for (const forged of [
      '',
      '%',
      'bnVsbA',
      encodeCursor('newest', [1e14, 'x']),
      encodeCursor('newest', [1, 'a\0']),
    ])
      expect(() => decodeCursor(forged, 'newest', ['number', 'string'])).toThrow('cursor');
  });
});
