/** The engine in a real Elasticsearch: what all engines do, and what is its own. */
import { Client } from '@elastic/elasticsearch';
import { beforeAll, describe } from 'vitest';
import { ElasticsearchEngine } from '../../../src/market/search/elasticsearch/engine.ts';
import { ElasticsearchIndex } from '../../../src/market/search/elasticsearch/index.ts';
import type { SearchDocument } from '../../../src/market/search/engine.ts';
import { Elasticsearch, prepareElasticsearch, whyNoElasticsearch } from '../../support/elasticsearch.ts';
import { describeEngine } from './conformance.ts';

const skipped = whyNoElasticsearch();
if (skipped) console.warn(`skipping Elasticsearch: ${skipped}`);

const alias = 'doorbuster-products';

async function* nothing(): AsyncGenerator<readonly SearchDocument[]> {}

describe.skipIf(skipped !== null)('with a real server', () => {
  beforeAll(async () => {
    await prepareElasticsearch();
  }, 300_000);

  describeEngine('elasticsearch', async () => {
    const server = await Elasticsearch.start();
    const client = new Client({ node: server.url, maxRetries: 0 });
    const index = new ElasticsearchIndex(client, alias);
    const clear = async () => {
      await index.indexAll(nothing());
    };
    await clear();
    return {
      engine: new ElasticsearchEngine(client, alias),
      index,
      clear,
      settle: async () => {
        await client.indices.refresh({ index: alias });
      },
      close: async () => {
        await client.close();
        await server.stop();
      },
    };
  });
});
