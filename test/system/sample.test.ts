/** The shop that an empty data folder gets: what a newcomer sees, and that it is made once whatever happens meanwhile. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  clockAhead,
  openSite,
  quietEnv,
  repository,
  runNode,
  type ServerProcess,
  type Site,
  waitFor,
} from './server.ts';
import { call, expected, member, productBody } from './shop.ts';

/** Several starts, each with a database of its own to make. */
const startsMsMax = 180_000;

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function newSite(): Promise<Site> {
  const site = await openSite();
  sites.push(site);
  return site;
}

const productsOf = async (place: { url: string }) =>
  (await expected(place, 'GET /v1/products?limit=100', 200)).items;
const salesOf = async (place: { url: string }) =>
  (await expected(place, 'GET /v1/sales?limit=100', 200)).items;
const phasesOf = async (server: ServerProcess) =>
  (await salesOf(server)).map(({ phase }: { phase: string }) => phase).sort();

describe('an empty shop', () => {
  it('gets some dozens of products with pictures, a drop that runs, one with a line and one that is announced', async () => {
    const server = await (await newSite()).start({ SAMPLE: '1' });
    const products = await productsOf(server);
    expect(products).toHaveLength(48);
    expect(products[0].title).toBe('Nimbus handheld console');
    for (const { images, title } of products) {
      expect(images.length, title).toBeGreaterThan(0);
      for (const { url } of images) {
        const picture = await call(server, `GET ${url}`);
        expect([picture.status, picture.headers.get('content-type')], url).toEqual([200, 'image/svg+xml']);
        expect(picture.body, url).toMatch(/^<svg [\s\S]*<title>\w[\s\S]*<\/svg>\s*$/);
      }
    }
    const pictures = new Set(
      products.flatMap(({ images }: { images: { url: string }[] }) => images.map(({ url }) => url)),
    );
    expect(pictures.size).toBeGreaterThan(60);
    const sales = await salesOf(server);
    expect(await phasesOf(server)).toEqual(['active', 'prequeue', 'scheduled']);
    const skus = products.flatMap(({ variants }: { variants: { sku: string }[] }) =>
      variants.map(({ sku }) => sku),
    );
    for (const { items, endsAt } of sales) {
      expect(skus).toContain(items[0].sku);
      expect(Date.parse(endsAt) - Date.now()).toBeGreaterThan(12 * 3_600_000);
    }
    expect(server.log()).not.toContain('sample shop');
  });

  it('serves pictures that may be kept for long and can run nothing', async () => {
    const server = await (await newSite()).start();
    const target = 'GET /media/sample/campo-mug.svg';
    const picture = await call(server, target);
    const header = (name: string) => picture.headers.get(name);
    expect(header('cache-control')).toBe('public, max-age=2592000');
    expect(header('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(header('x-content-type-options')).toBe('nosniff');
    const again = await call(server, target, { headers: { 'if-none-match': header('etag')! } });
    expect([again.status, again.body]).toEqual([304, null]);
    for (const name of ['none.svg', 'campo-mug', '..%2Fproducts.ts', 'CAMPO-MUG.svg'])
      expect([name, (await call(server, `GET /media/sample/${name}`)).status]).toEqual([name, 404]);
    const folder = join(repository, 'src/ops/sample/pictures');
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'utf8');
      expect(text, name).not.toMatch(/<(?:script|foreignObject|style|image|use|a)\b|\bon\w+=|href|url\(|<!/i);
      expect((await call(server, `GET /media/sample/${name}`)).status, name).toBe(200);
    }
  });
});

describe('a start that is killed while it makes the sample', () => {
  it(
    'is finished by the next one, each thing made once',
    async () => {
      const site = await newSite();
      // The ports are the site's from now on.
      const { url, opsUrl } = await site.start();
      await site.server.end('SIGTERM');
      const ports = { PORT: new URL(url).port, OPS_PORT: new URL(opsUrl).port };
      const reached: string[] = [];
      const moments: [name: string, hasCome: () => Promise<boolean>][] = [
        ['some products', async () => (await productsOf({ url })).length >= 3],
        ['a drop', async () => (await salesOf({ url })).length >= 1],
        ['two drops', async () => (await salesOf({ url })).length >= 2],
      ];
      for (const [name, hasCome] of moments) {
        const child = runNode(['src/main.ts'], { ...quietEnv(site.dataDir), ...ports, SAMPLE: '1' });
        await waitFor(async () => !child.isRunning || (await hasCome().catch(() => false)), 60_000);
        child.process.kill('SIGKILL');
        await child.exited;
        if (!/ready/.test(child.out())) reached.push(name);
      }
      // At least one of the kills came before the start was done.
      expect(reached).not.toEqual([]);
      const server = await site.start({ SAMPLE: '1' });
      await waitFor(async () => (await productsOf(server)).length === 48);
      const products = await productsOf(server);
      expect(new Set(products.map(({ title }: { title: string }) => title)).size).toBe(48);
      expect(new Set(products.map(({ sellerId }: { sellerId: string }) => sellerId)).size).toBe(1);
      await waitFor(async () => (await salesOf(server)).length >= 3);
      expect(await phasesOf(server)).toEqual(['active', 'prequeue', 'scheduled']);
      expect(server.banner).toMatch(/Open now +\S+\/drops\/sal_/);
    },
    startsMsMax,
  );
});

describe('a later start', () => {
  it(
    'makes nothing anew while it is there, and the drops that have gone by a day later',
    async () => {
      const site = await newSite();
      let server = await site.start({ SAMPLE: '1' });
      const before = await salesOf(server);
      await server.end('SIGTERM');
      server = await site.start({ SAMPLE: '1' });
      expect(await salesOf(server)).toEqual(before);
      expect(await productsOf(server)).toHaveLength(48);
      await server.end('SIGTERM');

      server = await site.start({ SAMPLE: '1', ...clockAhead(40 * 3_600_000) });
      await waitFor(async () => {
        const phases = await phasesOf(server);
        return ['active', 'prequeue', 'scheduled'].every((phase) => phases.includes(phase));
      });
      expect(server.banner).toContain(
        before.find(({ phase }: { phase: string }) => phase === 'active').saleId,
      );
      expect((await salesOf(server)).length).toBe(before.length + 2);
    },
    startsMsMax,
  );

  it(
    'leaves a shop alone in which somebody sells',
    async () => {
      const site = await newSite();
      let server = await site.start();
      const who = await member(server, 'seller');
      await expected(server, 'POST /v1/products', 201, { who, body: productBody(['MINE-1'], 3) });
      await server.end('SIGTERM');
      server = await site.start({ SAMPLE: '1' });
      expect(await productsOf(server)).toHaveLength(1);
      expect(await salesOf(server)).toEqual([]);
      expect(server.banner).not.toContain('Open now');
    },
    startsMsMax,
  );
});
