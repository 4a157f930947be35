import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { UnwantedFiles } from '../../../src/market/images/job.ts';
import { routes } from '../../../src/market/images/routes.ts';
import { imagesOf } from '../../../src/market/images/store.ts';
import { openBlobs } from '../../../src/persistence/blobs.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, temporaryFolder, testDatabase } from '../../persistence/support.ts';
import { bombs, fromPhone, kinds, polyglots, sample, strangers } from './samples.ts';

let database: TestDatabase;
let server: TestServer;
let folder = '';
let seller = '';
let productId = '';
/** One that no other test shows. */
let picture: Buffer;
let pictures = 0;

beforeAll(async () => {
  database = await testDatabase();
  folder = await temporaryFolder();
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...routes],
    database: openDatabase(database.pool),
    env: { DATA_DIR: folder },
  });
  seller = await newSeller();
});
afterAll(async () => {
  await imagesOf(server.services).close();
  await server.stop(1_000);
  await database.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  productId = await newProduct();
  picture = await sample('png', 40 + ++pictures, 30);
});

async function newSeller(): Promise<string> {
  const body = { email: `${randomUUID()}@example.com`, password: 'correct horse', name: 'A', role: 'seller' };
  const answer = await server.call('POST', '/v1/auth/register', { body });
  return `Bearer ${answer.body.accessToken}`;
}

async function newProduct(change: object = {}): Promise<string> {
  const price = { amount: 100, currency: 'USD' };
  const body = {
    title: 'Mug',
    category: 'Kitchen',
    variants: [{ sku: randomUUID(), price, stock: 1 }],
    ...change,
  };
  const answer = await server.call('POST', '/v1/products', { token: seller, body });
  expect(answer.status).toBe(201);
  return answer.body.productId;
}

interface Sent {
  readonly token?: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
  readonly product?: string;
}

async function send(bytes: Uint8Array, { token = seller, type = 'image/png', headers, product }: Sent = {}) {
  const answer = await fetch(`${server.url}/v1/products/${product ?? productId}/images`, {
    method: 'POST',
    headers: { authorization: token, 'content-type': type, ...headers },
    body: new Uint8Array(bytes),
  });
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
  const body = (await answer.json()) as any;
  return { status: answer.status, body, headers: answer.headers };
}

const path = (imageId: string) => `/v1/products/${productId}/images/${imageId}`;
const shown = async () => (await server.call('GET', `/v1/products/${productId}`)).body.images;
const idsOf = (images: { imageId: string }[]) => images.map(({ imageId }) => imageId);

describe('an image', () => {
  test.each(kinds)('of the kind %s is shown by its product and served', async (kind) => {
    const bytes = await sample(kind, 700, 500);
    const { status, body } = await send(bytes, { type: `image/${kind}` });
    expect([status, body]).toEqual([201, expect.objectContaining({ width: 700, height: 500, alt: '' })]);
    expect(await shown()).toEqual([body]);
    expect(body.url).toMatch(/^\/media\/[0-9a-f]{64}-1920\.webp$/);
    for (const width of [320, 640, 1280, 1920]) {
      const file = await fetch(server.url + body.url.replace('1920', String(width)));
      expect([file.status, file.headers.get('content-type')]).toEqual([200, 'image/webp']);
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('x-content-type-options')).toBe('nosniff');
      const size = await sharp(Buffer.from(await file.arrayBuffer())).metadata();
      expect([size.format, size.width]).toEqual(['webp', Math.min(width, 700)]);
    }
    expect(body.thumbnailUrl).toBe(body.url.replace('1920', '320'));
  });

  test('of a phone stands upright and tells nothing of its owner', async () => {
    const { body } = await send(await fromPhone(), { type: 'image/jpeg' });
    expect([body.width, body.height]).toEqual([300, 400]);
    const file = Buffer.from(await (await fetch(server.url + body.url)).arrayBuffer());
    expect(file.toString('latin1')).not.toMatch(/Ada Buyer|Exif/);
  });

  test('may be declared as another of the four kinds than it is', async () => {
    expect((await send(picture, { type: 'image/jpeg; q=1' })).status).toBe(201);
  });

  test('that the client has is not sent again', async () => {
    const { body } = await send(picture);
    const first = await fetch(server.url + body.url);
    const etag = first.headers.get('etag')!;
    const again = await fetch(server.url + body.url, { headers: { 'if-none-match': etag } });
    expect([again.status, again.headers.get('cache-control')]).toEqual([
      304,
      first.headers.get('cache-control'),
    ]);
  });

  test('has no other widths, and no names that lead elsewhere', async () => {
    const { body } = await send(picture);
    const hash = body.url.slice(7, 71);
    const names = [`${hash}-321.webp`, `${hash}-320.png`, `${hash}.webp`, `${hash.toUpperCase()}-320.webp`];
    names.push(`${'0'.repeat(64)}-320.webp`, '..%2f..%2ftoken.secret', `%00${hash}-320.webp`);
    for (const name of names) expect((await fetch(`${server.url}/media/${name}`)).status).toBe(404);
  });

  test('sent again under its key is added once, and another one under it is refused', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await send(picture, { headers });
    const again = await send(picture, { headers });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await send(await sample('png', 9, 9), { headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(await shown()).toHaveLength(1);
  });

  test('is a new version of its product and a fact of the feed', async () => {
    const before = await server.call('GET', `/v1/products/${productId}`);
    await send(picture);
    const after = await server.call('GET', `/v1/products/${productId}`);
    expect(after.body.version).toBe(before.body.version + 1);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    const { rows } = await database.pool.query(
      `SELECT type, body->'fields' AS fields FROM feed WHERE key = $1 ORDER BY position DESC LIMIT 1`,
      [productId],
    );
    expect(rows).toEqual([{ type: 'ItemUpdated', fields: ['images'] }]);
    const stale = await send(picture, { headers: { 'if-match': before.headers.get('etag')! } });
    expect([stale.status, stale.body.code]).toEqual([412, 'stale_version']);
  });
});

