/** Imports of a whole server: killed in the middle, by the program from outside, and their SKUs are for sale. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, runNode, type Site, waitFor } from './server.ts';
import { expected, member, type Person, stockOf } from './shop.ts';

let site: Site;
let seller: Person & { email: string };
beforeAll(async () => {
  site = await openSite();
  await site.start();
  seller = await member(site.server, 'seller');
});
afterAll(async () => {
  const errors = site.server.errors();
  await site.close();
  expect(errors).toEqual([]);
});

const header = 'sku,title,category,price,currency,stock';
const fileOf = (prefix: string, rows: number) =>
  [header, ...Array.from({ length: rows }, (_, n) => `${prefix}-${n},Lamp ${n},Home,${100 + n},USD,3`)].join(
    '\n',
  );

test('a server that is killed in the middle of an import ends it after its next start, with nothing twice', async () => {
  const rows = 8_000;
  const answer = await fetch(`${site.server.url}/v1/imports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${seller.token}`, 'content-type': 'text/csv' },
    body: fileOf('KILL', rows),
  });
  expect(answer.status).toBe(202);
  const { importId } = (await answer.json()) as { importId: string };
  const read = () => expected(site.server, `GET /v1/imports/${importId}`, 200, { who: seller });
  await waitFor(async () => (await read()).created > 0);
  await site.server.end('SIGKILL');
  await site.start();
  const restarted = await read();
  expect(restarted.created).toBeLessThan(rows);
  const done = await waitFor(async () => {
    const now = await read();
    return now.status !== 'running' && now;
  }, 120_000);
  expect(done).toMatchObject({ status: 'done', linesRead: rows, created: rows, updated: 0, unchanged: 0 });
  const whole = await fetch(`${site.server.url}/v1/exports/products`, {
    headers: { authorization: `Bearer ${seller.token}` },
  });
  const skus = (await whole.text())
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(',', 1)[0]);
  expect(new Set(skus).size).toBe(rows);
  expect(skus).toHaveLength(rows);
  // The registration has told the actors of them.
  await waitFor(
    async () => (await stockOf(site.server, `KILL-${rows - 1}`).catch(() => null)) !== null,
    60_000,
  );
}, 240_000);

test('npm run import sends a file, says how it went and ends with what that means', async () => {
  const env = { SELLER_EMAIL: seller.email, SELLER_PASSWORD: 'a long password' };
  const run = async (...args: string[]) => {
    const child = runNode(['src/cli/import.ts', ...args], env);
    return { code: await child.exited, out: child.out(), err: child.err() };
  };
  const url = ['--url', site.server.url];
  const prefix = `CLI-${randomUUID().slice(0, 8)}`;
  const good = join(site.dataDir, 'good.csv.gz');
  await writeFile(good, gzipSync(fileOf(prefix, 20)));
  expect(await run(good, ...url)).toMatchObject({
    ...{
      code: 0,
      out: expect.stringMatching(/^imp_\S+ done: 20 lines, 20 created, 0 updated, 0 unchanged, 0 refused\n$/),
    },
  });
  expect(await run(good, ...url)).toMatchObject({ code: 0, out: expect.stringContaining('20 unchanged') });
  const partly = join(site.dataDir, 'partly.csv');
  await writeFile(partly, `${fileOf(prefix, 2)}\nX,,Home,100,USD,1`);
  const refused = await run(partly, ...url);
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/^line 4: validation_failed: title must/);
  expect((await run('products.xlsx', ...url)).code).toBe(2);
  expect((await run()).code).toBe(2);
  expect((await run(join(site.dataDir, 'missing.csv'), ...url)).code).toBe(3);
  const stranger = runNode(['src/cli/import.ts', good, ...url, '--email', 'nobody@example.com'], env);
  expect(await stranger.exited).toBe(3);
  expect(stranger.err()).toContain('invalid_credentials');
}, 120_000);
