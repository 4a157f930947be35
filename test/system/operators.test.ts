/** What operators see and do: accounts, health, metrics, and the restart of a shard. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticated, ofType } from '../gateway/live-client.ts';
import { type MetricSample, readMetrics } from './metrics.ts';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import { admin, call, checkOut, expected, guest, holding, openDrop } from './shop.ts';

const portOf = (url: string) => Number(new URL(url).port);

describe.each(['apart', 'joined'])('with threads %s:', (threads) => {
  let site: Site;
  let server: ServerProcess;
  beforeAll(async () => {
    site = await openSite({ THREADS: threads });
    server = await site.start();
  });
  afterAll(() => site.close());

  describe('operators', () => {
    it('sign in with the printed password and read the shards; others may not', async () => {
      const operator = await admin(server);
      const [shard] = await expected(server, 'GET /v1/ops/shards', 200, { who: operator });
      expect(shard).toMatchObject({ shard: 0, partitions: 64, restarts: 0 });
      expect(shard.eventsPerSecond).toBeGreaterThanOrEqual(0);
      expect((await call(server, 'GET /v1/ops/shards', { who: await guest(server) })).status).toBe(403);
      expect((await call(server, 'GET /v1/ops/shards')).status).toBe(401);
      const live = await authenticated(portOf(server.url), operator);
      expect(await live.ask('subscribe', { topic: 'ops' })).toMatchObject({ status: 200 });
      expect(await live.frame(ofType('ops.shards'))).toMatchObject({ shards: [{ shard: 0 }] });
      live.close();
    });

    it('ask whether the server is alive and ready', async () => {
      const ops = { url: server.opsUrl };
      expect((await call(ops, 'GET /livez')).status).toBe(200);
      const ready = await expected(ops, 'GET /readyz', 200);
      expect(ready).toMatchObject({
        status: 'ready',
        isDurable: true,
        payments: { mode: 'sandbox', url: server.sandboxUrl },
      });
      const checks = ['database', 'shard-0', 'gateway-0', 'back-office-0', 'draining'];
      expect(Object.keys(ready.checks)).toEqual(expect.arrayContaining(checks));
      expect(await call(ops, 'GET /nothing')).toMatchObject({ status: 404 });
      expect((await call(ops, 'DELETE /readyz')).status).toBe(405);
    });

    it('restart a shard, which forgets nothing', async () => {
      const drop = await openDrop(server, 2);
      const holder = await holding(server, drop);
      const operator = await admin(server);
      const epoch = async () => {
        const { status, body } = await call(server, 'GET /v1/ops/shards', { who: operator });
        return status === 200 ? ((body[0]?.epoch as number | undefined) ?? null) : null;
      };
      const before = await epoch();
      const ops = { url: server.opsUrl };
      expect((await call(ops, 'POST /shards/0/restart')).status).toBe(202);
      expect((await call(ops, 'POST /shards/7/restart')).status).toBe(404);
      expect((await call(ops, 'GET /shards/0/restart')).status).toBe(405);
      await expect.poll(epoch, { timeout: 15_000 }).toBeGreaterThan(before!);
      const kept = await expected(server, `GET /v1/holds/${holder.holdId}`, 200, { who: holder });
      expect(kept.state).toBe('held');
      expect((await checkOut(server, holder)).status).toBe(201);
      expect((await call(ops, 'GET /readyz')).status).toBe(200);
    });

    it('read metrics that fit what happened', async () => {
      const drop = await openDrop(server, 3);
      const payer = await holding(server, drop);
      const live = await authenticated(portOf(server.url), payer);
      await checkOut(server, payer);
      const declined = await holding(server, drop);
      await checkOut(server, declined, { paymentMethod: 'pm_card_chargeDeclined' });
      // The sockets of other tests may still be closing.
      const metrics = await waitFor(async () => {
        const read = await readMetrics(server.opsUrl);
        return read.value('doorbuster_connections') === 1 ? read : null;
      });
      for (const name of promised) expect([...metrics.types.keys()]).toContain(name);
      const value = (name: string, labels: MetricSample['labels'] = {}) => metrics.value(name, labels);
      expect(value('doorbuster_oversold_units')).toBe(0);
      expect(value('doorbuster_partitions_halted', { shard: '0' })).toBe(0);
      expect(value('doorbuster_orders_total', { status: 'confirmed' })).toBeGreaterThanOrEqual(1);
      expect(value('doorbuster_orders_total', { status: 'payment_failed' })).toBeGreaterThanOrEqual(1);
      expect(value('doorbuster_commands_total', { kind: 'sku', code: 'created' })).toBeGreaterThanOrEqual(1);
      expect(value('doorbuster_admissions_active', { sale: drop.saleId })).toBeGreaterThanOrEqual(0);
      expect(value('doorbuster_queue_length', { sale: drop.saleId })).toBe(0);
      const paid = { route: 'checkOut', status: '201' };
      expect(value('doorbuster_http_request_seconds_count', paid)).toBeGreaterThanOrEqual(1);
      metrics.expectSoundHistograms();
      live.close();
    });
  });
});

/** Of the contract's list, those whose subject exists. */
const promised = [
  'doorbuster_commands_total',
  'doorbuster_commit_seconds',
  'doorbuster_batch_size',
  'doorbuster_mailbox_depth',
  'doorbuster_replay_seconds',
  'doorbuster_queue_length',
  'doorbuster_admissions_active',
  'doorbuster_connections',
  'doorbuster_http_request_seconds',
  'doorbuster_orders_total',
  'doorbuster_payments_total',
  'doorbuster_payment_seconds',
  'doorbuster_oversold_units',
  'doorbuster_outbox_depth',
];
