/** Both stores behind one contract: a folder, and a store that speaks S3 and checks every signature. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlobStore, openBlobs } from '../../src/persistence/blobs.ts';
import { temporaryFolder } from './support.ts';

const told: string[] = [];
const log = (_level: string, message: string, fields: object = {}) =>
  void told.push(`${message} ${JSON.stringify(fields)}`);

let folder = '';
let s3: { endpoint: string; close(): Promise<void> };

beforeAll(async () => {
  folder = await temporaryFolder();
  s3 = await startS3(join(folder, 's3'));
});
afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true, force: true });
});

/** Its key is S3RVER, as is its secret: whatever is signed with another one is refused. */
async function startS3(directory: string) {
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory },
    configureBuckets: [{ name: 'images' }],
  });
  const { port } = (await server.run()) as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const settingsOfS3 = (change: object = {}) => ({
  s3: {
    ...{ endpoint: s3.endpoint, region: 'us-east-1', bucket: 'images' },
    ...{ accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    ...change,
  },
});

const newName = () => `${randomUUID()}-320.webp`;

describe.each([
  ['a folder', () => openBlobs({ folder: join(folder, 'blobs') }, log)],
  ['a bucket', () => openBlobs(settingsOfS3(), log)],
])('%s', (_, open) => {
  let blobs: BlobStore;
  beforeAll(() => {
    blobs = open();
  });

  test('gives back what was put, whatever its bytes and length', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0]), randomBytes(1_500_000)]) {
      const name = newName();
      await blobs.put(name, bytes);
      expect(Buffer.from((await blobs.get(name))!).equals(bytes)).toBe(true);
    }
  });

  test('knows nothing of what was never put, or is deleted', async () => {
    const name = newName();
    expect(await blobs.get(name)).toBeNull();
    await blobs.put(name, Buffer.from('a'));
    await blobs.delete(name);
    expect(await blobs.get(name)).toBeNull();
    await blobs.delete(name);
  });

  test('takes the same file again, also from many at once', async () => {
    const name = newName();
    const bytes = randomBytes(200_000);
    await Promise.all(Array.from({ length: 8 }, () => blobs.put(name, bytes)));
    expect(Buffer.from((await blobs.get(name))!).equals(bytes)).toBe(true);
  });

  test('has no name that leads elsewhere', async () => {
    for (const name of [
      '../../etc/passwd',
      'a/b.webp',
      '.webp',
      'x',
      `${'a'.repeat(200)}.webp`,
      'ab%2f.webp',
    ])
      await expect(async () => blobs.put(name, Buffer.from('a'))).rejects.toThrow('not the name of a file');
  });
});

describe('a folder', () => {
  test('shows no file that is not whole, and is tidied', async () => {
    const root = join(folder, 'tidied');
    const blobs = openBlobs({ folder: root }, log);
    const name = newName();
    const bytes = randomBytes(3_000_000);
    const putting = blobs.put(name, bytes);
    for (let isDone = false; !isDone; ) {
      isDone = await Promise.race([
        putting.then(() => true),
        new Promise<false>((go) => setImmediate(go, false)),
      ]);
      const seen = await blobs.get(name);
      expect(seen === null || Buffer.from(seen).equals(bytes)).toBe(true);
    }
    const left = join(root, '.unfinished', randomUUID());
    const young = join(root, '.unfinished', randomUUID());
    await mkdir(join(root, '.unfinished'), { recursive: true });
    for (const path of [left, young]) await writeFile(path, 'half of a file');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(left, longAgo, longAgo);
    await blobs.tidy();
    expect(await readdir(join(root, '.unfinished'))).toEqual([young.split('/').at(-1)]);
    expect(await readFile(join(root, name.slice(0, 2), name))).toEqual(bytes);
  });

  test('that cannot be written is busy, and leaves nothing', async () => {
    const root = join(folder, 'a-file');
    await writeFile(root, 'in the way');
    const blobs = openBlobs({ folder: root }, log);
    await expect(blobs.put(newName(), Buffer.from('a'))).rejects.toMatchObject({ code: 'busy' });
  });
});

describe('a bucket', () => {
  test('that refuses our key, or is not there, is busy, and its words are for the log', async () => {
    const wrong = openBlobs(settingsOfS3({ secretAccessKey: 'another' }), log);
    await expect(wrong.put(newName(), Buffer.from('a'))).rejects.toMatchObject({ code: 'busy', details: {} });
    await expect(wrong.get(newName())).rejects.toMatchObject({ code: 'busy' });
    const none = openBlobs(settingsOfS3({ bucket: 'nothing-here' }), log);
    await expect(none.put(newName(), Buffer.from('a'))).rejects.toMatchObject({ code: 'busy' });
    expect(told.join('\n')).toMatch(/SignatureDoesNotMatch/);
    expect(told.join('\n')).not.toContain('another');
  });

  test('that is away, or answers with nonsense, is busy', async () => {
    const away = openBlobs(settingsOfS3({ endpoint: 'http://127.0.0.1:9' }), log);
    await expect(away.get(newName())).rejects.toMatchObject({ code: 'busy' });
    const odd = createServer((_, res) => res.writeHead(500).end('<Error/>')).listen(0, '127.0.0.1');
    await new Promise((listening) => odd.once('listening', listening));
    const { port } = odd.address() as AddressInfo;
    const broken = openBlobs(settingsOfS3({ endpoint: `http://127.0.0.1:${port}` }), log);
    await expect(broken.get(newName())).rejects.toMatchObject({ code: 'busy' });
    odd.close();
  });

  test('is never followed to another address', async () => {
    const away = createServer((_, res) => res.writeHead(302, { location: s3.endpoint }).end());
    away.listen(0, '127.0.0.1');
    await new Promise((listening) => away.once('listening', listening));
    const { port } = away.address() as AddressInfo;
    const blobs = openBlobs(settingsOfS3({ endpoint: `http://127.0.0.1:${port}` }), log);
    await expect(blobs.get(newName())).rejects.toMatchObject({ code: 'busy' });
    away.close();
  });
});
