/** The whole system on one screen: what runs, in which thread, in which order it starts and stops. */
import { allowLargeHeads } from './environment.ts';
// The image pool's threads come and go. A library of theirs that nobody else has would go with them, at work or not.
import 'sharp';
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { configOrExit } from './config.ts';
import { allocateLimits } from './gateway/limits.ts';
import { ensureAdmin } from './market/accounts/store.ts';
import { createRunMemory } from './market/idempotency/run.ts';
import { keepFirstRates } from './market/pricing/first-rates.ts';
import { banner } from './ops/banner.ts';
import { readChecks } from './ops/checks.ts';
import { noteAhead, refuseFarAhead } from './ops/clock-check.ts';
import { openData } from './ops/data.ts';
import { createLog } from './ops/log.ts';
import { exposition, readFamilies } from './ops/metrics.ts';
import { OverviewReader } from './ops/overview.ts';
import { choosePorts, loopback } from './ops/ports.ts';
import { keepSample, renewSample } from './ops/sample/shop.ts';
import { readTokenSecret, sandboxWebhookSecret } from './ops/secrets.ts';
import { startOps } from './ops/server.ts';
import { shareLimits } from './ops/shared-limits.ts';
import { ensurePages } from './ops/web.ts';
import { ReplicaMemory } from './persistence/replica.ts';
import { ReplicaWatch } from './persistence/replica-watch.ts';
import { newestEngineMs } from './persistence/snapshots.ts';
import { anchorClock, startClock, systemScheduler } from './runtime/clock.ts';
import { closedOpening, Opening } from './runtime/opening.ts';
import { Supervisor } from './runtime/supervisor.ts';
import type { Role } from './runtime/thread-messages.ts';
import type { BackOfficeData } from './threads/back-office.ts';
import type { GatewayData } from './threads/gateway.ts';
import { workerOf } from './threads/joined.ts';
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
const threads = new Supervisor({
  log,
  entry: new URL('./threads/worker.ts', import.meta.url),
  onReplaced: (reason) => void stop(`replaced: ${reason}`, replaced),
  overview: () => overview.read(),
});
/** Ends the stores, last opened first. */
const closing: ((exitCode: number) => Promise<void>)[] = [];
let isDraining = false;
/** For the operators: what the start is at (null when it is done), the stores, facts beside the checks. */
const known: {
  phase: string | null;
  pool: Pool | null;
  replica: ReplicaWatch | null;
  facts: Readonly<Record<string, unknown>>;
} = { phase: 'opening the stores', pool: null, replica: null, facts: {} };

const overview = new OverviewReader({
  threads,
  pool: () => known.pool,
  journal: () => ({
    kind: config.redisUrl ? 'redis' : 'postgresql',
    durability: String(known.facts.durability ?? 'not known yet'),
  }),
  now: Date.now,
});

process.on('SIGTERM', () => void stop('SIGTERM', 0));
process.on('SIGINT', () => void stop('SIGINT', 0));
process.on('disconnect', () => void stop('the parent process has gone', 0));
await start().catch((error) => {
  process.stderr.write(`doorbuster: cannot start: ${error instanceof Error ? error.message : error}\n`);
  return stop('the start failed', 1);
});

