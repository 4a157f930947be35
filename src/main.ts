/** The whole system on one screen: what runs, in which thread, in which order it starts and stops. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { banner } from './banner.ts';
import { BadConfig, type Config, readConfig } from './config.ts';
import { createLog } from './log.ts';
import { ensureAdmin } from './market/accounts.ts';
import { freePort } from './ops/free-port.ts';
import { exposition } from './ops/metrics.ts';
import { readNumbers } from './ops/numbers.ts';
import { families } from './ops/report.ts';
import { startOps } from './ops/server.ts';
import { startEmbedded } from './persistence/embedded.ts';
import { migrate, openPool } from './persistence/postgres.ts';
import { anchorClock } from './runtime/clock.ts';
import { Supervisor } from './runtime/supervisor.ts';
import { makeSampleOnce } from './sample.ts';
import { readTokenSecret, sandboxWebhookSecret } from './secrets.ts';

const startedAtMs = performance.now();
const config = configOrExit();
const log = createLog({ level: config.logLevel }, {});
let isDraining = false;

await mkdir(config.dataDir, { recursive: true });
const embedded = config.databaseUrl === null ? await startEmbedded(config.dataDir, log) : null;
const databaseUrl = config.databaseUrl ?? embedded!.url;
await migrate(databaseUrl, log);
const pool = openPool(databaseUrl, { max: 2, name: 'main' });
const admin = await ensureAdmin(pool);

const port = config.port === 0 ? await freePort(config.host) : config.port;
const publicUrl = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`;
const tokenSecret = await readTokenSecret(config.tokenSecret, config.dataDir);
const webhookSecret = config.stripe.webhookSecret ?? sandboxWebhookSecret(tokenSecret);
const shared = {
  databaseUrl,
  redisUrl: config.redisUrl,
  clock: anchorClock(),
  log: { level: config.logLevel },
};

const threads = new Supervisor({ log, onFenced: (reason) => void stop(`fenced: ${reason}`, 3) });
const entry = (name: string) => new URL(`./${name}-worker.ts`, import.meta.url);
const each = <Result>(count: number, start: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => start(index)));

const sandbox = config.stripe.secretKey
  ? null
  : ((await threads.start('sandbox', 0, entry('sandbox'), {
      port: config.sandboxPort,
      dataDir: config.dataDir,
      webhookUrl: `${publicUrl}/v1/webhooks/stripe`,
      webhookSecret,
      log: shared.log,
    })) as { url: string });
const stripe = { secretKey: config.stripe.secretKey, sandboxUrl: sandbox?.url ?? null };
await threads.start('back-office', 0, entry('back-office'), { ...shared, stripe });
const [shardInfo] = (await each(config.shards, (shard) =>
  threads.start('shard', shard, entry('shard'), { ...shared, shard, shardCount: config.shards }),
)) as { durability: string; isDurable: boolean }[];
const run = randomUUID();
await each(config.gateways, (gateway) =>
  threads.start('gateway', gateway, entry('gateway'), {
    ...shared,
    ...{ gateway, config, port, run, tokenSecret, webhookSecret },
  }),
);

const ops = await startOps({
  host: '127.0.0.1',
  port: config.opsPort,
  checks: async () => ({
    database: await pool.query('select 1').then(
      () => ({ isOk: true }),
      (error) => ({ isOk: false, detail: String(error) }),
    ),
    ...threadChecks(),
    draining: { isOk: !isDraining },
  }),
  facts: () => ({
    durability: shardInfo!.durability,
    isDurable: shardInfo!.isDurable,
    payments: sandbox ? { mode: 'sandbox', url: sandbox.url } : { mode: 'stripe' },
  }),
  metrics: async () => exposition(families(await readNumbers(threads))),
  restartShard: (shard) => threads.kill('shard', shard),
});

const sample = config.hasSample ? await makeSampleOnce(pool, publicUrl) : null;
const tookSeconds = (performance.now() - startedAtMs) / 1000;
const { durability } = shardInfo!;
process.stdout.write(
  banner({ config, publicUrl, opsPort: ops.port, durability, sandbox, admin, sample, tookSeconds }),
);

process.on('SIGTERM', () => void stop('SIGTERM', 0));
process.on('SIGINT', () => void stop('SIGINT', 0));

/** Outside in: nobody new, finish what is in flight, save, and only then the stores. Ends within 10 seconds. */
async function stop(reason: string, exitCode: number): Promise<void> {
  if (isDraining) return;
  isDraining = true;
  const stoppingAtMs = performance.now();
  log('info', 'stopping', { reason });
  setTimeout(() => process.exit(exitCode || 1), 9_500).unref();
  const isClean = [
    await threads.stop('gateway', 3_000),
    await threads.stop('shard', 3_000),
    await threads.stop('back-office', 1_000),
    await threads.stop('sandbox', 500),
  ].every(Boolean);
  await Promise.all([ops.stop(), pool.end()]);
  await embedded?.stop();
  log('info', 'stopped', { isClean, tookMs: Math.round(performance.now() - stoppingAtMs) });
  process.exit(exitCode);
}

function threadChecks(): Record<string, { isOk: boolean; detail?: string }> {
  return Object.fromEntries(
    threads
      .states()
      .map(({ role, index, isReady, restarts }) => [
        `${role}-${index}`,
        { isOk: isReady, ...(restarts > 0 ? { detail: `restarted ${restarts} times` } : {}) },
      ]),
  );
}

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof BadConfig)) throw error;
    for (const problem of error.problems) process.stderr.write(`doorbuster: ${problem}\n`);
    process.exit(2);
  }
}
