/** Reads from a real standby: never older than promised, and never at anybody's cost. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/persistence/database.ts';
import { openPool } from '../../src/persistence/postgres.ts';
import { lagMsMax, monotonicMs } from '../../src/persistence/reads.ts';
import { ReplicaMemory, ReplicaReads } from '../../src/persistence/replica.ts';
import { ReplicaWatch } from '../../src/persistence/replica-watch.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';
import { type Standby, startStandby } from '../support/standby.ts';
import { startTestPostgres, type TestPostgres, testLog, until } from './support.ts';

const alice = 'acc_018f0000-0000-7000-8000-00000000a11c';
const bob = 'acc_018f0000-0000-7000-8000-000000000b0b';

let server: TestPostgres;
let pool: ReturnType<typeof openPool>;
let primary: Database;
let standby: Standby;
const memory = new ReplicaMemory();
let reads: ReplicaReads;
let watch: ReplicaWatch;
const open: (() => Promise<unknown>)[] = [];

/** Which server answers. */
const whereOf = async ({ query }: Database) => {
  const [row] = await query<{ here: boolean }>('SELECT pg_is_in_recovery() AS here');
  return row!.here ? 'standby' : 'primary';
};
const noteOf = async ({ query }: Database) =>
  (await query<{ text: string }>('SELECT text FROM notes'))[0]!.text;
const write = (text: string) => primary.query('UPDATE notes SET text = $1', [text]);
const inUse = () => until(async () => (await whereOf(reads.of(null))) === 'standby');
const leftOut = () => until(async () => (await whereOf(reads.of(null))) === 'primary');

async function watching(url: string, shared = memory): Promise<ReplicaWatch> {
  const started = new ReplicaWatch(url, pool, shared, testLog);
  await started.start();
  open.push(() => started.stop());
  return started;
}

beforeAll(async () => {
  server = await startTestPostgres();
  pool = openPool(server.url, { max: 4, name: 'primary' });
  primary = openDatabase(pool);
  await primary.query('CREATE TABLE notes AS SELECT $1::text AS text', ['first']);
  standby = await startStandby(server.url);
  watch = await watching(standby.url);
  reads = new ReplicaReads(standby.url, primary, memory, 'reads');
  open.push(() => reads.close());
}, 60_000);
afterAll(async () => {
  for (const close of open.toReversed()) await close();
  await standby.stop();
  await pool.end();
  await server.stop();
});
beforeEach(inUse);

test('a standby that keeps up answers, whether the primary is idle or not', async () => {
  expect(watch.detail).toMatch(/^127\.0\.0\.1:\d+, in use$/);
  const [{ samples }] = watch.metrics() as [ReturnType<ReplicaWatch['metrics']>[number]];
  expect(samples[0]!.value).toBeLessThan(lagMsMax / 1_000 + 1);
  // Nothing is written meanwhile.
  await until(() => memory.shownMs > monotonicMs() - lagMsMax / 2);
  expect(await whereOf(reads.ofAnybody)).toBe('standby');
});

test('one that falls behind is left out until it has caught up, and its reader loses nothing', async () => {
  await standby.run('SELECT pg_wal_replay_pause()');
  await write('while it was paused');
  // Until the bound is reached a reader may see what was; from then on nobody does.
  await until(async () => (await noteOf(reads.of(null))) === 'while it was paused');
  expect(await whereOf(reads.of(null))).toBe('primary');
  await until(() => watch.detail.startsWith('left out: it is '));
  expect(watch.detail).toMatch(/left out: it is \d+\.\d s behind/);
  await standby.run('SELECT pg_wal_replay_resume()');
  await inUse();
  expect(await noteOf(reads.of(null))).toBe('while it was paused');
});

