/** A seller's catalogue from a file and back: the routes, the job, and what is in the tables afterwards. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { Registration } from '../../../src/market/catalog/registration.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { createJob } from '../../../src/market/imports/job.ts';
import { routes as importRoutes } from '../../../src/market/imports/routes.ts';
import { auditChains } from '../../../src/ops/audit-provenance.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import type { Job } from '../../../src/protocol/job.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let database: TestDatabase;
let server: TestServer;
let folder: string;
let job: Job;
beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-imports-'));
  server = await startTestServer({
    routes: [...accountRoutes, ...productRoutes, ...importRoutes],
    database: openDatabase(database.pool),
    env: { DATA_DIR: folder },
    uploadFolder: join(folder, 'uploads'),
  });
  job = newJob();
});
afterAll(async () => {
  await server.stop(1_000);
  await database.close();
  await rm(folder, { recursive: true });
});

/** As after a start. */
function newJob(): Job {
  return createJob({ pool: database.pool, log: () => {}, dataDir: folder, lagSeconds: () => 0 });
}

let sellers = 0;
async function newSeller() {
  const { body } = await server.call('POST', '/v1/auth/register', {
    body: { email: `i${++sellers}@example.com`, password: 'correct horse', name: 'Ida', role: 'seller' },
  });
  return { token: `Bearer ${body.accessToken}`, accountId: body.account.accountId as string };
}
type Seller = Awaited<ReturnType<typeof newSeller>>;

const never = new AbortController().signal;

