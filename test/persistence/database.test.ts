import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/persistence/database.ts';
import { type TestDatabase, testDatabase } from './support.ts';

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

describe('a database', () => {
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
