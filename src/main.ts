/** The whole system on one screen: what runs, in which thread, in which order it starts and stops. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Pool } from 'pg';
import { allowLargeHeads, configOrExit } from './config.ts';
import { allocateLimits } from './gateway/limits.ts';
import { ensureAdmin } from './market/accounts/store.ts';
import { banner } from './ops/banner.ts';
import { readChecks } from './ops/checks.ts';
import { noteAhead, refuseFarAhead } from './ops/clock-check.ts';
import { createLog } from './ops/log.ts';
import { exposition, readFamilies } from './ops/metrics.ts';
import { makeSampleOnce } from './ops/sample.ts';
import { readTokenSecret, sandboxWebhookSecret } from './ops/secrets.ts';
import { startOps } from './ops/server.ts';
import { freePort } from './persistence/embedded/free-port.ts';
import { startEmbedded } from './persistence/embedded/server.ts';
import { migrate } from './persistence/migrate.ts';
import { openPool } from './persistence/postgres.ts';
import { newestEngineMs } from './persistence/snapshots.ts';
import { anchorClock, startClock, systemScheduler } from './runtime/clock.ts';
import { closedOpening, Opening } from './runtime/opening.ts';
import { Supervisor } from './runtime/supervisor.ts';
import type { Role } from './runtime/thread-messages.ts';
import type { BackOfficeData } from './threads/back-office.ts';
import type { GatewayData } from './threads/gateway.ts';
import type { SandboxData } from './threads/sandbox.ts';
import type { ShardData } from './threads/shard.ts';
import type { SharedData } from './threads/shared.ts';

/** The exit code of a server whose partitions another one has taken over. */
const replaced = 3;
/** SIGTERM to the end: the promise is 10 s. */
const stopWithinMs = 9_500;

const startedAtMs = performance.now();
const config = configOrExit();
allowLargeHeads();
const log = createLog({ level: config.logLevel }, {});
const threads = new Supervisor({ log, onReplaced: (reason) => void stop(`replaced: ${reason}`, replaced) });
/** Ends the stores, last opened first. */
const closing: ((exitCode: number) => Promise<void>)[] = [];
let isDraining = false;

process.on('SIGTERM', () => void stop('SIGTERM', 0));
process.on('SIGINT', () => void stop('SIGINT', 0));
process.on('disconnect', () => void stop('the parent process has gone', 0));
await start().catch((error) => {
  process.stderr.write(`doorbuster: cannot start: ${error instanceof Error ? error.message : error}\n`);
  return stop('the start failed', 1);
});

async function start(): Promise<void> {
  const port = await freePort(config.host, config.port);
  await mkdir(config.dataDir, { recursive: true });
  const embedded = config.databaseUrl === null ? await startEmbedded(config.dataDir, log) : null;
  if (embedded)
    closing.unshift(async (exitCode) => {
      // Whoever has taken the partitions over works on the same database.
      if (exitCode !== replaced) await embedded.stop();
    });
  const databaseUrl = config.databaseUrl ?? embedded!.url;
  await migrate(databaseUrl, log);
  const pool = openPool(databaseUrl, { max: 2, name: 'main' });
  closing.unshift(() => pool.end());
  const admin = await ensureAdmin(pool);

  const publicUrl = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`;
  const tokenSecret = await readTokenSecret(config.tokenSecret, config.dataDir);
  const webhookSecret = config.stripe.webhookSecret ?? sandboxWebhookSecret(tokenSecret);
  const run = randomUUID();
  const { shards, gateways, redisUrl, stripe, dataDir } = config;
  const shared: SharedData = {
    databaseUrl,
    redisUrl,
    shardCount: shards,
    clock: anchorClock(),
    log: { level: config.logLevel },
  };

  const sandbox = stripe.secretKey
    ? null
    : ((await startThread<SandboxData>('sandbox', 0, {
        ...{ port: config.sandboxPort, dataDir, webhookSecret, log: shared.log },
        webhookUrl: `${publicUrl}/v1/webhooks/stripe`,
      })) as { url: string });
  const { durability, isDurable } = await startShards(shared, run, pool);
  const settings = { stripe: { secretKey: stripe.secretKey, sandboxUrl: sandbox?.url ?? null } };
  await startThread<BackOfficeData>('back-office', 0, { ...shared, settings });
  await startThread<SharedData>('snapshotter', 0, shared);
  const keys = { run, tokenSecret, webhookSecret, limitMemory: allocateLimits(config) };
  await each(gateways, (gateway) =>
    startThread<GatewayData>('gateway', gateway, { ...shared, ...keys, gateway, config, port }),
  );

  const payments = sandbox ? { mode: 'sandbox', url: sandbox.url } : { mode: 'stripe' };
  const ops = await startOps({
    host: '127.0.0.1',
    port: config.opsPort,
    checks: async () => ({
      ...(await readChecks(pool, threads)),
      draining: { isOk: !isDraining },
    }),
    facts: () => ({ durability, isDurable, payments }),
    metrics: async () => exposition(await readFamilies(threads)),
    restartShard: (shard) => threads.kill('shard', shard),
  });
  closing.unshift(() => ops.stop());

  const sample = config.hasSample ? await makeSampleOnce(pool, publicUrl) : null;
  const tookSeconds = (performance.now() - startedAtMs) / 1000;
  process.stdout.write(
    banner({ config, publicUrl, opsPort: ops.port, durability, sandbox, admin, sample, tookSeconds }),
  );
}

/** Lets the shards open when all of them have recovered engine time and it is one that is accepted. */
async function startShards(
  shared: SharedData,
  owner: string,
  pool: Pool,
): Promise<{ durability: string; isDurable: boolean }> {
  const clock = startClock(shared.clock);
  const refuse = () => refuseFarAhead(clock.aheadMs, config.clockAheadSecondsMax);
  // Snapshots tell most of it before any partition is claimed: a start that is refused leaves a running server alone.
  clock.advanceTo(await newestEngineMs(pool));
  refuse();
  const opening = new Opening(closedOpening(config.shards), systemScheduler);
  const started = each(config.shards, (shard) =>
    startThread<ShardData>('shard', shard, { ...shared, shard, owner, opening: opening.memory }),
  );
  await Promise.race([opening.allRecovered(), started]);
  refuse();
  noteAhead(clock.aheadMs, log);
  opening.open();
  const [first] = await started;
  return first as { durability: string; isDurable: boolean };
}

/** Answers with what the thread says of itself when it is ready. */
function startThread<Data extends object>(role: Role, index: number, data: Data): Promise<unknown> {
  return threads.start(role, index, new URL(`./threads/${role}.ts`, import.meta.url), data);
}

function each<Result>(count: number, one: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

/** Outside in: nobody new, finish what is in flight, save, and only then the stores. Ends within 10 seconds. */
async function stop(reason: string, exitCode: number): Promise<void> {
  if (isDraining) return;
  isDraining = true;
  const stoppingAtMs = performance.now();
  log('info', 'stopping', { reason });
  setTimeout(() => process.exit(exitCode || 1), stopWithinMs).unref();
  const isClean = [
    await threads.stop('gateway', 2_500),
    await threads.stop('shard', 2_000),
    await threads.stop('snapshotter', 2_000),
    await threads.stop('back-office', 1_000),
    await threads.stop('sandbox', 500),
  ].every(Boolean);
  for (const close of closing)
    await close(exitCode).catch((error) => log('warn', 'unclean end', { error: String(error) }));
  log('info', 'stopped', { isClean, tookMs: Math.round(performance.now() - stoppingAtMs) });
  process.exit(exitCode);
}
