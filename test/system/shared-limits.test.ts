/** A real server counts together with another process on its Redis: this test, which has a memory of limits of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { allocateLimits, Limits } from '../../src/gateway/limits.ts';
import { shareLimits } from '../../src/ops/shared-limits.ts';
import { connect } from '../gateway/live-client.ts';
import { startTestRedis, type TestRedis, testLog, whyNoRedis } from '../persistence/support.ts';
import { clientAt, tokenSecret } from '../support/limits.ts';
import { openSite, type Site, waitFor } from './server.ts';
import { call } from './shop.ts';

const skipped = whyNoRedis();
if (skipped) console.warn(`skipping limits over several processes: ${skipped}`);

describe.skipIf(skipped !== null)('a server and another process on one Redis', () => {
  let redis: TestRedis;
  let site: Site;
  let limits: Limits;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    redis = await startTestRedis();
    const env = { REDIS_URL: redis.url, RATE_EXEMPT: '', TRUSTED_PROXIES: '127.0.0.1' };
    site = await openSite({ ...env, GATEWAYS: '2', TOKEN_SECRET: tokenSecret });
    const config = readConfig(env);
    const memory = allocateLimits(config);
    limits = new Limits(config, memory, { gateway: 0, tokenSecret, now: Date.now });
    stop = shareLimits(redis.url, config, memory, { tokenSecret, now: Date.now, log: testLog });
    await site.start();
  }, 120_000);
  afterAll(async () => {
    await stop();
    await site.close();
    await redis.stop();
  });

  const guestFrom = async (address: string) =>
    (await call(site.server, 'POST /v1/auth/guest', { headers: { 'x-forwarded-for': address } })).status;

  let strangers = 0;
  const stranger = () => clientAt(`198.51.100.${++strangers}`);
  const spend = (client: ReturnType<typeof clientAt>) => {
    for (let n = 0; n < 60; n++) limits.guests.take(client);
    return client;
  };
  /** How many of three guests would be let in here; none is. */
  const room = (client: ReturnType<typeof clientAt>) => {
    let taken = 0;
    try {
      while (taken < 3) {
        limits.guests.take(client);
        taken += 1;
      }
    } catch {}
    for (let n = 0; n < taken; n++) limits.guests.giveBack(client);
    return taken;
  };

  /** Waits until the server knows what addresses did here. It is asked once about each: asked often, it would refuse by itself. */
  async function isServerTold(): Promise<void> {
    const spent: { text: string; atMs: number }[] = [];
    await waitFor(async () => {
      spent.push({ text: spend(stranger()).text, atMs: performance.now() });
      if (performance.now() - spent[0]!.atMs < 1_500) return false;
      return (await guestFrom(spent.shift()!.text)) === 429;
    });
  }

  it('refuse guests and sockets of an address for what it did at the other', async () => {
    await waitFor(() => /limits are counted over several processes/.test(site.server.log()));
    const { port } = new URL(site.server.url);
    await isServerTold();
    expect(await guestFrom(stranger().text)).toBe(201);

    const there = stranger();
    const statuses = await Promise.all(Array.from({ length: 60 }, () => guestFrom(there.text)));
    expect(new Set(statuses)).toEqual(new Set([201]));
    await waitFor(() => room(there) < 3);

    const here = stranger();
    for (let n = 0; n < 199; n++) limits.sockets.add(here, 1);
    const from = { 'x-forwarded-for': here.text };
    const open = await connect(Number(port), [], from);
    await waitFor(() => limits.sockets.of(here) === 200);
    // The server hears of those here when this process tells it next.
    await waitFor(() =>
      connect(Number(port), [], from).then(
        (client) => {
          client.close();
          return false;
        },
        ({ message }) => message === '429',
      ),
    );
    open.close();
  }, 60_000);

  it('serve without a pause while Redis is stopped, each by itself', async () => {
    await redis.halt('SIGKILL');
    const address = spend(stranger());
    expect(() => limits.guests.take(address)).toThrow();
    // A page that needs no journal, as often as it is asked.
    for (let n = 0; n < 100; n++) {
      const read = await call(site.server, 'GET /v1/products', {
        headers: { 'x-forwarded-for': address.text },
      });
      expect(read.status).toBe(200);
    }
    await redis.resume();
    await waitFor(async () => (await fetch(`${site.server.opsUrl}/readyz`)).status === 200, 30_000);
    await isServerTold();
  }, 60_000);
});
