/** Limits over several processes, with messages that a test carries: each process is a memory of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { heaviest } from '../../src/gateway/heaviest.ts';
import { LimitExchange } from '../../src/gateway/limit-exchange.ts';
import { allocateLimits, Limits } from '../../src/gateway/limits.ts';
import { clientAt, hash, isTaken, timesTaken, tokenSecret } from '../support/limits.ts';

const startMs = Date.UTC(2026, 10, 27);

function processesWith(env: Record<string, string>, count = 2) {
  const config = readConfig({ REDIS_URL: 'redis://127.0.0.1', GATEWAYS: '2', ...env });
  const clock = { nowMs: startMs };
  const now = () => clock.nowMs;
  const processes = Array.from({ length: count }, () => {
    const memory = allocateLimits(config);
    // Two gateway threads, and the main thread that talks with the others.
    const threads = [0, 1].map((gateway) => new Limits(config, memory, { gateway, tokenSecret, now }));
    return {
      threads,
      limits: threads[0]!,
      exchange: new LimitExchange(config, memory, { tokenSecret, now }),
    };
  });
  /** A second passes, and everybody hears what everybody says. */
  const round = () => {
    clock.nowMs += 1_000;
    const messages = processes.map(({ exchange }) => exchange.message());
    for (const message of messages) for (const { exchange } of processes) exchange.takeIn(message);
    return messages;
  };
  return { clock, processes, round, exchanges: processes.map(({ exchange }) => exchange) };
}

const slow = { RATE_ACCOUNT_PER_SECOND: '1', RATE_ACCOUNT_BURST: '20' };

