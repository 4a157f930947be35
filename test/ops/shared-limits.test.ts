/** Two processes' memories on one real Redis: what they count together, and what they do without it. */
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { ClientAddress } from '../../src/gateway/client-address.ts';
import { allocateLimits, Limits } from '../../src/gateway/limits.ts';
import { shareLimits } from '../../src/ops/shared-limits.ts';
import type { Log } from '../../src/protocol/log.ts';
import { startTestRedis, type TestRedis, until, whyNoRedis } from '../persistence/support.ts';
import { clientAt, isTaken, timesTaken, tokenSecret } from '../support/limits.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping limits over several processes: ${skipped}`);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function redis(): Promise<TestRedis> {
  const server = await startTestRedis();
  closers.push(() => server.stop());
  return server;
}

/** Its limits, and what it logged. */
function processOn(url: string, secret = tokenSecret) {
  const config = readConfig({
    ...{ REDIS_URL: url, GATEWAYS: '1', RATE_ACCOUNT_PER_SECOND: '5', RATE_ACCOUNT_BURST: '10' },
    ...{ RATE_ADDRESS_PER_SECOND: '5', RATE_ADDRESS_BURST: '10' },
  });
  const memory = allocateLimits(config);
  const limits = new Limits(config, memory, { gateway: 0, tokenSecret: secret, now: Date.now });
  const lines: string[] = [];
  const log: Log = (level, message) => void lines.push(`${level}: ${message}`);
  const stop = shareLimits(url, config, memory, { tokenSecret: secret, now: Date.now, log });
  closers.push(stop);
  return { limits, lines, stop };
}
type Process = ReturnType<typeof processOn>;

/** Guests come back slowly, one in two seconds: whoever finds none of sixty knows of the others. */
const guests = ({ limits }: Process, client: ClientAddress, tries = 60) =>
  timesTaken(tries, () => limits.guests.take(client));

let strangers = 0;
const stranger = () => clientAt(`198.51.100.${++strangers}`);

function hasOne({ limits }: Process, client: ClientAddress): boolean {
  if (!isTaken(() => limits.guests.take(client))) return false;
  limits.guests.giveBack(client);
  return true;
}

/** Waits until what is spent in one is missing in the other: of new addresses, because what is not heard is lost. */
async function areSharing(one: Process, other: Process): Promise<void> {
  const spent: ClientAddress[] = [];
  await until(() => {
    const client = stranger();
    guests(one, client);
    spent.push(client);
    return spent.some((client) => !hasOne(other, client));
  }, 20_000);
}

describe.skipIf(skipped !== null)('two processes on one Redis', () => {
  it('bound the requests of an account, of an address and its live sockets together, and store nothing', async () => {
    const server = await redis();
    const [one, other] = [processOn(server.url), processOn(server.url)];
    await areSharing(one, other);
    const ada = clientAt('203.0.113.7');
    let [account, requests] = [0, 0];
    const secondsBegan = performance.now();
    one.limits.sockets.add(ada, 1);
    other.limits.sockets.add(ada, 1);
    await until(() => {
      for (const { limits } of [one, other]) {
        account += timesTaken(2, () => limits.account.take('acc_greedy'));
        requests += timesTaken(2, () => limits.requests.take(ada));
      }
      return performance.now() - secondsBegan > 8_000;
    });
    const seconds = (performance.now() - secondsBegan) / 1000;
    // Each gives its burst, and then its rate, for the second or two until it hears of the other.
    const most = 2 * 10 + 5 * seconds + 2 * 5 * 2;
    for (const taken of [account, requests]) {
      expect(taken).toBeLessThanOrEqual(most);
      expect(taken).toBeGreaterThan(5 * seconds * 0.5);
    }
    expect([one.limits.sockets.of(ada), other.limits.sockets.of(ada)]).toEqual([2, 2]);
    const admin = new Redis(server.url);
    expect(await admin.keys('*')).toEqual([]);
    const [channel] = (await admin.call('PUBSUB', 'CHANNELS')) as string[];
    expect(channel).toMatch(/^doorbuster:limits:[0-9a-f]{16}:0$/);
    admin.disconnect();
    expect(one.lines).toEqual(['info: limits are counted over several processes']);
    // One of them ends.
    await other.stop();
    await until(() => one.limits.sockets.of(ada) === 1);
  }, 60_000);

  it('go on alone while Redis is away, and share again when it is back', async () => {
    const server = await redis();
    const [one, other] = [processOn(server.url), processOn(server.url)];
    const ada = clientAt('203.0.113.8');
    for (let n = 0; n < 3; n++) other.limits.sockets.add(ada, 1);
    await areSharing(one, other);
    await until(() => one.limits.sockets.of(ada) === 3);
    await server.halt('SIGKILL');
    await until(() => one.lines.includes('warn: the connection to Redis broke'));
    await until(() => one.limits.sockets.of(ada) === 0);
    const alone = stranger();
    expect([guests(one, alone, 70), guests(other, alone, 70)]).toEqual([60, 60]);
    await server.resume();
    await until(() => one.lines.includes('info: the connection to Redis is back'));
    await areSharing(one, other);
    await until(() => one.limits.sockets.of(ada) === 3);
    // What was spent meanwhile was not told afterwards: a third process that comes now knows nothing of it.
    expect(guests(processOn(server.url), alone, 70)).toBe(60);
  }, 90_000);

  it('begin to share when Redis comes after them', async () => {
    const server = await redis();
    await server.halt('SIGTERM');
    const [one, other] = [processOn(server.url), processOn(server.url)];
    expect(guests(one, stranger(), 70)).toBe(60);
    await until(() => one.lines.some((line) => line.startsWith('warn: other processes')), 15_000);
    await server.resume();
    await areSharing(one, other);
  }, 60_000);

  it('of two shops, or of two databases of one Redis, share nothing', async () => {
    const server = await redis();
    const one = processOn(server.url);
    const others = [
      processOn(`${server.url}/1`),
      processOn(server.url, 'the secret of another shop, as long'),
    ];
    const last = processOn(server.url);
    const client = stranger();
    await areSharing(one, last);
    guests(one, client);
    await until(() => !hasOne(last, client));
    for (const other of others) {
      expect(guests(other, client, 70)).toBe(60);
      expect(other.lines).toEqual([]);
    }
  }, 60_000);

  it('are told once why when Redis lets them publish nothing', async () => {
    const server = await redis();
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'shop', 'on', '>secret', '~*', '+@all', 'resetchannels');
    const only = processOn(server.url.replace('redis://', 'redis://shop:secret@'));
    await until(() => only.lines.length > 0);
    expect(guests(only, stranger(), 70)).toBe(60);
    await admin.call('ACL', 'SETUSER', 'shop', '&doorbuster:*');
    await areSharing(only, processOn(server.url));
    admin.disconnect();
    expect(only.lines).toEqual([
      'warn: other processes on the same Redis cannot be told',
      'info: limits are counted over several processes',
    ]);
  }, 60_000);
});
