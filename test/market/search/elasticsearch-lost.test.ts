/** Elasticsearch killed, silent and emptied: searches are answered all the time, and it catches up by itself. */
import { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as accountRoutes } from '../../../src/market/accounts/routes.ts';
import { routes as productRoutes } from '../../../src/market/catalog/routes.ts';
import { SearchConsumer } from '../../../src/market/search/consumer.ts';
import { productsAlias } from '../../../src/market/search/elasticsearch/connection.ts';
import { createJob } from '../../../src/market/search/elasticsearch/job.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { routes as searchRoutes } from '../../../src/market/search/routes.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import type { Job } from '../../../src/protocol/job.ts';
import { startTestServer, type TestServer } from '../../gateway/harness.ts';
import { type TestDatabase, testDatabase, until } from '../../persistence/support.ts';
import { Elasticsearch, prepareElasticsearch, whyNoElasticsearch } from '../../support/elasticsearch.ts';

const skipped = whyNoElasticsearch();
if (skipped) console.warn(`skipping Elasticsearch: ${skipped}`);

describe.skipIf(skipped !== null)('Elasticsearch is configured', () => {
  let elasticsearch: Elasticsearch;
  let client: Client;
  let database: TestDatabase;
  let server: TestServer;
  let postgres: SearchConsumer;
  let job: Job;
  let token: string;
  let skus = 0;

  const { signal } = new AbortController();
  const follow = async () => {
    await postgres.round(signal);
    await job.round(signal);
    await client.indices.refresh({ index: productsAlias });
  };
  const search = () => server.call('GET', '/v1/search?q=lantern&limit=100');
  const engineOf = async () => {
    const { status, headers } = await search();
    expect(status).toBe(200);
    return `${headers.get('search-engine')} ${headers.get('search-degraded') ?? 'well'}`;
  };
  const becomes = (engine: string) => until(async () => (await engineOf()) === engine);

  async function list(title: string): Promise<void> {
    const variants = [{ sku: `LOST-${++skus}`, price: { amount: 500, currency: 'USD' }, stock: 3 }];
    const body = { title, description: 'A thing.', brand: 'Acme', category: 'Things', variants };
    expect((await server.call('POST', '/v1/products', { token, body })).status).toBe(201);
  }

  beforeAll(async () => {
    await prepareElasticsearch();
    [elasticsearch, database] = await Promise.all([Elasticsearch.start(), testDatabase()]);
    client = new Client({ node: elasticsearch.url });
    const opened = openDatabase(database.pool);
    server = await startTestServer({
      routes: [...accountRoutes, ...productRoutes, ...searchRoutes],
      database: opened,
      env: { ELASTICSEARCH_URL: elasticsearch.url },
    });
    postgres = new SearchConsumer(opened, new PostgresIndex(opened), 'search');
    job = createJob({ pool: database.pool, settings: { search: { elasticsearchUrl: elasticsearch.url } } })!;
    const { body } = await server.call('POST', '/v1/auth/register', {
      body: { email: 'seller@example.com', password: 'correct horse', name: 'Seller', role: 'seller' },
    });
    token = `Bearer ${body.accessToken}`;
    for (const title of ['Brass lantern', 'Paper lantern']) await list(title);
    await follow();
  }, 300_000);
  afterAll(async () => {
    await server.stop(1_000);
    await client.close();
    await Promise.all([elasticsearch.stop(), database.close()]);
  });

  test('it answers, with the same hits as PostgreSQL', async () => {
    await becomes('elasticsearch well');
    const { body } = await search();
    expect(body.total).toBe(2);
    expect(body.items[0].highlights.title).toContain('<em>lantern</em>');
    const found = await server.call('GET', '/v1/suggest?q=lant');
    expect(found.headers.get('search-engine')).toBe('elasticsearch');
    expect(found.body.items).toContainEqual({ kind: 'query', text: 'lantern' });
  });

  test('killed: PostgreSQL answers and says so; back again: it knows what came meanwhile', async () => {
    await elasticsearch.kill();
    expect(await engineOf()).toBe('postgres true');
    await list('Glass lantern');
    await postgres.round(signal);
    await expect(job.round(signal)).rejects.toThrow();
    expect((await search()).body.total).toBe(3);
    await elasticsearch.run();
    await until(() =>
      follow().then(
        () => true,
        () => false,
      ),
    );
    await becomes('elasticsearch well');
    expect((await search()).body.total).toBe(3);
  });

  test('silent: searches wait for it only so long', async () => {
    elasticsearch.pause();
    expect(await engineOf()).toBe('postgres true');
    elasticsearch.resume();
    await becomes('elasticsearch well');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['lost', async () => client.indices.delete({ index: Object.keys(await generations()) })],
    ['emptied', () => empty()],
  ])('its index %s: made anew by itself', async (_, harm) => {
    await harm();
    await until(() =>
      follow().then(
        async () => (await search()).body.total === 3 && (await engineOf()) === 'elasticsearch well',
        () => false,
      ),
    );
  });
  /** This build of the server has no deletion by query. */
  async function empty(): Promise<void> {
    const { hits } = await client.search({ index: productsAlias, size: 100, _source: false });
    await client.bulk({
      refresh: true,
      operations: hits.hits.map(({ _id, _index }) => ({ delete: { _id: _id!, _index } })),
    });
  }
  const generations = () => client.indices.getAlias({ name: productsAlias });
});
