/** `npm start`: the parent that brings a crashed server back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { call, makeDataDir, removeDataDir, waitFor } from './server.ts';

let dataDir = '';
let guard: ChildProcess;
let said = '';
let exited: Promise<number | null>;

beforeEach(async () => {
  dataDir = await makeDataDir();
  said = '';
  guard = spawn(process.execPath, ['src/guard.ts'], {
    env: { PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', DATA_DIR: dataDir, SAMPLE: '0' },
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
  waitFor(
    async () => said.split('Doorbuster is ready').length > count && /Payments .*\n$/.test(said),
    30_000,
  );

async function children(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list.split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const newestUrl = () =>
  said
    .match(/API +(\S+)\/v1/g)!
    .at(-1)!
    .replace(/API +/, '')
    .replace('/v1', '');

it('a server that is killed is started again, with what it knew, within 5 seconds', async () => {
  const seller = await call(newestUrl(), 'POST', '/v1/auth/register', {
    body: { email: 's@example.com', password: 'correct horse battery', name: 'S', role: 'seller' },
  });
  const product = await call(newestUrl(), 'POST', '/v1/products', {
    token: seller.body.accessToken,
    body: {
      ...{ title: 'Thing', description: '', brand: 'B', category: 'C', attributes: {}, images: [] },
      variants: [{ sku: 'THING', options: {}, price: { amount: 100, currency: 'USD' }, stock: 7 }],
    },
  });
  expect(product.status).toBe(201);
  const [server] = await children(guard.pid!);
  const killedAtMs = performance.now();
  process.kill(server!, 'SIGKILL');
  await banners(2);
  expect(performance.now() - killedAtMs).toBeLessThan(5_000);
  expect((await call(newestUrl(), 'GET', '/v1/inventory/THING')).body).toMatchObject({ onHand: 7 });
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
