import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Places } from '../../../src/gateway/places.ts';
import { RenderPool } from '../../../src/market/images/pool.ts';
import { temporaryFolder, until } from '../../persistence/support.ts';
import { sample } from './samples.ts';

const memory = new Int32Array(new SharedArrayBuffer(8));
const places = new Places(memory, 0);
const pool = new RenderPool(places);
let folder = '';
let path = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder, 'image');
  await writeFile(path, await sample('jpeg', 64, 48));
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the pool', () => {
  test('makes files of an image, and says why it cannot', async () => {
    expect(await pool.run({ path })).toMatchObject({ width: 64, height: 48 });
    const broken = join(folder, 'broken');
    await writeFile(broken, (await sample('png', 64, 48)).subarray(0, 100));
    expect(await pool.run({ path: broken })).toMatchObject({ fault: expect.any(String) });
  });

  test('is busy for a file that is not there, and goes on', async () => {
    await expect(pool.run({ path: join(folder, 'none') })).rejects.toMatchObject({ code: 'busy' });
    expect(await pool.run({ path })).toMatchObject({ width: 64 });
  });

  test('waits for a place, and lets only so many wait', async () => {
    const others = new Places(memory, 1);
    expect([others.enter(), others.enter()]).toEqual([true, true]);
    let done = 0;
    const waiting = Array.from({ length: 16 }, async () => {
      await pool.run({ path });
      done += 1;
    });
    await expect(pool.run({ path })).rejects.toMatchObject({ code: 'busy' });
    expect(done).toBe(0);
    others.leave();
    await Promise.all(waiting);
    others.leave();
    await until(() => places.enter() && places.enter());
  });
});
