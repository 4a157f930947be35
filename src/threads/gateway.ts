/** Entry point of a gateway thread: the public door, and its way to the engine. */
import type { Config } from '../config.ts';
import { startGateway } from '../gateway/gateway.ts';
import type { Shards } from '../gateway/route.ts';
import { keepRegistering } from '../market/catalog/pending-registrations.ts';
import { createMarket } from '../market/market.ts';
import { readWebhook } from '../market/payments/webhook.ts';
import { createLog } from '../ops/log.ts';
import { openPool } from '../persistence/postgres.ts';
import { evenSpread } from '../protocol/directory.ts';
import { startClock } from '../runtime/clock.ts';
import { EngineClient } from '../runtime/engine-client.ts';
import { readStats } from '../runtime/shard-inspection.ts';
import { startThread, threadData } from '../runtime/thread.ts';
import type { SharedData } from './shared.ts';

export interface GatewayData extends SharedData {
  readonly gateway: number;
  readonly config: Config;
  readonly port: number;
  readonly run: string;
  readonly tokenSecret: string;
  readonly webhookSecret: string;
}

const data = threadData<GatewayData>();
const { config, run, tokenSecret, webhookSecret } = data;
const log = createLog(data.log, { gateway: data.gateway });
const clock = startClock(data.clock);
const thread = startThread();
const pool = openPool(data.databaseUrl, { max: 6, name: `gateway-${data.gateway}` });
const engine = new EngineClient(thread, evenSpread(data.shardCount));
const shards: Shards = {
  ask: (kind, key, command) => new Promise((resolve) => engine.request(kind, key, command, resolve)),
  find: engine.find,
  stats: async () => (await engine.everyShard(readStats, {})).filter((row) => row !== null),
};
const market = createMarket(pool, { ask: shards.ask, log });
const now = () => clock.now();
const gateway = await startGateway({
  services: { config, shards, market, log, now, run, tokenSecret, webhookSecret },
  readWebhook: (rawBody, signature, secret) => readWebhook(rawBody, signature, secret),
  host: config.host,
  port: data.port,
});

thread.ready(
  {
    onPush: gateway.onPush,
    stats: () => ({ ...gateway.stats(), metrics: gateway.metrics() }),
    async stop(graceMs) {
      await gateway.stop(graceMs);
      await pool.end();
      return true;
    },
    abandon: () => gateway.cut(),
  },
  { port: gateway.port },
);
if (data.gateway === 0) keepRegistering(() => market.catalog.registerPending(), log);