describe('what a key took in one process', () => {
  it('is missing in the other a second later, by account and by address, at all its threads', () => {
    const { processes, round } = processesWith({
      ...slow,
      ...{ RATE_ADDRESS_PER_SECOND: '1', RATE_ADDRESS_BURST: '20' },
    });
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    const ada = clientAt('198.51.100.1');
    expect(timesTaken(15, () => one.threads[1]!.account.take('acc_ada'))).toBe(15);
    expect(timesTaken(15, () => one.limits.requests.take(ada))).toBe(15);
    expect(timesTaken(60, () => one.limits.guests.take(ada))).toBe(60);
    round();
    // Five are left of twenty.
    expect(timesTaken(30, () => other.threads[0]!.account.take('acc_ada'))).toBe(5);
    expect(timesTaken(30, () => other.threads[1]!.requests.take(ada))).toBe(5);
    expect(timesTaken(30, () => other.limits.guests.take(ada))).toBe(0);
    expect(timesTaken(30, () => other.limits.account.take('acc_bob'))).toBe(20);
    round();
    // What two seconds have brought.
    expect(timesTaken(30, () => one.limits.account.take('acc_ada'))).toBe(2);
  });

  it.each([
    [2, 10],
    [3, 10],
    [10, 10],
    // A burst that takes long to refill is as much debt as a bucket's span.
    [10, 1],
  ])('is one limit over a minute, however hard %i processes are asked for %i a second', (count, rate) => {
    const { clock, processes, round } = processesWith(
      { RATE_ACCOUNT_PER_SECOND: String(rate), RATE_ACCOUNT_BURST: '20' },
      count,
    );
    let taken = 0;
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 10; n++) {
        for (const { limits } of processes) taken += timesTaken(5, () => limits.account.take('greedy'));
        if (n < 9) clock.nowMs += 100;
      }
      clock.nowMs -= 900;
      round();
    }
    // A first burst in each process before they have heard of each other, and at most a second's rate of each at the end.
    expect(taken).toBeLessThanOrEqual(20 * count + 60 * rate + rate * count);
    // Nobody is kept waiting for longer than what was taken takes.
    expect(taken).toBeGreaterThanOrEqual(60 * rate - 20 * count);
  });

  it('is never counted against those who stay below the limit together', () => {
    const { clock, processes, round } = processesWith({
      ...{ RATE_ACCOUNT_PER_SECOND: '10', RATE_ACCOUNT_BURST: '20' },
    });
    for (let second = 0; second < 120; second++) {
      for (let n = 0; n < 4; n++) {
        for (const { limits } of processes) limits.account.take('modest');
        clock.nowMs += 250;
      }
      clock.nowMs -= 1_000;
      round();
    }
  });

  it('is told once: without requests every bucket fills again', () => {
    const { processes, round } = processesWith(slow, 3);
    timesTaken(20, () => processes[0]!.limits.account.take('a'));
    for (let second = 0; second < 21; second++) round();
    for (const { limits } of processes) {
      expect(timesTaken(30, () => limits.account.take('a'))).toBe(20);
      limits.account.forgive(hash.of('a'));
    }
  });

  it('is given back, and forgiven, in the other as well', () => {
    const { processes, round } = processesWith(slow);
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    const ada = clientAt('198.51.100.1');
    for (let n = 0; n < 60; n++) one.limits.guests.take(ada);
    for (let n = 0; n < 60; n++) one.limits.guests.giveBack(ada);
    timesTaken(20, () => one.limits.account.take('acc_ada'));
    round();
    expect(isTaken(() => other.limits.account.take('acc_ada'))).toBe(false);
    one.limits.account.forgive(hash.of('acc_ada'));
    round();
    expect(timesTaken(30, () => other.limits.account.take('acc_ada'))).toBe(20);
    expect(timesTaken(70, () => other.limits.guests.take(ada))).toBe(60);
  });

  it('of tries is what failed: those under way are not told, and a right one forgives in the other, too', async () => {
    const { clock, processes, round } = processesWith({});
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    const ada = clientAt('198.51.100.1');
    const begin = ({ limits }: typeof one, account: string) => limits.passwordTries.begin(account, ada);
    const isRefused = (at: typeof one, account: string) =>
      begin(at, account).then(
        (one) => void one.notMade(),
        ({ code }) => code,
      );
    const underWay = await Promise.all(Array.from({ length: 20 }, (_, n) => begin(one, `person-${n}`)));
    round();
    expect(await isRefused(other, 'ada')).toBe(undefined);
    for (const each of underWay) each.succeeded();
    for (let n = 0; n < 10; n++) (await begin(one, 'ada')).failed();
    round();
    expect(await isRefused(other, 'ada')).toBe('rate_limited');
    // Ten of the address's twenty are left, and what the seconds have brought.
    expect(await isRefused(other, 'bob')).toBe(undefined);
    clock.nowMs += 10_000;
    (await begin(one, 'ada')).succeeded();
    round();
    for (let n = 0; n < 10; n++) (await begin(other, 'ada')).failed();
    expect(await isRefused(other, 'ada')).toBe('rate_limited');
  });

  it('is not told later when it could not be told at once', () => {
    const { clock, processes, round } = processesWith(slow);
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    for (let second = 0; second < 100; second++) {
      one.limits.account.take('a');
      clock.nowMs += 1_000;
      one.exchange.message();
    }
    round();
    expect(timesTaken(30, () => other.limits.account.take('a'))).toBe(20);
  });

  it('is taken in once when messages of a minute come together, after a process was stopped', () => {
    const { clock, processes } = processesWith(slow);
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    const waiting: Buffer[] = [];
    for (let second = 0; second < 60; second++) {
      one.limits.account.take('a');
      clock.nowMs += 1_000;
      waiting.push(one.exchange.message());
    }
    for (const message of waiting) other.exchange.takeIn(message);
    expect(timesTaken(30, () => other.limits.account.take('a'))).toBe(19);
  });
});

