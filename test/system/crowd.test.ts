/**
 * The crowd against real servers: both are processes of their own. The crowd keeps its own ledger and checks every
 * promise from outside; here it must end with code 0, whatever happens to the server meanwhile. The tests run side by
 * side, each with its own server: most of their time is waiting.
 */
import { describe, expect, it } from 'vitest';
import { startTestRedis, whyNoRedis } from '../persistence/support.ts';
import { crowdMsMax, judged, midway, openTestSite, sendCrowd } from './crowd.ts';
import { readMetrics } from './metrics.ts';
import { call } from './shop.ts';

describe.concurrent('a crowd', { timeout: crowdMsMax }, () => {
  it('still buys everything when people walk away and cards are declined', async (context) => {
    const server = await (await openTestSite(context)).start();
    const fickle = { abandon: 0.1, decline: 0.1, leave: 0.05, seed: 4 };
    const crowd = sendCrowd(context, server, { buyers: 600, units: 50, sockets: 150, ...fickle });
    const report = await judged(crowd);
    expect(report.sold).toBe(50);
    expect(report.declined).toBeGreaterThan(0);
    expect(report.abandoned).toBeGreaterThan(0);
    expect(server.errors()).toEqual([]);
  });

  it('buys everything and nothing more, from one SKU or twenty', async (context) => {
    const server = await (await openTestSite(context)).start();
    const one = await judged(sendCrowd(context, server, { buyers: 1_500, units: 100, sockets: 300 }));
    expect(one.sold).toBe(100);
    const twenty = { buyers: 600, units: 100, skus: 20, sockets: 100, seed: 3 };
    expect((await judged(sendCrowd(context, server, twenty))).sold).toBe(100);
    expect((await readMetrics(server.opsUrl)).value('doorbuster_oversold_units')).toBe(0);
    expect(server.errors()).toEqual([]);
  });

  it('keeps its places and units when the server is killed and started again', async (context) => {
    const site = await openTestSite(context);
    const server = await site.start();
    const flags = { buyers: 800, units: 250, sockets: 600, release: 60, seed: 5 };
    const crowd = sendCrowd(context, server, flags);
    await midway(server, 30);
    await server.end('SIGKILL');
    await site.start();
    const report = await judged(crowd);
    expect(report.sold).toBe(250);
    expect(report.outages.length).toBeGreaterThan(0);
    expect(report.reconnects).toBeGreaterThan(0);
  });

  it('keeps them with two shards and two gateways when each shard is ended once', async (context) => {
    const server = await (await openTestSite(context, { SHARDS: '2', GATEWAYS: '2' })).start();
    const flags = { buyers: 800, units: 250, skus: 4, sockets: 600, release: 60, seed: 6 };
    const crowd = sendCrowd(context, server, flags);
    const ops = { url: server.opsUrl };
    for (const [shard, orders] of [30, 60].entries()) {
      await midway(server, orders);
      expect((await call(ops, `POST /shards/${shard}/restart`)).status).toBe(202);
    }
    expect((await judged(crowd)).sold).toBe(250);
    expect((await call(ops, 'GET /readyz')).status).toBe(200);
  });

  it('keeps them with the journal in Redis when the server is killed', async (context) => {
    const reason = whyNoRedis();
    if (reason !== null) {
      console.log(`skipped: ${reason}`);
      context.skip(reason);
      return;
    }
    const redis = await startTestRedis();
    context.onTestFinished(() => redis.stop());
    const site = await openTestSite(context, { REDIS_URL: redis.url });
    const server = await site.start();
    expect(server.banner).toMatch(/Journal +Redis/);
    const flags = { buyers: 800, units: 200, sockets: 600, release: 60, seed: 7 };
    const crowd = sendCrowd(context, server, flags);
    await midway(server, 30);
    await server.end('SIGKILL');
    await site.start();
    const report = await judged(crowd);
    expect(report.sold).toBe(200);
    expect(report.outages.length).toBeGreaterThan(0);
  });
});
