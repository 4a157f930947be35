/** The feed over a real database: every fact comes to every consumer, in an order in which none is passed over. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/persistence/database.ts';
import {
  appendAllToFeed,
  appendToFeed,
  type Fact,
  FeedReader,
  FeedTail,
  forgetFacts,
} from '../../src/persistence/feed.ts';
import { type TestDatabase, testDatabase } from './support.ts';

let test1: TestDatabase;
let database: Database;
beforeAll(async () => {
  test1 = await testDatabase();
  database = openDatabase(test1.pool);
});
afterAll(() => test1.close());
beforeEach(async () => {
  await test1.pool.query('DELETE FROM feed');
  await test1.pool.query('DELETE FROM feed_checkpoints');
});

const fact = (key: string, topic = 'thing'): Fact => ({ topic, key, type: 'Changed', body: { key } });
const append = (...keys: string[]) =>
  database.transaction((query) =>
    appendAllToFeed(
      query,
      keys.map((key) => fact(key)),
    ),
  );
const reader = (consumer = 'reader', topics = ['thing']) => new FeedReader(database, consumer, topics);

async function keysOf(feed: FeedReader, limit = 100): Promise<string[]> {
  const rows = await feed.next(limit);
  const last = rows.at(-1);
  if (last) await feed.done(last);
  return rows.map(({ key }) => key);
}

test('a consumer gets what was appended since it began, in order, once it is committed', async () => {
  await append('before');
  const feed = reader();
  expect(await keysOf(feed)).toEqual([]);
  await append('a', 'b');
  await append('c');
  expect(await keysOf(feed, 2)).toEqual(['a', 'b']);
  expect(await keysOf(feed)).toEqual(['c']);
  expect(await keysOf(feed)).toEqual([]);
});

test('facts come in the order of their numbers, also where these get another digit', async () => {
  const feed = reader();
  await keysOf(feed);
  await test1.pool.query('ALTER TABLE feed ALTER COLUMN position RESTART WITH 99998');
  await append('a', 'b', 'c', 'd');
  const tail = new FeedTail(database, ['thing']);
  expect(await keysOf(feed, 2)).toEqual(['a', 'b']);
  expect(await keysOf(feed, 2)).toEqual(['c', 'd']);
  await tail.next(10);
  await test1.pool.query('ALTER TABLE feed ALTER COLUMN position RESTART WITH 999998');
  await append('e', 'f', 'g', 'h');
  expect((await tail.next(2))?.map(({ key }) => key)).toEqual(['e', 'f']);
  expect((await tail.next(2))?.map(({ key }) => key)).toEqual(['g', 'h']);
});

test('what its writer takes back is never there', async () => {
  const feed = reader();
  await keysOf(feed);
  const failing = database.transaction(async (query) => {
    await appendToFeed(query, fact('lost'));
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await keysOf(feed)).toEqual([]);
});

test('a transaction that commits late is not passed over', async () => {
  const feed = reader();
  await keysOf(feed);
  const slow = await test1.pool.connect();
  await slow.query('BEGIN');
  await appendToFeed(async (text, values = []) => (await slow.query(text, [...values])).rows, fact('late'));
  await append('early');
  // Its position is the smaller one: whoever went on to `early` now would never come back to it.
  expect(await keysOf(feed)).toEqual([]);
  await slow.query('COMMIT');
  slow.release();
  expect(await keysOf(feed)).toEqual(['late', 'early']);
});

test('what was not done comes again, and a consumer that starts anew goes on where it was', async () => {
  const feed = reader();
  await keysOf(feed);
  await append('a', 'b');
  await feed.next(10);
  expect(await keysOf(feed, 1)).toEqual(['a']);
  const again = reader();
  expect(await again.isNew()).toBe(false);
  expect(await keysOf(again)).toEqual(['b']);
});

test('a new consumer hears that it is new until it has started, and misses nothing meanwhile', async () => {
  await append('before');
  const feed = reader('new');
  expect(await feed.isNew()).toBe(true);
  await append('meanwhile');
  expect(await reader('new').isNew()).toBe(true);
  await feed.start();
  expect(await reader('new').isNew()).toBe(false);
  expect(await keysOf(feed)).toEqual(['meanwhile']);
});

test('consumers are told of their topics only, each at its own pace', async () => {
  const [one, both] = [reader('one', ['thing']), reader('both', ['thing', 'other'])];
  await keysOf(one);
  await keysOf(both);
  await append('a');
  await database.transaction((query) => appendToFeed(query, fact('x', 'other')));
  expect(await keysOf(both)).toEqual(['a', 'x']);
  expect(await keysOf(one)).toEqual(['a']);
});

test('facts go when every consumer has them and they are not of the last minute', async () => {
  const [quick, slow] = [reader('quick'), reader('slow')];
  await keysOf(quick);
  await keysOf(slow);
  await append('a', 'b');
  await test1.pool.query(`UPDATE feed SET at = now() - interval '2 minutes'`);
  await append('young');
  await keysOf(quick);
  expect(await forgetFacts(database)).toBe(0);
  await keysOf(slow);
  expect(await forgetFacts(database)).toBe(2);
  const { rows } = await test1.pool.query('SELECT key FROM feed');
  expect(rows).toEqual([{ key: 'young' }]);
});

test('a consumer that is gone for long holds no facts back', async () => {
  await keysOf(reader('gone'));
  await append('a');
  await test1.pool.query(`UPDATE feed SET at = now() - interval '2 minutes'`);
  expect(await forgetFacts(database)).toBe(0);
  await test1.pool.query(`UPDATE feed_checkpoints SET seen_at = now() - interval '8 days'`);
  expect(await forgetFacts(database)).toBe(1);
  expect(await reader('gone').isNew()).toBe(true);
});

test('after a move to another cluster, whose transactions begin anew, all facts come once more', async () => {
  const feed = reader();
  await keysOf(feed);
  await append('a', 'b');
  await keysOf(feed);
  await test1.pool.query(`UPDATE feed SET xid = '9000000000000'`);
  await test1.pool.query(`UPDATE feed_checkpoints SET xid = '9000000000000'`);
  await append('c');
  expect(await keysOf(reader())).toEqual(['a', 'b', 'c']);
});

test('a tail is told at once, and of each fact once, while an older transaction is open', async () => {
  const tail = new FeedTail(database, ['thing']);
  await tail.next(10);
  const slow = await test1.pool.connect();
  await slow.query('BEGIN');
  await appendToFeed(async (text, values = []) => (await slow.query(text, [...values])).rows, fact('late'));
  await append('a');
  const keys = async () => (await tail.next(3))?.map(({ key }) => key) ?? null;
  expect(await keys()).toEqual(['a']);
  expect(await keys()).toEqual([]);
  await append('b');
  expect(await keys()).toEqual(['b']);
  await append('c', 'd');
  expect(await keys()).toBe(null);
  await slow.query('COMMIT');
  slow.release();
  const rest = [...((await keys()) ?? []), ...((await keys()) ?? [])];
  expect(rest).toContain('late');
});

test('a tail says that it may have missed something at first, then what is new', async () => {
  const tail = new FeedTail(database, ['thing']);
  await append('before');
  expect(await tail.next(10)).toBe(null);
  expect(await tail.next(10)).toEqual([]);
  await append('a', 'b', 'c');
  expect((await tail.next(2))?.map(({ key }) => key)).toEqual(['a', 'b']);
  expect((await tail.next(2))?.map(({ key }) => key)).toEqual(['c']);
});
