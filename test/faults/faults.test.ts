/**
 * A few rounds of the fault suite for every check; `npm run faults` runs many. The last test makes sure that the audit
 * can fail at all.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoRedis } from '../persistence/support.ts';
import { catalog, schedule } from './catalog.ts';
import { composeTable, roundLine } from './report.ts';
import { type Fault, type RoundResult, runRound } from './round.ts';
import { whyNoSmallDisk } from './small-disk.ts';
import { type DatabaseServer, startDatabaseServer } from './stores.ts';

const roundMsMax = 120_000;
const reason = whyNoRedis();
const smallDrop = { buyers: 24, units: 8, releasePerSecond: 8 } as const;
/** For every check, a smaller drop does. */
const shorter: Readonly<Record<string, Partial<Fault>>> = {
  'redis-stopped': { drop: { buyers: 40, units: 15, releasePerSecond: 5 } },
  'postgres-disk-full': { drop: { buyers: 60, units: 22, releasePerSecond: 4 } },
};
let stores: DatabaseServer;

beforeAll(async () => {
  stores = await startDatabaseServer();
});
afterAll(() => stores.stop());

function faultCalled(name: string): Fault {
  return catalog.find((fault) => fault.name === name)!;
}

function expectKept(result: RoundResult): void {
  console.log(roundLine(result));
  expect(result.problems, result.log).toEqual([]);
  expect(result).toMatchObject({ losses: 0, oversold: 0, doubleCharges: 0 });
}

describe('nothing acknowledged is lost, oversold or charged twice', () => {
  it.for([
    'kill-postgres',
    'kill-s4-s10-sweep',
    'stale-appends-postgres',
    'kill-redis',
    'kill-s1-late',
    'redis-stopped',
    'zombie-redis',
    'stale-appends-redis',
    'idle-owner-redis',
    'zombie-reads-postgres',
    'takeover-at-till-redis',
    'kill-s12-projected',
    'postgres-disk-full',
    'tail-cut-owner-alive',
  ])('%s', { timeout: roundMsMax }, async (name, context) => {
    const fault = faultCalled(name);
    const { journal, onSmallDisk } = fault.world(() => 0);
    const missing = (journal === 'redis' ? reason : null) ?? (onSmallDisk ? await whyNoSmallDisk() : null);
    if (missing !== null) {
      console.log(`${name} skipped: ${missing}`);
      context.skip(missing);
      return;
    }
    expectKept(await runRound({ ...fault, ...shorter[name] }, 7, stores));
  });
});

describe('the suite itself', () => {
  it('spreads rounds by weight, the same for the same seed, and knows its faults by name', () => {
    const plan = schedule(200, 3, null);
    expect(plan.map(({ fault, seed }) => [fault.name, seed])).toEqual(
      schedule(200, 3, null).map(({ fault, seed }) => [fault.name, seed]),
    );
    const taken = new Set(plan.map(({ fault }) => fault.name));
    expect(catalog.filter(({ name, weight }) => weight > 0 && !taken.has(name))).toEqual([]);
    expect(() => schedule(1, 1, ['no-such-fault'])).toThrow('unknown faults: no-such-fault');
  });

  it(
    'finds a hold that was acknowledged and is not there, and an order charged behind its back',
    async () => {
      const holdId = '00000000-0000-4000-8000-000000000000';
      const result = await runRound(
        {
          ...faultCalled('kill-postgres'),
          name: 'a lying server',
          world: () => ({ journal: 'postgres' }),
          drop: smallDrop,
          async inject({ ledger, crowd, until, world }) {
            await until('holds', 2);
            ledger.hold({
              ...{ buyer: 0, holdId, sku: crowd.drop.sku, quantity: 1 },
              expiresAt: new Date().toISOString(),
            });
            await until('orders', 2);
            await charge(world.server.sandboxUrl!, ledger.orders.values().next().value!.orderId);
          },
        },
        5,
        stores,
      );
      expect(result.problems.join('\n')).toContain(`hold ${holdId}: acknowledged, now 404`);
      expect(result.losses).toBe(1);
      expect(result.doubleCharges).toBeGreaterThan(0);
      expect(composeTable([result]).total).toMatchObject({ rounds: 1, failedRounds: 1, losses: 1 });
    },
    roundMsMax,
  );
});

/** A payment of ours that the shop did not ask for. */
async function charge(sandboxUrl: string, orderId: string): Promise<void> {
  const body = new URLSearchParams({
    amount: '19900',
    currency: 'usd',
    payment_method: 'pm_card_visa',
    'allowed_payment_method_types[0]': 'card',
    capture_method: 'automatic',
    confirm: 'true',
    error_on_requires_action: 'true',
    'metadata[orderId]': orderId,
  });
  const headers = { authorization: 'Bearer sk_test', 'idempotency-key': orderId };
  const answer = await fetch(`${sandboxUrl}/v1/payment_intents`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`the sandbox refused: ${await answer.text()}`);
}
