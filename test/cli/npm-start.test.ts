/** `npm start` as a container or a supervisor runs it: SIGTERM goes to npm alone. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { startEmbedded } from '../../src/persistence/embedded/server.ts';
import {
  isAlive,
  makeDataDir,
  postmasterOf,
  quietEnv,
  removeDataDir,
  repository,
  waitFor,
} from '../system/server.ts';
import { expected, member, productBody } from '../system/shop.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const skipped = spawnSync('npm', ['--version']).status === 0 ? null : 'npm is not on PATH';
if (skipped) console.warn(`skipping npm start: ${skipped}`);

interface Started {
  readonly npm: ChildProcess;
  readonly url: string;
  readonly log: () => string;
  readonly exited: Promise<number | null>;
}

async function npmStart(dataDir: string, env: Record<string, string>): Promise<Started> {
  const npm = spawn('npm', ['start'], {
    cwd: repository,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...quietEnv(dataDir), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that nothing of it outlives a test that fails. Signals still go to npm alone.
    detached: true,
  });
  closers.push(async () => {
    try {
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // All of it has ended.
    }
  });
  let out = '';
  let err = '';
  npm.stdout!.on('data', (chunk) => {
    out += chunk;
  });
  npm.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  const exited = new Promise<number | null>((resolve) => npm.once('exit', resolve));
  await waitFor(() => /Payments .*\n/.test(out), 60_000).catch((error) => {
    npm.kill('SIGKILL');
    throw new Error(`${error.message}\n${out}${err}`);
  });
  return { npm, url: /API +(\S+)\/v1/.exec(out)![1]!, log: () => err, exited };
}

const isFree = (url: string) =>
  fetch(`${url}/openapi.json`).then(
    () => false,
    () => true,
  );

/** Nobody has a partition, and the server has not only died. */
async function expectCleanEnd(dataDir: string, log: string): Promise<void> {
  expect(log).toMatch(/"isClean":true.*"msg":"stopped"/);
  expect(await postmasterOf(dataDir)).toBeNull();
  const embedded = await startEmbedded(dataDir, () => {});
  const client = new pg.Client({ connectionString: embedded.url });
  await client.connect();
  const { rows } = await client.query(
    'select count(owner)::int as owners, max(journal_seq)::int as frames from partitions',
  );
  await client.end();
  await embedded.stop();
  expect(rows[0].owners).toBe(0);
  expect(rows[0].frames).toBeGreaterThan(0);
}

/** A shell that stays between npm and the script, whatever the script says. */
async function lingeringShell(folder: string): Promise<string> {
  const file = join(folder, 'lingering-shell');
  await writeFile(file, '#!/bin/sh\n/bin/sh "$@"\nexit $?\n');
  await chmod(file, 0o755);
  return file;
}

const shells = ['/bin/sh', '/bin/dash', '/bin/bash', 'one that lingers'].filter(
  (shell) => !shell.startsWith('/') || existsSync(shell),
);

it.skipIf(skipped !== null).each(shells)(
  'SIGTERM to npm alone ends the server in order, with the shell %s',
  async (shell) => {
    const dataDir = await makeDataDir();
    closers.push(() => removeDataDir(dataDir));
    const script = shell.startsWith('/') ? shell : await lingeringShell(dataDir);
    const { npm, url, log, exited } = await npmStart(dataDir, { npm_config_script_shell: script });
    const seller = await member({ url }, 'seller');
    await expected({ url }, 'POST /v1/products', 201, { who: seller, body: productBody(['THING'], 7) });
    const sentAtMs = performance.now();
    process.kill(npm.pid!, 'SIGTERM');
    await exited;
    await waitFor(() => isFree(url), 20_000);
    expect(performance.now() - sentAtMs).toBeLessThan(10_000);
    // The output stays open until the last of the processes is gone.
    await waitFor(() => log().includes('"msg":"stopped"'), 10_000);
    await waitFor(async () => (await postmasterOf(dataDir)) === null);
    await expectCleanEnd(dataDir, log());
  },
);

it.skipIf(skipped !== null)('kill -9 of npm ends the server in order, too', async () => {
  const dataDir = await makeDataDir();
  closers.push(() => removeDataDir(dataDir));
  const { npm, url, log, exited } = await npmStart(dataDir, {});
  const { pid } = (await postmasterOf(dataDir))!;
  process.kill(npm.pid!, 'SIGKILL');
  await exited;
  await waitFor(() => isFree(url), 20_000);
  await waitFor(() => !isAlive(pid), 20_000);
  await waitFor(() => log().includes('"msg":"stopped"'));
});
