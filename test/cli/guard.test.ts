/** `npm start`: the parent that brings a crashed server back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isAlive, makeDataDir, quietEnv, removeDataDir, repository, waitFor } from '../system/server.ts';
import { expected, member, productBody } from '../system/shop.ts';

let dataDir = '';
let guard: ChildProcess;
let said = '';
let exited: Promise<number | null>;

beforeEach(async () => {
  dataDir = await makeDataDir();
  said = '';
  guard = spawn(process.execPath, ['src/cli/guard.ts'], {
    cwd: repository,
    env: quietEnv(dataDir),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  guard.stdout!.on('data', (chunk) => {
    said += chunk;
  });
  exited = new Promise((resolve) => guard.once('exit', resolve));
  await banners(1);
});

afterEach(async () => {
  if (guard.exitCode === null && guard.signalCode === null) guard.kill('SIGTERM');
  await exited;
  await waitFor(async () => (await children(guard.pid!)).length === 0);
  await removeDataDir(dataDir);
});

const banners = (count: number) =>
  waitFor(async () => (said.match(/Payments .*\n/g) ?? []).length >= count, 30_000);

async function children(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

/** The server that started last. */
const newest = () => ({ url: [...said.matchAll(/API +(\S+)\/v1/g)].at(-1)![1]! });

it('a server that is killed is started again, with what it knew', async () => {
  const seller = await member(newest(), 'seller');
  await expected(newest(), 'POST /v1/products', 201, { who: seller, body: productBody(['THING'], 7) });
  const [server] = await children(guard.pid!);
  const killedAtMs = performance.now();
  process.kill(server!, 'SIGKILL');
  await banners(2);
  console.log(`started again after ${Math.round(performance.now() - killedAtMs)} ms`);
  expect(await expected(newest(), 'GET /v1/inventory/THING', 200)).toMatchObject({ onHand: 7 });
});

it('SIGTERM stops both, with the code of the server', async () => {
  guard.kill('SIGTERM');
  expect(await exited).toBe(0);
});

it('a server whose parent is killed stops in order', async () => {
  const [server] = await children(guard.pid!);
  guard.kill('SIGKILL');
  await exited;
  await waitFor(async () => !isAlive(server!));
});
