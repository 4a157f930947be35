/**
 * The stores that are searched, filled. Filling takes minutes: with `SEARCH_DATA=<folder>` in the environment it is done once,
 * and later runs find the stores there as the last one left them.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbedded } from '../../src/persistence/embedded/server.ts';
import { temporaryFolder, testLog } from '../../test/persistence/support.ts';
import { Elasticsearch, whyNoElasticsearch } from '../../test/support/elasticsearch.ts';
import { member } from '../../test/system/shop.ts';
import { startArm } from '../baselines/arms.ts';
import { onBenchEnd } from '../baselines/children.ts';
import { repository } from '../baselines/server.ts';
import type { Watched } from '../cpu/schedstat.ts';
import { type Filled, fill } from './fill.ts';

export interface Stores {
  readonly databaseUrl: string;
  /** null: it cannot be started here. */
  readonly elasticsearchUrl: string | null;
  readonly filled: Filled;
  readonly watched: readonly Watched[];
  stop(): Promise<void>;
}

export async function openStores(count: number, env: Readonly<Record<string, string>>): Promise<Stores> {
  const kept = process.env.SEARCH_DATA ?? null;
  const folder = kept ?? (await temporaryFolder());
  const home = join(folder, 'elasticsearch');
  await mkdir(home, { recursive: true });
  await chmod(folder, 0o755);
  const postgres = await startEmbedded(folder, testLog);
  const forget = onBenchEnd(() => process.kill(postgres.pid, 'SIGQUIT'));
  const elasticsearch = whyNoElasticsearch() === null ? await Elasticsearch.start(home) : null;
  const urls = { databaseUrl: postgres.url, elasticsearchUrl: elasticsearch?.url ?? null };
  return {
    ...urls,
    filled: await filledOnce(join(folder, `filled-${count}.json`), urls, count, env),
    watched: [
      { label: 'postgres', pid: postgres.pid, isTree: true },
      ...(elasticsearch === null ? [] : [{ label: 'elasticsearch', pid: elasticsearch.pid! }]),
    ],
    async stop() {
      await elasticsearch?.stop();
      await postgres.stop();
      forget();
      if (kept === null) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function filledOnce(
  file: string,
  { databaseUrl, elasticsearchUrl }: Pick<Stores, 'databaseUrl' | 'elasticsearchUrl'>,
  count: number,
  env: Readonly<Record<string, string>>,
): Promise<Filled> {
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found !== null) return JSON.parse(found);
  // A server that runs before there is anything has both consumers begin with the facts that come.
  const stores = {
    DATABASE_URL: databaseUrl,
    ...(elasticsearchUrl && { ELASTICSEARCH_URL: elasticsearchUrl }),
  };
  const arm = await startArm({
    name: 'ours',
    journal: 'postgres',
    checkout: repository,
    env: { ...env, ...stores },
  });
  const { accountId } = await member({ url: arm.url }, 'seller').finally(() => arm.stop());
  const filled = await fill(databaseUrl, elasticsearchUrl, accountId, count);
  await writeFile(file, JSON.stringify(filled));
  return filled;
}
