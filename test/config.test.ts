/** A start that cannot work ends with one clear line for each reason, and leaves nothing running. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { isAlive, makeDataDir, postmasterOf, quietEnv, removeDataDir, runNode } from './system/server.ts';

const dataDirs: string[] = [];
afterAll(() => Promise.all(dataDirs.map(removeDataDir)));

interface FailedStart {
  readonly code: number | null;
  readonly out: string;
  /** Lines on standard error that are no log lines. */
  readonly said: readonly string[];
  readonly tookMs: number;
  readonly dataDir: string;
}

const startMsMax = 30_000;

/** Starts a server that is not expected to stay. */
async function failedStart(env: Record<string, string>): Promise<FailedStart> {
  const dataDir = await makeDataDir();
  dataDirs.push(dataDir);
  const startedAtMs = performance.now();
  const child = runNode(['src/main.ts'], { ...quietEnv(dataDir), ...env });
  const tooLong = setTimeout(() => child.process.kill('SIGKILL'), startMsMax);
  const code = await child.exited;
  clearTimeout(tooLong);
  const said = child
    .err()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'));
  return { code, out: child.out(), said, tookMs: performance.now() - startedAtMs, dataDir };
}

const badValues: [name: string, value: string, says: RegExp][] = [
  ['PORT', '80000', /PORT must be a whole number from 0 to 65535, not "80000"/],
  ['PORT', '-1', /PORT must be/],
  ['OPS_PORT', 'ops', /OPS_PORT must be .*"ops"/],
  ['SHARDS', '0', /SHARDS must be .*from 1 to 64/],
  ['SHARDS', '1.5', /SHARDS must be/],
  ['GATEWAYS', '65', /GATEWAYS must be/],
  ['THREADS', 'together', /THREADS must be one of apart, joined, not "together"/],
  ['DATABASE_URL', 'mysql://localhost/x', /DATABASE_URL must be a URL that starts with postgres:\/\//],
  ['S3_BUCKET', 'images', /S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together/],
  ['S3_ENDPOINT', 'ftp://store.example', /S3_ENDPOINT must be a URL that starts with http/],
  ['DATABASE_REPLICA_URL', 'localhost:5432', /DATABASE_REPLICA_URL must be a URL/],
  ['SESSIONS_REDIS_URL', 'redis://127.0.0.1/x', /SESSIONS_REDIS_URL must be redis:/],
  ['REDIS_URL', 'localhost:6379', /REDIS_URL must be a URL/],
  ['REDIS_URL', 'redis://127.0.0.1/x', /REDIS_URL must be redis:.*whole number/],
  ['REDIS_URL', 'redis://127.0.0.1/-1', /REDIS_URL must be redis:/],
  ['REDIS_URL', 'redis://127.0.0.1/1.5', /REDIS_URL must be redis:/],
  ['REDIS_URL', 'redis://127.0.0.1/0?db=5', /REDIS_URL must be redis:/],
  ['REDIS_URL', 'redis://127.0.0.1/?enableOfflineQueue=true', /REDIS_URL must be redis:/],
  ['OPS_HOSTS', 'ops.internal,http://x', /OPS_HOSTS must be host names .*"http:\/\/x"/],
  ['OPS_HOSTS', 'ops.internal:9090', /OPS_HOSTS must be host names without ports/],
  ['TAKE_OVER', 'yes', /TAKE_OVER must be one of 0, 1/],
  ['LOG_LEVEL', 'loud', /LOG_LEVEL must be one of trace, .*"loud"/],
  ['SAMPLE', 'yes', /SAMPLE must be one of 0, 1/],
  ['CORS_ORIGINS', 'https://shop.example/', /CORS_ORIGINS must be a list of origins/],
  ['CORS_ORIGINS', '*', /CORS_ORIGINS must be a list of origins/],
  ['TOKEN_SECRET', 'short', /TOKEN_SECRET must have at least 32 characters/],
  ['STRIPE_SECRET_KEY', 'sk_test_x', /STRIPE_WEBHOOK_SECRET is required/],
  ['RATE_ACCOUNT_PER_SECOND', '0', /RATE_ACCOUNT_PER_SECOND must be/],
  ['CONNECTIONS_MAX', '1e9', /CONNECTIONS_MAX must be/],
  ['RATE_GUEST_PER_MINUTE', '-1', /RATE_GUEST_PER_MINUTE must be/],
  ['TRUSTED_PROXIES', '10.0.0.0/33', /TRUSTED_PROXIES must be a list of addresses .*"10.0.0.0\/33"/],
  ['TRUSTED_PROXIES', 'nginx', /TRUSTED_PROXIES must be .*"nginx"/],
  ['RATE_EXEMPT', '127.0.0.1, ::ffff:10.0.0.0/104', /RATE_EXEMPT must be .*"::ffff:10.0.0.0\/104"/],
  ['DOORBUSTER_PORT', '8080', /DOORBUSTER_PORT is not a setting/],
];

describe.concurrent('bad settings', () => {
  it.each(badValues)('%s=%s stops the start with one line and code 2', async (name, value, says) => {
    const { code, said, out, tookMs, dataDir } = await failedStart({ [name]: value });
    expect(code).toBe(2);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(says);
    expect(said[0]).toMatch(/^doorbuster: /);
    expect(out).toBe('');
    expect(tookMs).toBeLessThan(20_000);
    expect(await postmasterOf(dataDir)).toBeNull();
  });

  it.each([
    ['PORT', 'OPS_PORT'],
    ['PORT', 'SANDBOX_PORT'],
    ['OPS_PORT', 'SANDBOX_PORT'],
  ])('one port for %s and %s stops the start', async (one, other) => {
    const { code, said } = await failedStart({ [one]: '18432', [other]: '18432' });
    expect(code).toBe(2);
    expect(said).toEqual(['doorbuster: PORT, OPS_PORT and SANDBOX_PORT must differ']);
  });

  it('are all named at once, and secrets among them never repeated', async () => {
    const { code, said } = await failedStart({
      PORT: 'x',
      SHARDS: '-3',
      DOORBUSTER_SHARDS: '2',
      TOKEN_SECRET: 'hunter2',
      DATABASE_URL: 'http://user:hunter2@localhost/x',
    });
    expect(code).toBe(2);
    expect(said).toHaveLength(5);
    expect(said.join('\n')).not.toContain('hunter2');
  });
});

describe('a start that cannot work', () => {
  it.each(['PORT', 'OPS_PORT', 'SANDBOX_PORT'])(
    'because %s is in use ends soon, says so, and leaves no PostgreSQL behind',
    async (name) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const { code, said, out, tookMs, dataDir } = await failedStart({ [name]: String(port) });
      holder.close();
      expect(code).toBe(1);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/^doorbuster: /);
      expect(said[0]).toContain(String(port));
      expect(out).toBe('');
      expect(tookMs).toBeLessThan(20_000);
      const postmaster = await postmasterOf(dataDir);
      expect(postmaster !== null && isAlive(postmaster.pid)).toBe(false);
    },
  );

  it.each([
    ['DATABASE_URL', 'postgres://nobody:x@127.0.0.1:1/none'],
    ['REDIS_URL', 'redis://127.0.0.1:1'],
  ])('because nothing answers at %s ends with one line that holds no stack', async (name, url) => {
    const { code, said, out } = await failedStart({ [name]: url });
    expect(code).toBe(1);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^doorbuster: cannot start: \S/);
    expect(out).toBe('');
  });

  it('because the data folder cannot be made says which', async () => {
    const file = `${await makeDataDir()}.file`;
    const { code, said } = await failedStart({ DATA_DIR: `/proc/version${file}` });
    await rm(file.replace(/\.file$/, ''), { recursive: true, force: true });
    expect(code).toBe(1);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('/proc/version');
  });
});
