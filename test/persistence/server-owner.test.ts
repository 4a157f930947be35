/** The row that says which server runs on a database: what is left of it by servers that end in one way or another. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hasServer, ServerOwner } from '../../src/persistence/server-owner.ts';
import { type TestDatabase, testDatabase, testLog } from './support.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());
beforeEach(() => database.pool.query('update server_owner set owner = null'));

const server = (name: string) => new ServerOwner(database.pool, name, testLog);

test('a server is there while it says so, and not when it was killed', async () => {
  const one = server('one');
  expect(await hasServer(database.pool)).toBe(false);
  await one.take(false);
  expect(await hasServer(database.pool)).toBe(true);
  expect([await one.release(), await hasServer(database.pool)]).toEqual([true, false]);
  await database.pool.query(
    "update server_owner set owner = 'killed', session = -1, seen_at = clock_timestamp() - interval '1 s'",
  );
  expect(await hasServer(database.pool)).toBe(false);
});

test('a server that was replaced is told so when it lets go: the data is in use', async () => {
  const [old, successor] = [server('old'), server('successor')];
  await old.take(false);
  await successor.take(true);
  expect(await old.release()).toBe(false);
  expect(await hasServer(database.pool)).toBe(true);
  expect(await successor.release()).toBe(true);
});