test('a reader sees his own write at once, on all threads of the process, while others may not yet', async () => {
  const elsewhere = new ReplicaReads(standby.url, primary, new ReplicaMemory(memory.shared), 'elsewhere');
  open.push(() => elsewhere.close());
  let tries = 0;
  // Until the standby was asked at all: on a busy machine it may be left out before.
  await until(async () => {
    await inUse();
    await standby.run('SELECT pg_wal_replay_pause()');
    const text = `alice ${tries++}`;
    await write(text);
    reads.wrote(alice);
    const [own, there, bobs] = [
      await noteOf(reads.of(alice)),
      await noteOf(elsewhere.of(alice)),
      await noteOf(reads.of(bob)),
    ];
    await standby.run('SELECT pg_wal_replay_resume()');
    expect([own, there]).toEqual([text, text]);
    return bobs !== text;
  }, 20_000);
  await until(async () => (await whereOf(reads.of(alice))) === 'standby');
  expect(await noteOf(reads.of(alice))).toBe(`alice ${tries - 1}`);
});

test('what a reader knows of already is shown', async () => {
  await write('known');
  const knownMs = monotonicMs();
  expect(await noteOf(reads.of(null, knownMs))).toBe('known');
  await until(async () => (await whereOf(reads.of(null, knownMs))) === 'standby');
  expect(await noteOf(reads.of(null, knownMs))).toBe('known');
});

test('a refusal of the read itself is nobody’s fault, and a transaction reads one state', async () => {
  const refused = reads.of(null).transaction(async () => {
    throw new DoorbusterError('cursor_expired', 'too late');
  });
  await expect(refused).rejects.toMatchObject({ code: 'cursor_expired' });
  expect(await reads.of(null).transaction((query) => whereOf({ query } as Database))).toBe('standby');
  const late = reads.of(null).transaction(async (query) => {
    await query("SELECT set_config('statement_timeout', '20', true)");
    return query('SELECT pg_sleep(10)');
  });
  await expect(late).rejects.toMatchObject({ code: 'busy' });
  expect(await whereOf(reads.of(null))).toBe('standby');
});

test('one that does not answer costs its readers a wait, and no error', async () => {
  process.kill(standby.pid, 'SIGSTOP');
  const stopped = await standbyProcesses('SIGSTOP');
  try {
    expect(await Promise.all([1, 2, 3].map(() => noteOf(reads.of(null))))).toEqual(Array(3).fill('known'));
    await leftOut();
    await until(() => watch.detail.startsWith('left out'));
  } finally {
    for (const pid of [standby.pid, ...stopped]) process.kill(pid, 'SIGCONT');
  }
  await inUse();
});

test('what is no standby, or one of another database, is left out and says so', async () => {
  const itself = new ReplicaMemory();
  expect((await watching(server.url, itself)).detail).toBe(
    'left out: it is no standby: it takes writes of its own',
  );
  const other = new URL(standby.url);
  other.pathname = '/postgres';
  expect((await watching(other.href, itself)).detail).toBe('left out: it is a standby of another database');
  expect((await watching('postgres://nobody@127.0.0.1:1/none', itself)).detail).toMatch(
    /^left out: .*ECONNREFUSED/,
  );
  expect(itself.shownMs).toBe(0);
});

test('one that is promoted, or ends, is left out at once', async () => {
  await standby.run('SELECT pg_promote()');
  await until(() => watch.detail.includes('no standby'));
  await write('after the promotion');
  expect(await noteOf(reads.of(null))).toBe('after the promotion');
  await standby.kill();
  await until(() => /ECONNREFUSED|terminat/.test(watch.detail));
  expect(await noteOf(reads.of(null))).toBe('after the promotion');
});

/** Its sessions are processes of their own. */
async function standbyProcesses(signal: NodeJS.Signals): Promise<number[]> {
  const { readFile } = await import('node:fs/promises');
  const children = await readFile(`/proc/${standby.pid}/task/${standby.pid}/children`, 'utf8');
  const pids = children.trim().split(' ').map(Number);
  for (const pid of pids) process.kill(pid, signal);
  return pids;
}