describe('is refused', () => {
  test('whoever may not change the product', async () => {
    const cases = [
      ['', 401, 'unauthenticated'],
      [await server.bearer('buyer'), 403, 'forbidden'],
      [await newSeller(), 404, 'not_found'],
    ] as const;
    for (const [token, status, code] of cases) {
      const sent = await send(picture, { token });
      expect([sent.status, sent.body.code]).toEqual([status, code]);
    }
    const { body } = await send(picture);
    for (const [token, status, code] of cases.slice(1)) {
      const changed = await server.call('PATCH', path(body.imageId), { token, body: { alt: 'x' } });
      expect([changed.status, changed.body.code]).toEqual([status, code]);
      const removed = await server.call('DELETE', path(body.imageId), { token });
      expect([removed.status, removed.body.code]).toEqual([status, code]);
    }
    const none = await send(picture, { product: `prd_${randomUUID()}` });
    expect([none.status, none.body.code]).toEqual([404, 'not_found']);
  });

  test('what is no image of the four kinds, whatever it says it is', async () => {
    for (const [name, bytes] of Object.entries(await strangers())) {
      const { status, body } = await send(bytes);
      expect([name, status, body.code]).toEqual([name, 415, 'unsupported_image']);
    }
    for (const type of ['image/gif', 'image/svg+xml', 'application/json', 'text/html', '']) {
      const { status, body } = await send(picture, { type });
      expect([type, status, body.code]).toEqual([type, 415, 'unsupported_image']);
    }
  });

  test('an image that is something else as well, and one that wants to be large', async () => {
    const bad = { ...(await polyglots()), ...(await bombs()), 'cut off': picture.subarray(0, 60) };
    for (const [name, bytes] of Object.entries(bad)) {
      const { status, body } = await send(bytes);
      expect([name, status, body.code]).toEqual([name, 422, 'image_rejected']);
    }
    expect(await shown()).toEqual([]);
  });

  test('more than 10 MiB, said or sent', async () => {
    const { status, body } = await send(Buffer.alloc(10 * 1024 * 1024 + 1, picture));
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
    const chunked = await fetch(`${server.url}/v1/products/${productId}/images`, {
      method: 'POST',
      headers: { authorization: seller, 'content-type': 'image/png' },
      body: new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
      }),
      duplex: 'half',
    } as RequestInit).catch(() => null);
    // The connection may be closed while the client still sends.
    if (chunked !== null) expect(chunked.status).toBe(413);
    expect(await shown()).toEqual([]);
  });

  test('the thirteenth', async () => {
    for (let n = 0; n < 12; n++) expect((await send(picture)).status).toBe(201);
    const { status, body } = await send(picture);
    expect([status, body.code]).toEqual([409, 'too_many_images']);
    expect(await shown()).toHaveLength(12);
  });

  test('the fourth at once of one account', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => send(picture)));
    const codes = new Set(answers.map(({ status, body }) => (status === 201 ? 201 : body.code)));
    expect([...codes].filter((code) => code !== 201 && code !== 'rate_limited')).toEqual([]);
    expect(await shown()).toHaveLength(answers.filter(({ status }) => status === 201).length);
    expect(server.stats()).toMatchObject({ openUploads: 0, openRequests: 0 });
  });
});