async function send(seller: Seller, body: Buffer | string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}/v1/imports`, {
    method: 'POST',
    headers: { authorization: seller.token, 'content-type': 'text/csv', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
}

const read = async (seller: Seller, importId: string, more = '') =>
  (await server.call('GET', `/v1/imports/${importId}${more}`, { token: seller.token })).body;

/** Sends a file and reads it to its end. */
async function imported(seller: Seller, body: Buffer | string, headers: Record<string, string> = {}) {
  const sent = await send(seller, body, headers);
  expect([sent.status, sent.body.status]).toEqual([202, 'running']);
  expect(sent.headers.get('location')).toBe(`/v1/imports/${sent.body.importId}`);
  await job.round(never);
  return read(seller, sent.body.importId);
}

const counts = ({ status, linesRead, created, updated, unchanged, rejected }: Record<string, unknown>) => ({
  ...{ status, linesRead, created, updated, unchanged, rejected },
});

async function exported(seller: Seller, format = 'csv'): Promise<string> {
  const answer = await fetch(`${server.url}/v1/exports/products?format=${format}`, {
    headers: { authorization: seller.token },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-disposition')).toBe(
    `attachment; filename="products.${format.split('&', 1)[0]}"`,
  );
  return answer.text();
}

const header =
  'sku,title,description,brand,category,tags,price,currency,stock,options,attributes,imageUrls,status';
const json = { 'content-type': 'application/x-ndjson' };
const filesLeft = async () => (await readdir(join(folder, 'imports'))).length;

describe('an import', () => {
  test('makes products that are like those of the API, with prices, provenance and facts, and sells them', async () => {
    const seller = await newSeller();
    const body = `${header}\nM-1,Lamp,"Shines,\nbright",Luma,Home>Light,New | Sale,1999,USD,3,"{""colour"":""red""}","{""watts"":5}",https://x.example/1.webp,\nM-2,Draft lamp,,,Home,,500,USD,1,,,,draft\n`;
    const done = await imported(seller, body);
    expect(counts(done)).toEqual({ ...counts(done), status: 'done', linesRead: 2, created: 2, rejected: 0 });
    expect([done.percent, done.errors]).toEqual([100, []]);
    const { items } = (await server.call('GET', `/v1/products?seller=${seller.accountId}`)).body;
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      ...{ title: 'Lamp', description: 'Shines,\nbright', brand: 'Luma', category: 'Home > Light' },
      ...{ tags: ['new', 'sale'], attributes: { watts: 5 }, status: 'active', version: 1 },
      images: [{ url: 'https://x.example/1.webp' }],
      variants: [{ sku: 'M-1', options: { colour: 'red' }, price: { amount: 1999, currency: 'USD' } }],
    });
    const path = `/v1/products/${items[0].productId}`;
    expect((await server.call('GET', `${path}/prices`)).body.items).toMatchObject([{ sku: 'M-1', to: null }]);
    const { items: chain } = (await server.call('GET', `${path}/provenance`)).body;
    expect(chain).toMatchObject([
      { seq: 1, actor: { accountId: seller.accountId, role: 'seller' }, change: { type: 'ItemCreated' } },
    ]);
    const facts = await database.pool.query('SELECT type FROM feed WHERE key = $1', [items[0].productId]);
    expect(facts.rows).toEqual([{ type: 'ItemCreated' }]);
    // As the catalogue's job does; what is no more than a draft has no actor.
    const registration = new Registration(openDatabase(database.pool), server.services.ask, () => {});
    server.shards.asked.length = 0;
    await registration.registerPending();
    expect(server.shards.asked.map(({ key, type }) => `${type} ${key}`)).toEqual(['RegisterSku M-1']);
    expect(await filesLeft()).toBe(0);
  });

  test('sent again changes nothing; a line that says something else changes that alone', async () => {
    const seller = await newSeller();
    const rows = Array.from(
      { length: 600 },
      (_, n) => `A-${n},Lamp ${n},,,Home > Light ${n % 7},,${100 + n},USD,3,,,,`,
    );
    const body = [header, ...rows].join('\n');
    expect(counts(await imported(seller, body))).toMatchObject({ created: 600, rejected: 0 });
    expect(counts(await imported(seller, gzipSync(body), { 'content-encoding': 'gzip' }))).toEqual({
      ...{ status: 'done', linesRead: 600, created: 0, updated: 0, unchanged: 600, rejected: 0 },
    });
    const changed = [header, 'A-5,Lamp 5,,,Home > Light 5,,99,USD,77,,,,', rows[6], 'sku', rows[7]].join(
      '\n',
    );
    expect(counts(await imported(seller, changed))).toEqual({
      ...{ status: 'done', linesRead: 4, created: 0, updated: 1, unchanged: 2, rejected: 1 },
    });
    const versions = await database.pool.query(
      `SELECT v.sku, p.version, v.price_amount, v.initial_stock, v.actor_state FROM variants v
       JOIN products p USING (product_id) WHERE v.sku = ANY($1) ORDER BY v.sku`,
      [['A-5', 'A-6']],
    );
    expect(versions.rows).toEqual([
      { sku: 'A-5', version: 2, price_amount: '99', initial_stock: '3', actor_state: 'pending' },
      { sku: 'A-6', version: 1, price_amount: '106', initial_stock: '3', actor_state: 'pending' },
    ]);
  });

  test('keeps good lines and says of bad ones which and why, all of them by pages', async () => {
    const [seller, rival] = [await newSeller(), await newSeller()];
    await imported(rival, `${header}\nR-1,Theirs,,,Home,,100,USD,1,,,,`);
    const bad = Array.from({ length: 1_100 }, (_, n) => `B-${n},,,,Home,,100,USD,1,,,,`);
    const body = [
      ...[header, 'R-1,Mine,,,Home,,100,USD,1,,,,', 'G-1,Good,,,Home,,100,USD,1,,,,', ...bad],
      ...[
        'G-2,Good,,,Home > ,,100,USD,1,,,,',
        'G-3,Good,,,Home,,100,USD,,,,,',
        'G-4,Good,,,Home,,100,USD,1,,,,held',
      ],
      ...['G-5,Good,,,Home,,100,USD,1,,,,archived'],
    ];
    const done = await imported(seller, body.join('\n'));
    expect(counts(done)).toMatchObject({ status: 'done', linesRead: 1_106, created: 3, rejected: 1_103 });
    expect(done.errors).toHaveLength(1_000);
    expect(done.errors[0]).toEqual({ line: 2, code: 'sku_taken', message: 'The SKU R-1 exists already' });
    expect(done.errors[1]).toMatchObject({ line: 4, code: 'validation_failed' });
    const lines: number[] = [];
    let cursor = '';
    do {
      const page = await read(seller, done.importId, `/errors?limit=100${cursor && `&cursor=${cursor}`}`);
      lines.push(...page.items.map(({ line }: { line: number }) => line));
      cursor = page.nextCursor;
    } while (cursor);
    expect(lines).toHaveLength(1_103);
    expect(lines.slice(-2)).toEqual([1_104, 1_105]);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('that cannot be read fails with the reason, and keeps what came before', async () => {
    const seller = await newSeller();
    const none = await imported(seller, 'sku,colour\nA,red\n');
    expect(none).toMatchObject({
      ...{ status: 'failed', linesRead: 0 },
      errors: [{ line: 1, code: 'validation_failed', message: expect.stringContaining('"colour"') }],
    });
    const rows = Array.from(
      { length: 4_000 },
      (_, n) => `F-${n},Lamp ${Math.sin(n).toString(36)},,,Home,,100,USD,1,,,,`,
    );
    const packed = gzipSync([header, ...rows].join('\n'));
    const broken = await imported(seller, packed.subarray(0, packed.length - 20_000), {
      'content-encoding': 'gzip',
    });
    expect(broken).toMatchObject({ status: 'failed', errors: [{ code: 'malformed_request' }] });
    expect(broken.created).toBeGreaterThan(0);
    expect(broken.percent).toBeLessThan(100);
    expect(await filesLeft()).toBe(0);
  });

  test('goes on after an end in the middle, and does nothing twice', async () => {
    const seller = await newSeller();
    const rows = Array.from({ length: 1_400 }, (_, n) => `K-${n},Lamp ${n},,,Home,,100,USD,1,,,,`);
    const { body } = await send(seller, [header, ...rows, 'bad'].join('\n'));
    const stopping = new AbortController();
    // As a kill would: the thread that reads is gone, and so is what it had read ahead.
    const watching = (async () => {
      while ((await read(seller, body.importId)).created === 0);
      stopping.abort();
    })();
    await Promise.all([job.round(stopping.signal), watching]);
    const half = await read(seller, body.importId);
    expect(half.status).toBe('running');
    expect(half.created).toBeGreaterThan(0);
    expect(half.created).toBeLessThan(1_400);
    await newJob().round(never);
    expect(counts(await read(seller, body.importId))).toEqual({
      ...{ status: 'done', linesRead: 1_401, created: 1_400, updated: 0, unchanged: 0, rejected: 1 },
    });
    const { rows: links } = await database.pool.query(
      `SELECT count(*)::integer AS count FROM product_changes c JOIN products p USING (product_id) WHERE seller_id = $1`,
      [seller.accountId],
    );
    expect(links).toEqual([{ count: 1_400 }]);
  });

  test('loses one line to a row that the database refuses, whatever the reason', async () => {
    const seller = await newSeller();
    await database.pool.query(`CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.title = 'Poison' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$`);
    await database.pool.query(
      'CREATE TRIGGER poison BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION refuse_poison()',
    );
    const rows = Array.from(
      { length: 40 },
      (_, n) => `Q-${n},${n === 17 ? 'Poison' : 'Lamp'},,,Home,,100,USD,1,,,,`,
    );
    const done = await imported(seller, [header, ...rows].join('\n'));
    expect(counts(done)).toMatchObject({ status: 'done', linesRead: 40, created: 39, rejected: 1 });
    expect(done.errors).toEqual([{ line: 19, code: 'internal_error', message: 'An unexpected error' }]);
    await database.pool.query('DROP TRIGGER poison ON products');
  });

  test('of a seller who was suspended meanwhile fails, and lists nothing', async () => {
    const seller = await newSeller();
    const { body } = await send(seller, `${header}\nZ-1,Lamp,,,Home,,100,USD,1,,,,`);
    await database.pool.query(
      `INSERT INTO sellers (account_id, status, suspension_reason, suspended_at, suspended_by)
       VALUES ($1, 'suspended', 'replicas', now(), 'acc_1')`,
      [seller.accountId],
    );
    await job.round(never);
    expect(await read(seller, body.importId)).toMatchObject({
      ...{ status: 'failed', created: 0 },
      errors: [{ code: 'seller_suspended' }],
    });
  });

  test('is stopped, and keeps what it has read', async () => {
    const seller = await newSeller();
    const { body } = await send(seller, `${header}\nS-1,Lamp,,,Home,,100,USD,1,,,,`);
    const path = `/v1/imports/${body.importId}`;
    expect((await server.call('DELETE', path, { token: seller.token })).status).toBe(204);
    await job.round(never);
    const stopped = await read(seller, body.importId);
    expect(counts(stopped)).toMatchObject({ status: 'stopped', linesRead: 0 });
    expect(stopped.endedAt).not.toBeNull();
    expect((await server.call('DELETE', path, { token: seller.token })).status).toBe(204);
    expect((await read(seller, body.importId)).endedAt).toBe(stopped.endedAt);
  });

  test('is its seller’s alone, and no business of buyers', async () => {
    const [seller, rival] = [await newSeller(), await newSeller()];
    const { importId } = await imported(seller, `${header}\nP-1,Lamp,,,Home,,100,USD,1,,,,`);
    for (const [method, more] of [
      ['GET', ''],
      ['GET', '/errors'],
      ['DELETE', ''],
    ] as const) {
      const answer = await server.call(method, `/v1/imports/${importId}${more}`, { token: rival.token });
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect((await server.call('GET', '/v1/imports', { token: rival.token })).body.items).toEqual([]);
    const token = await server.bearer('buyer');
    for (const path of ['/v1/imports', `/v1/imports/${importId}`, '/v1/exports/products'])
      expect((await server.call('GET', path, { token })).body.code).toBe('forbidden');
    expect((await send({ token, accountId: '' }, header)).body.code).toBe('forbidden');
    expect((await server.call('GET', '/v1/exports/products')).status).toBe(401);
    const mine = (await server.call('GET', '/v1/imports', { token: seller.token })).body;
    expect(mine.items).toMatchObject([{ importId, status: 'done', created: 1 }]);
  });

  test('is refused as the fourth that runs, as a bomb, and known again under its key', async () => {
    const seller = await newSeller();
    const key = { 'idempotency-key': 'one' };
    const first = await send(seller, header, key);
    const again = await send(seller, header, key);
    expect(again.body).toEqual(first.body);
    expect((await send(seller, `${header}\n`, key)).body.code).toBe('idempotency_key_reused');
    await send(seller, header);
    await send(seller, header);
    const fourth = await send(seller, header);
    expect([fourth.status, fourth.body.code]).toEqual([429, 'rate_limited']);
    expect(await filesLeft()).toBe(3);
    for (let n = 0; n < 3; n++) await job.round(never);
    expect(await filesLeft()).toBe(0);
    // Says at its end that it unpacks to more than a gibibyte.
    const bomb = gzipSync(header);
    bomb.writeUInt32LE(1024 ** 3 + 1, bomb.length - 4);
    const refused = await send(seller, bomb, { 'content-encoding': 'gzip' });
    expect([refused.status, refused.body.code]).toEqual([413, 'payload_too_large']);
  });
});

describe('JSON Lines', () => {
  const usd = (amount: number) => ({ amount, currency: 'USD' });
  const product = (skus: readonly string[], more: object = {}) =>
    JSON.stringify({
      ...{ title: 'Shoe', category: 'Shoes', ...more },
      variants: skus.map((sku, n) => ({ sku, options: { size: `${n}` }, price: usd(100 + n), stock: 2 })),
    });

  test('make products with several variants, add to them, and keep them apart', async () => {
    const seller = await newSeller();
    const made = await imported(seller, [product(['J-1', 'J-2']), product(['J-3'])].join('\n'), json);
    expect(counts(made)).toMatchObject({ created: 2, rejected: 0 });
    const more = [product(['J-1', 'J-2', 'J-4']), product(['J-2', 'J-3']), product(['J-3'])];
    expect(await imported(seller, more.join('\n'), json)).toMatchObject({
      ...{ created: 0, updated: 1, unchanged: 1, rejected: 1 },
      errors: [{ line: 2, code: 'validation_failed', message: '/variants must be of one product' }],
    });
    const { items } = (await server.call('GET', `/v1/products?seller=${seller.accountId}&sort=price_asc`))
      .body;
    expect(
      items.map(({ variants }: { variants: { sku: string }[] }) => variants.map(({ sku }) => sku)).sort(),
    ).toEqual([['J-1', 'J-2', 'J-4'], ['J-3']]);
  });

  test('that name a SKU twice are applied in their order', async () => {
    const seller = await newSeller();
    const lines = [
      product(['T-1']),
      product(['T-1'], { title: 'Boot' }),
      product(['T-1'], { title: 'Boot' }),
    ];
    expect(counts(await imported(seller, lines.join('\n'), json))).toMatchObject({
      ...{ created: 1, updated: 1, unchanged: 1 },
    });
    const { items } = (await server.call('GET', `/v1/products?seller=${seller.accountId}`)).body;
    expect(items).toMatchObject([{ title: 'Boot', variants: [{ sku: 'T-1' }] }]);
  });
});

describe('an export', () => {
  const many = (seller: Seller) => {
    const rows = Array.from({ length: 130 }, (_, n) => [
      ...[
        `X-${seller.accountId.slice(-5)}-${n}`,
        `Lamp "${n}"`,
        n % 3 ? 'a\nb, "c"' : '',
        n % 2 ? 'Luma' : '',
      ],
      ...[`Home > Light ${n % 5}`, n % 4 ? 'new|sale' : '', String(100 + n), 'USD', String(n % 9)],
      ...[n % 2 ? '{"colour":"red"}' : '', n % 3 ? '{"watts":5,"dim":true,"name":"é"}' : ''],
      ...[n % 2 ? 'https://x.example/1.webp|/media/2.webp' : '', ['active', 'draft', 'archived'][n % 3]!],
    ]);
    const quoted = rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','));
    return [header, ...quoted].join('\r\n');
  };

  test('given back is all unchanged; wiped and given back it is the same catalogue', async () => {
    const seller = await newSeller();
    expect(counts(await imported(seller, many(seller)))).toMatchObject({ created: 130, rejected: 0 });
    for (const format of ['csv', 'ndjson']) {
      const file = await exported(seller, format);
      const type = format === 'csv' ? {} : json;
      expect(counts(await imported(seller, file, type))).toMatchObject({ unchanged: 130, rejected: 0 });
      await database.pool.query('DELETE FROM products WHERE seller_id = $1', [seller.accountId]);
      expect(await exported(seller, format)).toBe(format === 'csv' ? `${header}\r\n` : '');
      expect(counts(await imported(seller, file, type))).toMatchObject({ created: 130, rejected: 0 });
      expect(await exported(seller, format)).toBe(file);
    }
  });

  test('is in the order of SKUs, a line a variant or a line a product, without another seller’s', async () => {
    const seller = await newSeller();
    const variants = ['O-3', 'O-1', 'O-2'].map((sku) => ({
      sku,
      price: { amount: 500, currency: 'USD' },
      stock: 1,
    }));
    await imported(seller, JSON.stringify({ title: 'Shoe', category: 'Shoes', variants }), json);
    const skus = (await exported(seller))
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(',', 1)[0]);
    expect(skus).toEqual(['sku', 'O-1', 'O-2', 'O-3']);
    const products = (await exported(seller, 'ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(products).toMatchObject([
      { title: 'Shoe', variants: [{ sku: 'O-3' }, { sku: 'O-1' }, { sku: 'O-2' }] },
    ]);
  });

  test('brings products of several variants back whole: as JSON Lines, and as CSV that says which belong together', async () => {
    const seller = await newSeller();
    const usd = (amount: number) => ({ amount, currency: 'USD' });
    const line = (title: string, skus: readonly string[]) =>
      JSON.stringify({
        ...{ title, category: 'Shoes', tags: ['new'], attributes: { sole: 'rubber' }, status: 'active' },
        variants: skus.map((sku, n) => ({
          ...{ sku, options: { size: `${n}` }, price: usd(100 + n), compareAtPrice: usd(200), stock: n },
        })),
      });
    // The first product's variants are further apart than a batch has lines.
    const between = Array.from({ length: 300 }, (_, n) => line(`Boot ${n}`, [`V-2-${n}`]));
    const file = [line('Shoe', ['V-3', 'V-1', 'V-2']), line('Lace', ['V-4', 'V-5']), ...between].join('\n');
    expect(counts(await imported(seller, file, json))).toMatchObject({ created: 302, rejected: 0 });
    const whole = await exported(seller, 'ndjson');
    const wipe = () => database.pool.query('DELETE FROM products WHERE seller_id = $1', [seller.accountId]);
    await wipe();
    expect(counts(await imported(seller, whole, json))).toMatchObject({ created: 302, rejected: 0 });
    expect(await exported(seller, 'ndjson')).toBe(whole);

    const grouped = await exported(seller, 'csv&variantOf=true');
    expect(grouped.split('\r\n', 1)).toEqual([`${header},variantOf`]);
    expect(counts(await imported(seller, grouped))).toMatchObject({ unchanged: 305, rejected: 0 });
    await wipe();
    expect(counts(await imported(seller, grouped))).toMatchObject({ created: 302, updated: 3, rejected: 0 });
    expect(await exported(seller, 'csv&variantOf=true')).toBe(grouped);
    const products = (await exported(seller, 'ndjson')).trimEnd().split('\n');
    const skus = products.map((text) => JSON.parse(text).variants.map(({ sku }: { sku: string }) => sku));
    expect(skus.filter(({ length }) => length > 1)).toEqual([
      ['V-1', 'V-2', 'V-3'],
      ['V-4', 'V-5'],
    ]);
  });

  test('whose line is the variant of nothing known is refused by itself', async () => {
    const [seller, rival] = [await newSeller(), await newSeller()];
    await imported(rival, `${header}\nW-9,Theirs,,,Home,,100,USD,1,,,,`);
    const lines = ['W-1,A,,,Home,,100,USD,1,,,,,W-1', 'W-2,A,,,Home,,100,USD,1,,,,,W-0'];
    const more = ['W-3,A,,,Home,,100,USD,1,,,,,W-9', 'W-4,A,,,Home,,100,USD,1,,,,,W-1'];
    const done = await imported(seller, [`${header},variantOf`, ...lines, ...more].join('\n'));
    expect(counts(done)).toMatchObject({ created: 1, updated: 1, rejected: 2 });
    expect(done.errors).toMatchObject([
      { line: 3, code: 'validation_failed', message: expect.stringMatching(/^variantOf must/) },
      { line: 4, code: 'validation_failed', message: expect.stringMatching(/^variantOf must/) },
    ]);
    const asJson = JSON.stringify({
      ...{ title: 'A', category: 'Home', variantOf: 'W-1' },
      variants: [{ sku: 'W-5', price: { amount: 1, currency: 'USD' }, stock: 1 }],
    });
    expect(counts(await imported(seller, asJson, json))).toMatchObject({ rejected: 1 });
  });
});

test('after all of this the chains of changes hold', async () => {
  expect((await auditChains(database.pool)).mismatches).toEqual([]);
});