async function start(): Promise<void> {
  const ports = await choosePorts(config);
  // First, so that /livez answers during a long recovery.
  await openOps(ports.ops);
  await mkdir(config.dataDir, { recursive: true });
  const owner = randomUUID();
  const pages = ensurePages(log);
  const { databaseUrl, pool } = await openData({
    ...{ config, log, owner, taken: Object.values(ports) },
    onOpen: (close) => closing.unshift((exitCode) => close(exitCode === replaced)),
  });
  known.pool = pool;
  const replicaMemory = await watchReplica(pool);
  const admin = await ensureAdmin(pool);
  await keepFirstRates(pool, config, log);

  const localUrl = `http://${config.host === '0.0.0.0' ? loopback : config.host}:${ports.public}`;
  const publicUrl = config.publicUrl ?? localUrl;
  const tokenSecret = await readTokenSecret(config.tokenSecret, config.dataDir);
  const webhookSecret = config.stripe.webhookSecret ?? sandboxWebhookSecret(tokenSecret);
  const { shards, gateways, redisUrl, stripe, dataDir } = config;
  const shared: SharedData = {
    ...{ databaseUrl, redisUrl, shardCount: shards },
    clock: anchorClock(),
    log: { level: config.logLevel },
  };

  known.phase = 'recovering the partitions';
  const sandbox = stripe.secretKey
    ? null
    : ((await startThread<SandboxData>('sandbox', 0, {
        ...{ port: ports.sandbox, dataDir, webhookSecret, hosts: config.opsHosts, log: shared.log },
        webhookUrl: `${localUrl}/v1/webhooks/stripe`,
      })) as { url: string });
  const { durability, isDurable } = await startShards(shared, owner, pool);
  const settings = settingsOf(sandbox?.url ?? null);
  await startThread<BackOfficeData>('back-office', 0, { ...shared, settings, dataDir });
  await startThread<SharedData>('snapshotter', 0, shared);
  const limitMemory = allocateLimits(config);
  await pages;
  const keys = { run: createRunMemory(owner), tokenSecret, webhookSecret, publicUrl };
  await each(gateways, (gateway) =>
    startThread<GatewayData>('gateway', gateway, {
      ...{ ...shared, ...keys, limitMemory, replicaMemory },
      ...{ gateway, config, port: ports.public },
    }),
  );
  const { now } = startClock(shared.clock);
  if (redisUrl) closing.unshift(shareLimits(redisUrl, config, limitMemory, { tokenSecret, now, log }));

  const payments = sandbox ? { mode: 'sandbox', url: sandbox.url } : { mode: 'stripe' };
  known.facts = { durability, isDurable, payments };
  known.phase = null;
  const stopWatching = overview.watch();
  closing.unshift(async () => stopWatching());

  const sample = { pool, baseUrl: localUrl, tokenSecret, log };
  const drop = config.hasSample ? await keepSample(sample) : null;
  if (config.hasSample) {
    const stopRenewing = renewSample(sample);
    closing.unshift(async () => stopRenewing());
  }
  const tookSeconds = (performance.now() - startedAtMs) / 1000;
  process.stdout.write(
    banner({
      ...{ config, publicUrl: localUrl, opsPort: ports.ops, durability },
      ...{ sandbox, admin, drop, tookSeconds, replica: known.replica?.detail ?? null },
    }),
  );
}

/** What the gateways know of the standby, if there is one. */
async function watchReplica(pool: Pool): Promise<SharedArrayBuffer> {
  const memory = new ReplicaMemory();
  if (config.databaseReplicaUrl !== null) {
    const watch = new ReplicaWatch(config.databaseReplicaUrl, pool, memory, log);
    closing.unshift(() => watch.stop());
    await watch.start();
    known.replica = watch;
  }
  return memory.shared;
}

/** What operators configure for effects and jobs. */
function settingsOf(sandboxUrl: string | null): BackOfficeData['settings'] {
  const mail = { ...config.mail, folder: join(config.dataDir, 'mail') };
  const { stripe, blobs, elasticsearchUrl } = config;
  return { stripe: { secretKey: stripe.secretKey, sandboxUrl }, mail, blobs, search: { elasticsearchUrl } };
}

async function openOps(port: number): Promise<void> {
  const ops = await startOps({
    ...{ host: loopback, port, hosts: config.opsHosts },
    checks: async () => ({
      recovery: known.phase === null ? { isOk: true } : { isOk: false, detail: known.phase },
      ...(known.pool ? await readChecks(known.pool, threads) : {}),
      ...(known.replica ? { replica: { isOk: true, detail: known.replica.detail } } : {}),
      draining: { isOk: !isDraining },
    }),
    facts: () => known.facts,
    metrics: async () => exposition([...(await readFamilies(threads)), ...(known.replica?.metrics() ?? [])]),
    restartShard: (shard) => threads.kill('shard', shard),
  });
  closing.unshift(() => ops.stop());
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
  return threads.start({ role, index }, data, workerOf(config, role, index));
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
