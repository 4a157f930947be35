/** Entry point of a gateway thread: the public door, and its way to the shards. */
import type { Config } from '../config.ts';
import { startGateway } from '../gateway/gateway.ts';
import type { Shards } from '../gateway/route.ts';
import { createMarket } from '../market/market.ts';
import { readWebhook } from '../market/payments/webhook.ts';
import { createLog, type LogOptions } from '../ops/log.ts';
import { openPool } from '../persistence/postgres.ts';
import { partitionOf } from '../protocol/address.ts';
import type { AnyCommand } from '../protocol/command.ts';
import { evenSpread } from '../protocol/directory.ts';
import { DoorbusterError } from '../protocol/errors.ts';
import { type Answer, busy } from '../protocol/peer.ts';
import { type ClockAnchor, startClock } from '../runtime/clock.ts';
import { startThread, threadData } from '../runtime/thread.ts';

export interface GatewayData {
  readonly gateway: number;
  readonly config: Config;
  readonly port: number;
  readonly databaseUrl: string;
  readonly clock: ClockAnchor;
  readonly log: LogOptions;
  readonly run: string;
  readonly tokenSecret: string;
  readonly webhookSecret: string;
}

/** Products whose units were not all announced to their actors are looked for so often. */
const registerEveryMs = 30_000;

const data = threadData<GatewayData>();
const { config } = data;
const log = createLog(data.log, { gateway: data.gateway });
const clock = startClock(data.clock);
const thread = startThread();
const pool = openPool(data.databaseUrl, { max: 6, name: `gateway-${data.gateway}` });

function askShard(shard: number, kind: string, key: string, command: AnyCommand): Promise<Answer> {
  const peer = thread.peer('shard', shard);
  if (!peer) return Promise.resolve(busy);
  return new Promise((resolve) => peer.request(kind, key, command, resolve));
}

/** One question to every shard; null stands for those that are away. */
function askEveryShard<Body>(command: AnyCommand): Promise<(Body | null)[]> {
  return Promise.all(
    Array.from({ length: config.shards }, async (_, shard) => {
      const { code, body } = await askShard(shard, 'shard', String(shard), command);
      return code === 'ok' ? (body as Body) : null;
    }),
  );
}

const directory = evenSpread(config.shards);
const shards: Shards = {
  ask: (kind, key, command) => askShard(directory.ownerOf(partitionOf(kind, key))!, kind, key, command),
  async find(kind, name) {
    const command = { type: 'FindName', kind, name } as AnyCommand;
    const answers = await askEveryShard<{ key: string | null }>(command);
    const found = answers.find((answer) => answer !== null && answer.key !== null);
    // A shard that is away may be the one that knows it.
    if (!found && answers.includes(null))
      throw new DoorbusterError('busy', 'A part of the engine is being started anew');
    return found?.key ?? null;
  },
  async stats() {
    const rows = await askEveryShard<object>({ type: 'ReadStats' });
    return rows.filter((row) => row !== null);
  },
};

const market = createMarket(pool, { ask: shards.ask, log });
const gateway = await startGateway({
  services: {
    config,
    shards,
    market,
    log,
    now: () => clock.now(),
    run: data.run,
    tokenSecret: data.tokenSecret,
    webhookSecret: data.webhookSecret,
  },
  readWebhook: (rawBody, signature, secret) => readWebhook(rawBody, signature, secret),
  host: config.host,
  port: data.port,
});

let isDatabaseAway = false;
const registerPending = () =>
  market.catalog.registerPending().then(
    () => {
      isDatabaseAway = false;
    },
    (error) => {
      // Once an outage.
      if (!isDatabaseAway) log('warn', 'pending products stay pending', { error: String(error) });
      isDatabaseAway = true;
    },
  );
if (data.gateway === 0) setInterval(registerPending, registerEveryMs).unref();

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
if (data.gateway === 0) void registerPending();