describe('the images of a product', () => {
  const three = async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await send(picture)).body.imageId);
    return ids as [string, string, string];
  };

  test('are moved, described and removed', async () => {
    const [a, b, c] = await three();
    const move = (imageId: string, position: number) =>
      server.call('PATCH', path(imageId), { token: seller, body: { position } });
    expect((await move(c, 0)).status).toBe(200);
    expect(idsOf(await shown())).toEqual([c, a, b]);
    await move(c, 1);
    expect(idsOf(await shown())).toEqual([a, c, b]);
    await move(a, 99);
    expect(idsOf(await shown())).toEqual([c, b, a]);
    const described = await server.call('PATCH', path(b), { token: seller, body: { alt: 'A red mug' } });
    expect(described.body).toMatchObject({ imageId: b, alt: 'A red mug' });
    expect(idsOf(await shown())).toEqual([c, b, a]);
    expect((await server.call('DELETE', path(b), { token: seller })).status).toBe(204);
    expect(idsOf(await shown())).toEqual([c, a]);
    expect((await server.call('DELETE', path(b), { token: seller })).status).toBe(404);
    for (const body of [
      {},
      { position: -1 },
      { position: 0.5 },
      { alt: 'a\nb' },
      { alt: 'x'.repeat(301) },
      { url: 'x' },
    ])
      expect((await server.call('PATCH', path(a), { token: seller, body })).body.code).toBe(
        'validation_failed',
      );
  });

  test('that lie elsewhere can be moved and described as well', async () => {
    productId = await newProduct({ images: ['https://example.com/a.png', '/media/sample/campo-mug.svg'] });
    const [first, second] = await shown();
    expect(first).toMatchObject({ url: 'https://example.com/a.png', width: null, alt: '' });
    await server.call('PATCH', path(second.imageId), { token: seller, body: { alt: 'Campo', position: 0 } });
    expect(await shown()).toEqual([{ ...second, alt: 'Campo' }, first]);
  });

  test('are kept when a change names their addresses, in its order', async () => {
    const { body: own } = await send(picture);
    await server.call('PATCH', path(own.imageId), { token: seller, body: { alt: 'Mine' } });
    const images = ['https://example.com/b.png', own.url];
    await server.call('PATCH', `/v1/products/${productId}`, { token: seller, body: { images } });
    const after = await shown();
    expect(after.map(({ url }: { url: string }) => url)).toEqual(images);
    expect(after[1]).toMatchObject({ imageId: own.imageId, alt: 'Mine', width: own.width });
    // Given to another product, it is an image of the same files.
    const other = await newProduct({ images: [own.url] });
    const { body } = await server.call('GET', `/v1/products/${other}`);
    expect(body.images[0]).toMatchObject({ url: own.url, width: own.width, height: own.height });
  });

  test('of a variant are only those that the product has', async () => {
    const [a, b] = await three();
    const { body: before } = await server.call('GET', `/v1/products/${productId}`);
    const [{ sku }] = before.variants;
    const body = { variants: [{ sku, images: [a, b] }] };
    await server.call('PATCH', `/v1/products/${productId}`, { token: seller, body });
    await server.call('DELETE', path(a), { token: seller });
    const { body: after } = await server.call('GET', `/v1/products/${productId}`);
    expect(after.variants[0].images).toEqual([b]);
  });

  test('changed by many at once are neither lost nor doubled', async () => {
    const ids = await three();
    await Promise.all(
      ids.map((id, n) =>
        server.call('PATCH', path(id), { token: seller, body: { alt: `Image ${n}`, position: n } }),
      ),
    );
    const after = await shown();
    expect(idsOf(after).toSorted()).toEqual(ids.toSorted());
    expect(after.map(({ alt }: { alt: string }) => alt).toSorted()).toEqual([
      'Image 0',
      'Image 1',
      'Image 2',
    ]);
  });
});

describe('files that no product has', () => {
  const going = () => new AbortController().signal;
  const age = () => database.pool.query(`UPDATE image_files SET wanted_at = now() - interval '25 hours'`);
  const unwanted = () =>
    new UnwantedFiles(
      openDatabase(database.pool),
      openBlobs({ folder: join(folder, 'blobs') }, () => {}),
    );
  const isThere = ({ url }: { url: string }) =>
    existsSync(join(folder, 'blobs', url.slice(7, 9), url.slice(7)));

  test('are deleted a day later, and those that one has stay', async () => {
    const { body: gone } = await send(picture);
    const { body: kept } = await send(await sample('png', 20, 20));
    await server.call('DELETE', path(gone.imageId), { token: seller });
    await unwanted().remove(going());
    expect([isThere(gone), isThere(kept)]).toEqual([true, true]);
    await age();
    await unwanted().remove(going());
    expect([isThere(gone), isThere(kept)]).toEqual([false, true]);
    await age();
    await unwanted().remove(going());
    expect(isThere(kept)).toBe(true);
    expect((await fetch(server.url + kept.url)).status).toBe(200);
  });

  test('come back with the same name when the image is sent again', async () => {
    const { body: first } = await send(picture);
    await server.call('DELETE', path(first.imageId), { token: seller });
    await age();
    await unwanted().remove(going());
    const { body: second } = await send(picture);
    expect(second.url).toBe(first.url);
    expect(isThere(second)).toBe(true);
  });

  test('nothing of an upload stays in the folder where it was received', async () => {
    await send(picture);
    await send(picture.subarray(0, 50));
    const names = await readdir(join(folder, 'blobs', '.unfinished'));
    expect(names).toEqual([]);
  });
});
