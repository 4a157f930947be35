/** Real servers whose wall clock is set back, or forward, between two lives. */
import { expect, it, type TestContext } from 'vitest';
import { evenSpread, partitionOf } from '../../src/protocol/address.ts';
import { clockAhead, messagesOf, openSite, quietEnv, runNode, type Site, waitFor } from './server.ts';
import {
  admin,
  call,
  checkOut,
  type Drop,
  expected,
  holding,
  member,
  openDrop,
  type Person,
  type Place,
} from './shop.ts';

const minuteMs = 60_000;
const shards = evenSpread(2);

async function openTestSite(context: TestContext): Promise<Site> {
  const site = await openSite({ SHARDS: '2', GATEWAYS: '1' });
  context.onTestFinished(() => site.close());
  return site;
}

/** Tomorrow, whatever the server thinks that it is. */
const endsAt = () => new Date(Date.now() + 24 * 60 * minuteMs).toISOString();

type Seller = Person & { email: string };

/** An open drop whose sale is on one shard and whose SKU is on the other one. */
async function dropAcross(place: Place, seller: Seller, saleShard: number): Promise<Drop> {
  for (;;) {
    const sku = `SKU-${crypto.randomUUID()}`;
    if (shards.ownerOf(partitionOf('sku', sku)) === saleShard) continue;
    const drop = await openDrop(place, 10, { seller, sku, sale: { endsAt: endsAt() } });
    if (shards.ownerOf(partitionOf('sale', drop.saleId)) === saleShard) return drop;
  }
}

/** Writes an event of the SKU's partition, and of no other one. */
async function adjust(place: Place, { email }: Seller, sku: string): Promise<void> {
  const { accessToken } = await expected(place, 'POST /v1/auth/login', 200, {
    body: { email, password: 'a long password' },
  });
  await expected(place, `POST /v1/inventory/${sku}/adjustments`, 201, {
    who: { accountId: '', token: accessToken },
    body: { adjustmentId: crypto.randomUUID(), delta: 1, reason: 'counted' },
  });
}

async function buys(place: Place, drop: Drop): Promise<void> {
  const bought = await checkOut(place, await holding(place, drop));
  expect([bought.status, bought.body.status]).toEqual([201, 'confirmed']);
}

it('after the clock went back, with the sale on one shard and its SKU on the other, everybody can buy', {
  timeout: 120_000,
}, async (context) => {
  const site = await openTestSite(context);
  const first = await site.start();
  const seller = await member(first, 'seller');
  const drops = [await dropAcross(first, seller, 0), await dropAcross(first, seller, 1)];
  await first.end('SIGTERM');
  // The clock is set forward, and only the shard of the first drop's SKU has anything to do until it is set right.
  const fast = await site.start(clockAhead(30 * minuteMs));
  await adjust(fast, seller, drops[0]!.sku);
  await fast.end('SIGKILL');

  const right = await site.start();
  for (const drop of drops) await buys(right, drop);
  const told = messagesOf(right.log(), 40).filter((line) => line.includes('the journal is ahead'));
  expect(told).toHaveLength(1);
  const { aheadSeconds } = JSON.parse(told[0]!) as { aheadSeconds: number };
  expect(aheadSeconds).toBeGreaterThan(29 * 60);
  expect(aheadSeconds).toBeLessThanOrEqual(30 * 60);
  // A shard that comes back alone takes its time from the process.
  for (const shard of ['0', '1']) {
    const ops = { url: right.opsUrl };
    expect((await call(ops, `POST /shards/${shard}/restart`)).status).toBe(202);
    await waitFor(async () => (await call(ops, 'GET /readyz')).status === 200);
    for (const drop of drops) await buys(right, drop);
  }
});

it('a start that finds the journal hours ahead ends with one clear line and changes nothing, until it is accepted', {
  timeout: 120_000,
}, async (context) => {
  const site = await openTestSite(context);
  const fast = await site.start(clockAhead(120 * minuteMs));
  const seller = await member(fast, 'seller');
  const drop = await dropAcross(fast, seller, 0);
  const operator = await admin(fast);
  const epoch = async (place: Place) => {
    const rows = await expected(place, 'GET /v1/ops/shards', 200, { who: operator });
    return (rows as { epoch: number }[])[0]!.epoch;
  };
  let epochBefore = 0;
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const again = signal === 'SIGKILL' ? site.server : await site.start(clockAhead(120 * minuteMs));
    epochBefore = await epoch(again);
    // Something to save, so that the snapshots of an orderly end tell the time.
    await adjust(again, seller, drop.sku);
    await again.end(signal);
    const refused = runNode(['src/main.ts'], { ...quietEnv(site.dataDir), SHARDS: '2', GATEWAYS: '1' });
    expect(await refused.exited).toBe(1);
    const said = refused
      .err()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^doorbuster: cannot start: the journal is 7[12]\d\d s ahead of this machine's clock.*CLOCK_AHEAD_SECONDS_MAX is 3600/,
    );
  }
  const accepted = await site.start({ CLOCK_AHEAD_SECONDS_MAX: '7200' });
  await buys(accepted, drop);
  // The start that was refused after the orderly end has claimed nothing.
  expect(await epoch(accepted)).toBe(epochBefore + 1);
});
