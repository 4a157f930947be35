/** A gateway's thread: the public door, and its way to the engine. */
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { about, loadLive, loadPages, loadRoutes } from '../features.ts';
import { startGateway } from '../gateway/gateway.ts';
import { type LimitMemory, Limits } from '../gateway/limits.ts';
import type { Services } from '../gateway/route.ts';
import { readWebFiles } from '../gateway/web-files.ts';
import { followRevocations } from '../market/accounts/revocations.ts';
import { followCatalog, shownPagesOf } from '../market/categories/shown-index.ts';
import { type RunMemory, ServerRun } from '../market/idempotency/run.ts';
import { ActorKeyStore } from '../market/idempotency/store.ts';
import { searchOf } from '../market/search/store.ts';
import { AccessLines } from '../ops/access-log.ts';
import { createLog, hasAccessLog } from '../ops/log.ts';
import { webFolder } from '../ops/web.ts';
import { type Database, openDatabase } from '../persistence/database.ts';
import { RedisValues } from '../persistence/expiring.ts';
import { openPool } from '../persistence/postgres.ts';
import { readsFrom } from '../persistence/reads.ts';
import { ReplicaMemory, ReplicaReads } from '../persistence/replica.ts';
import { evenSpread } from '../protocol/address.ts';
import type { Log } from '../protocol/log.ts';
import { startClock } from '../runtime/clock.ts';
import { EngineClient } from '../runtime/engine-client.ts';
import { readStats } from '../runtime/shard-inspection.ts';
import type { Thread } from '../runtime/thread.ts';
import type { SharedData } from './shared.ts';

export interface GatewayData extends SharedData {
  readonly gateway: number;
  readonly config: Config;
  readonly port: number;
  readonly run: RunMemory;
  readonly tokenSecret: string;
  readonly webhookSecret: string;
  /** Where people reach the server. */
  readonly publicUrl: string;
  readonly limitMemory: LimitMemory;
  readonly replicaMemory: SharedArrayBuffer;
}

export async function run(thread: Thread, data: GatewayData): Promise<void> {
  const { config, tokenSecret, webhookSecret, limitMemory, publicUrl } = data;
  const log = createLog(data.log, { gateway: data.gateway });
  const accessLog = hasAccessLog(data.log) ? new AccessLines(data.gateway) : undefined;
  const clock = startClock(data.clock);
  const pool = openPool(data.databaseUrl, { max: 6, name: `gateway-${data.gateway}` });
  const database = openDatabase(pool);
  const replica = replicaOf(data, database);
  const expiring = valuesOf(data, log);
  const engine = new EngineClient(thread, evenSpread(data.shardCount));
  const serverRun = new ServerRun(data.run);
  if (thread.restarts > 0) serverRun.noteDeath();
  const services: Services = {
    config,
    ask: engine.ask,
    find: engine.find,
    shardStats: async () => (await engine.everyShard(readStats, {})).filter((row) => row !== null),
    overview: () => thread.overview(),
    database,
    reads: replica ?? readsFrom(database),
    expiring,
    keys: new ActorKeyStore(engine.ask, serverRun),
    log,
    accessLog,
    now: clock.now,
    tokenSecret,
    webhookSecret,
    publicUrl,
    limits: new Limits(config, limitMemory, { gateway: data.gateway, tokenSecret, now: clock.now }),
  };
  const stopFollowing = [followRevocations(services), followCatalog(services)];
  const [routes, live, pages, files] = await Promise.all([
    loadRoutes(),
    loadLive(),
    loadPages(),
    readWebFiles(webFolder),
  ]);
  const web = files && { files, pages };
  const gateway = await startGateway({
    ...{ services, routes, live, web, about },
    ...{ host: config.host, port: data.port },
    uploadFolder: join(config.dataDir, 'uploads', String(data.gateway)),
  });

  thread.ready(
    {
      onPush: (push) => gateway.onPush(push),
      stats: () => ({
        ...gateway.stats(),
        metrics: [
          ...gateway.metrics(),
          ...shownPagesOf(services).metrics(),
          ...searchOf(services).metrics(),
          ...thread.metrics(),
          ...(replica?.metrics() ?? []),
          ...(accessLog?.metrics() ?? []),
        ],
      }),
      async stop(graceMs) {
        await gateway.stop(graceMs);
        for (const stop of stopFollowing) stop();
        await Promise.all([pool.end(), replica?.close(), expiring?.close()]);
        await accessLog?.stop();
        return true;
      },
      abandon: () => gateway.cut(),
    },
    { port: gateway.port },
  );
}

/** null: no standby is configured. */
function replicaOf({ config, replicaMemory, gateway }: GatewayData, primary: Database): ReplicaReads | null {
  const { databaseReplicaUrl: url } = config;
  return url === null
    ? null
    : new ReplicaReads(url, primary, new ReplicaMemory(replicaMemory), `gateway-${gateway}-reads`);
}

/** null: there is no place for them. */
function valuesOf({ config, gateway }: GatewayData, log: Log): RedisValues | null {
  const { sessionsRedisUrl: url } = config;
  return url === null ? null : new RedisValues(url, `doorbuster-sessions-${gateway}`, log);
}