describe('live sockets of an address', () => {
  it('are counted over all threads of all processes, and no longer when a process is silent or has closed them', () => {
    const { clock, processes, round } = processesWith({}, 3);
    const ada = clientAt('198.51.100.1');
    for (const { threads } of processes) for (const { sockets } of threads) sockets.add(ada, 1);
    const counts = () => processes.map(({ limits }) => limits.sockets.of(ada));
    expect(counts()).toEqual([2, 2, 2]);
    for (let n = 0; n < 3; n++) {
      round();
      expect(counts()).toEqual([6, 6, 6]);
    }
    processes[2]!.limits.sockets.add(ada, -1);
    round();
    expect(counts()).toEqual([5, 5, 5]);
    expect(processes[0]!.limits.sockets.of(clientAt('198.51.100.2'))).toBe(0);
    // The third one has died.
    for (let n = 0; n < 6; n++) {
      clock.nowMs += 1_000;
      const messages = processes.slice(0, 2).map(({ exchange }) => exchange.message());
      for (const message of messages) for (const { exchange } of processes) exchange.takeIn(message);
    }
    expect(counts().slice(0, 2)).toEqual([4, 4]);
    expect(processes[0]!.exchange.others).toBe(1);
    round();
    expect(counts()).toEqual([5, 5, 5]);
  });
});

describe('a message', () => {
  it('is bounded in a flood of keys, and tells of those that took most', () => {
    const { processes, round } = processesWith({ ...slow, RATE_ACCOUNT_BURST: '500' });
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    for (let n = 0; n < 60_000; n++) {
      one.limits.account.take(`acc_${n}`);
      one.limits.requests.take(clientAt(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`));
      one.limits.sockets.add(clientAt(`socket ${n}`), 1);
    }
    timesTaken(500, () => one.limits.account.take('greedy'));
    one.limits.sockets.add(clientAt('greedy'), 1);
    for (let n = 0; n < 200; n++) one.limits.sockets.add(clientAt('greedy'), 1);
    const [message] = round();
    expect(message!.length).toBeLessThanOrEqual(4 * (5 + 6 * 4_096 * 3 + 4_096 * 2));
    expect(timesTaken(30, () => other.limits.account.take('greedy'))).toBe(0);
    expect(other.limits.sockets.of(clientAt('greedy'))).toBeGreaterThan(200);
    // What did not fit is not told a second later.
    expect(round()[0]!.length).toBeLessThanOrEqual(4 * (5 + 4_096 * 2));
  });

  it('and its channel are no addresses and no accounts, and mean nothing to another shop', () => {
    const { processes, exchanges, round } = processesWith({});
    processes[0]!.limits.account.take('acc_0123456789');
    processes[0]!.limits.requests.take(clientAt('198.51.100.77'));
    const text = round()[0]!.toString('latin1') + exchanges[0]!.channel;
    expect(text).not.toMatch(/198|51\.100|acc_|0123456789/);
    const config = readConfig({ REDIS_URL: 'redis://127.0.0.1' });
    const elsewhere = new LimitExchange(config, allocateLimits(config), {
      tokenSecret: 'the secret of another shop, as long as that',
      now: () => startMs,
    });
    expect(elsewhere.channel).not.toBe(exchanges[0]!.channel);
    expect(exchanges[1]!.channel).toBe(exchanges[0]!.channel);
  });

  it('of any bytes does no harm, and of more than 64 processes is not taken in', () => {
    const { clock, processes, exchanges } = processesWith(slow, 1);
    const { limits, exchange } = processes[0]!;
    const garbage = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(garbage, (bytes) => {
        exchange.takeIn(bytes);
        // As if it had the form.
        if (bytes.length > 20) exchange.takeIn(bytes.with(16, 12).fill(0, 17, 20));
      }),
    );
    expect(exchanges[0]!.others).toBeLessThanOrEqual(64);
    clock.nowMs += 10_000;
    exchange.message();
    expect(exchange.others).toBe(0);
    expect(limits.sockets.of(clientAt('198.51.100.1'))).toBe(0);
    expect(timesTaken(30, () => limits.account.take('a'))).toBe(20);
  });
});

it('the heaviest values are all when they fit, and otherwise none is left out that weighs twice as much as another', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant(0), fc.integer())), fc.nat(40), (list, max) => {
      const values = Int32Array.from(list);
      const places = heaviest(values, max);
      const used = list.flatMap((value, place) => (value === 0 ? [] : [place]));
      expect(places).toHaveLength(Math.min(max, used.length));
      const left = used.filter((place) => !places.includes(place));
      for (const place of places)
        for (const other of left) expect(2 * Math.abs(list[place]!)).toBeGreaterThan(Math.abs(list[other]!));
    }),
  );
});
