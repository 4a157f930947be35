/** The one way to a transaction, on a real database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/persistence/database.ts';
import { inTransaction } from '../../src/persistence/transaction.ts';
import { type TestDatabase, testDatabase } from './support.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await database.pool.query('CREATE TABLE notes (text text PRIMARY KEY)');
});
afterAll(() => database?.close());

const write = (text: string) => ({ text: 'INSERT INTO notes VALUES ($1)', values: [text] });
const notes = async () =>
  (await database.pool.query<{ text: string }>('SELECT text FROM notes ORDER BY text')).rows.map(
    (row) => row.text,
  );

describe('a transaction', () => {
  test('commits what was done, and answers with what the work answers', async () => {
    const answer = await inTransaction(database.pool, async (client) => {
      await client.query(write('kept'));
      return 7;
    });
    expect(answer).toBe(7);
    expect(await notes()).toContain('kept');
  });

  test('rolls back when the work throws, and gives the connection back', async () => {
    const failure = new Error('no');
    const before = database.pool.totalCount;
    await expect(
      inTransaction(database.pool, async (client) => {
        await client.query(write('dropped'));
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await notes()).not.toContain('dropped');
    expect(database.pool.totalCount).toBe(before);
  });

  test('that only reads refuses writes, and sees one moment', async () => {
    const options = { isolation: 'repeatable read', isReadOnly: true } as const;
    await expect(
      inTransaction(database.pool, (client) => client.query(write('read')), options),
    ).rejects.toMatchObject({ code: '25006' });
    await inTransaction(
      database.pool,
      async (client) => {
        const count = async () => (await client.query('SELECT count(*)::int FROM notes')).rows[0].count;
        const before = await count();
        await database.pool.query(write('meanwhile'));
        expect(await count()).toBe(before);
      },
      options,
    );
  });

  test('whose connection is cut throws the connection away', async () => {
    const cut = inTransaction(database.pool, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await client.query(write('cut'));
    });
    await expect(cut).rejects.toThrow();
    expect(await notes()).not.toContain('cut');
    // Every connection that the pool has still works.
    await Promise.all(Array.from({ length: 4 }, () => database.pool.query('SELECT 1')));
  });

  test('of the market is busy when its connection is cut', async () => {
    const cut = openDatabase(database.pool).transaction(async (query) => {
      const [row] = await query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await database.pool.query('SELECT pg_terminate_backend($1)', [row!.pid]);
      await query('SELECT 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'busy' });
  });
});
