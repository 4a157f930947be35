/** Migrations are found wherever their noun lives, and run by number. */
import { cp, glob, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMigrated, migrate } from '../../src/persistence/migrate.ts';
import { type TestDatabase, temporaryFolder, testDatabase, testLog } from './support.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));
/** What databases of earlier versions have recorded, in this order: never renamed, never preceded by a new one. */
const recorded = ['0001_engine', '0002_projections', '0003_market', '0005_acceptances', '0006_owners'];

let database: TestDatabase;
let root: string;

beforeAll(async () => {
  database = await testDatabase();
  root = join(await temporaryFolder(), 'with [odd] (letters)');
});
afterAll(async () => {
  await database?.close();
  await rm(root, { recursive: true, force: true });
});

async function recordedNames(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}

test('every number is given once', async () => {
  const numbers: string[] = [];
  for await (const file of glob('**/migrations/*', { cwd: source }))
    numbers.push(/^\d{4}(?=_[a-z_-]+\.sql$)/.exec(basename(file))?.[0] ?? `${file} has no number`);
  expect(numbers.length).toBeGreaterThanOrEqual(recorded.length);
  expect([...new Set(numbers)]).toEqual(numbers);
});

test('a database of an earlier version has nothing left to run', async () => {
  expect((await recordedNames()).slice(0, recorded.length)).toEqual(recorded);
  expect(await isMigrated(database.pool)).toBe(true);
  expect(await migrate(database.url, testLog)).toEqual([]);
});

test("a noun's own migrations run after those before them, by number and not by folder", async () => {
  for await (const file of glob('**/migrations/*.sql', { cwd: source })) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await cp(join(source, file), join(root, file));
  }
  for (const [noun, number, sql] of [
    ['gifts', '9001', 'CREATE TABLE gifts (gift_id text PRIMARY KEY);'],
    ['albums', '9002', 'ALTER TABLE gifts ADD COLUMN album text;'],
  ] as const) {
    const folder = join(root, 'market', noun, 'migrations');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${number}_${noun}.sql`), `-- Up Migration\n${sql}\n`);
  }
  expect(await isMigrated(database.pool, root)).toBe(false);
  expect(await migrate(database.url, testLog, root)).toEqual(['9001_gifts', '9002_albums']);
  expect(await isMigrated(database.pool, root)).toBe(true);
  expect((await recordedNames()).slice(-2)).toEqual(['9001_gifts', '9002_albums']);
});
