/** Tries of passwords at two gateway threads of a process, without passwords: a test says how each one ends. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { ClientAddress } from '../../src/gateway/client-address.ts';
import { allocateLimits, Limits } from '../../src/gateway/limits.ts';
import { clientAt, hash, tokenSecret } from '../support/limits.ts';
import { until } from './engine.ts';

function threads() {
  const config = readConfig({ GATEWAYS: '2' });
  const memory = allocateLimits(config);
  const nowMs = Date.now();
  const all = [0, 1].map((gateway) => new Limits(config, memory, { gateway, tokenSecret, now: () => nowMs }));
  return { memory, config, nowMs, all: all.map(({ passwordTries }) => passwordTries) };
}

type Tries = ReturnType<typeof threads>['all'][number];

/** What became of it, so far. */
function tryAt(tries: Tries | undefined, account: string, client: ClientAddress) {
  const told = { outcome: 'waits', end: (_: 'succeeded' | 'failed' | 'notMade') => {} };
  tries!.begin(account, client).then(
    (begun) => {
      told.outcome = 'begun';
      told.end = (how) => begun[how]();
    },
    ({ code }) => {
      told.outcome = code;
    },
  );
  return told;
}

const outcomes = (tries: { outcome: string }[], outcome: string) =>
  tries.filter((each) => each.outcome === outcome).length;

const inSite = (network: number): ClientAddress => {
  const key = `2001:db8:1:${network}::/64`;
  const siteKey = '2001:db8:1::/48';
  return { ...clientAt(key), site: { key: siteKey, ...hash.of(siteKey) } };
};

describe('who finds no place left', () => {
  it('waits for tries that are under way, at another thread too, and is refused once all of them have failed', async () => {
    const [one, other] = threads().all;
    const office = clientAt('198.51.100.1');
    const first = Array.from({ length: 20 }, (_, n) => tryAt(one, `person-${n}`, office));
    await until(() => outcomes(first, 'begun') === 20);
    const late = [tryAt(other, 'late', office), tryAt(one, 'later', office)];
    const elsewhere = tryAt(other, 'late', clientAt('198.51.100.2'));
    await until(() => elsewhere.outcome === 'begun');
    expect(outcomes(late, 'waits')).toBe(2);
    first[0]!.end('succeeded');
    await until(() => outcomes(late, 'begun') === 1);
    for (const each of first.slice(1)) each.end('failed');
    for (const each of late) each.end('failed');
    await until(() => outcomes(late, 'rate_limited') === 1);
    // Nobody is under way: the next one is refused at once.
    const last = tryAt(other, 'last', office);
    await until(() => last.outcome !== 'waits');
    expect(last.outcome).toBe('rate_limited');
  });

  it('for one account waits for those of this account and address only', async () => {
    const [one] = threads().all;
    const [home, cafe] = [clientAt('198.51.100.1'), clientAt('198.51.100.2')];
    const wrong = Array.from({ length: 10 }, () => tryAt(one, 'ada', home));
    await until(() => outcomes(wrong, 'begun') === 10);
    for (const each of wrong) each.end('failed');
    const others = [tryAt(one, 'bob', home), tryAt(one, 'ada', cafe)];
    await until(() => outcomes(others, 'begun') === 2);
    const refused = tryAt(one, 'ada', home);
    await until(() => refused.outcome === 'rate_limited');
  });

  it('is busy when sixty-four of the address wait already, and nobody of another address notices', async () => {
    const [one] = threads().all;
    const crowd = clientAt('198.51.100.1');
    const tries = Array.from({ length: 90 }, (_, n) => tryAt(one, `person-${n}`, crowd));
    await until(() => outcomes(tries, 'busy') === 6);
    expect([outcomes(tries, 'begun'), outcomes(tries, 'waits')]).toEqual([20, 64]);
    const elsewhere = tryAt(one, 'person-1', clientAt('198.51.100.2'));
    await until(() => elsewhere.outcome === 'begun');
    for (let left = 84; left > 0; ) {
      for (const each of tries.filter(({ outcome }) => outcome === 'begun')) {
        each.end('succeeded');
        each.outcome = 'over';
        left -= 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(outcomes(tries, 'over')).toBe(84);
  });

  it('is not kept by what a thread that died had under way', async () => {
    const { all, config, memory, nowMs } = threads();
    const [one, other] = all;
    const office = clientAt('198.51.100.1');
    const lost = Array.from({ length: 20 }, (_, n) => tryAt(other, `person-${n}`, office));
    await until(() => outcomes(lost, 'begun') === 20);
    const waiting = tryAt(one, 'ada', office);
    // The thread is started anew.
    new Limits(config, memory, { gateway: 1, tokenSecret, now: () => nowMs });
    await until(() => waiting.outcome === 'rate_limited');
  });

  it('of a /48 has the guesses of sixteen addresses over all accounts', async () => {
    const [one, other] = threads().all;
    let failed = 0;
    for (let n = 0; n < 400; n++) {
      const each = tryAt([one, other][n % 2], `person-${n}`, inSite(n));
      await until(() => each.outcome !== 'waits');
      if (each.outcome !== 'begun') continue;
      each.end('failed');
      failed += 1;
    }
    expect(failed).toBe(16 * 20);
    const elsewhere = tryAt(one, 'ada', clientAt('198.51.100.1'));
    await until(() => elsewhere.outcome === 'begun');
  });
});
