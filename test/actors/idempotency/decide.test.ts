import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BeginRequest, IdempotencyCommand } from '../../../src/actors/idempotency/commands.ts';
import { idempotencyDecider } from '../../../src/actors/idempotency/decide.ts';
import type { IdempotencyEvent } from '../../../src/actors/idempotency/events.ts';
import {
  shareOfAccount,
  shareOfAddress,
  shareOfSite,
  shareOfStrangers,
} from '../../../src/actors/idempotency/state.ts';
import { strangersKey, strangersOwner } from '../../../src/protocol/strangers.ts';
import { given, step } from '../given.ts';

const dayMs = 24 * 3_600_000;

function begin(change: Partial<BeginRequest> = {}): BeginRequest {
  return { type: 'BeginRequest', key: 'k1', fingerprint: 'aa', resourceId: 'ord_1', run: 'run1', ...change };
}
const finish = (key: string, status = 201): IdempotencyCommand => ({
  type: 'FinishRequest',
  key,
  status,
  body: { orderId: 'ord_1' },
  location: '/v1/orders/ord_1',
  etag: '"1"',
});
const begun = (key: string, atMs: number): IdempotencyEvent => ({
  type: 'RequestBegun',
  key,
  fingerprint: 'aa',
  resourceId: `ord_${key}`,
  run: 'run1',
  atMs,
});
const account = () => given(idempotencyDecider, 'acc_1');

describe('an Idempotency-Key', () => {
  test('runs a request once and replays its answer afterwards', () => {
    account()
      .when(begin(), 1_000)
      .then({
        code: 'ok',
        events: [{ type: 'RequestBegun' }],
        reply: { outcome: 'run', resourceId: 'ord_1' },
      })
      .when(begin({ resourceId: 'ord_2' }), 1_001)
      .then({ code: 'idempotency_in_progress', events: [] })
      .when(begin({ fingerprint: 'bb' }), 1_001)
      .then({ code: 'idempotency_key_reused', events: [] })
      .when(finish('k1'), 1_002)
      .then({ code: 'ok', events: [{ type: 'RequestFinished', status: 201 }] })
      .when(finish('k1', 500), 1_003)
      .then({ code: 'ok', events: [] })
      .when(begin({ resourceId: 'ord_3' }), 1_004)
      .then({
        code: 'ok',
        events: [],
        reply: {
          outcome: 'replay',
          resourceId: 'ord_1',
          status: 201,
          body: { orderId: 'ord_1' },
          location: '/v1/orders/ord_1',
          etag: '"1"',
        },
      });
  });

  test('left open by an earlier server run is run again, with the id it had', () => {
    account()
      .events(begun('k1', 1_000))
      .when(begin({ resourceId: 'ord_new', run: 'run2' }), 1_001)
      .then({
        code: 'ok',
        events: [{ type: 'RequestBegun', run: 'run2', resourceId: 'ord_k1' }],
        reply: { outcome: 'run', resourceId: 'ord_k1' },
      })
      .when(begin({ run: 'run2' }), 1_002)
      .then({ code: 'idempotency_in_progress' });
  });

  test('open for more than a minute in the same run has lost its answer: it may run again', () => {
    account()
      .events(begun('k1', 1_000))
      .when(begin(), 61_000)
      .then({ code: 'idempotency_in_progress' })
      .when(begin(), 61_001)
      .then({ code: 'ok', reply: { outcome: 'run', resourceId: 'ord_k1' } });
  });

  test('of an attempt that did nothing is free again; of a finished one it is not', () => {
    account()
      .events(begun('k1', 1_000))
      .when({ type: 'AbandonRequest', key: 'k1' }, 1_001)
      .then({ code: 'ok', events: [{ type: 'RequestAbandoned' }] })
      .when({ type: 'AbandonRequest', key: 'k1' }, 1_001)
      .then({ code: 'ok', events: [] })
      .when(finish('k1'), 1_002)
      .then({ code: 'not_found', events: [] })
      .when(begin({ fingerprint: 'bb', resourceId: 'ord_2' }), 1_003)
      .then({ code: 'ok', reply: { outcome: 'run', resourceId: 'ord_2' } })
      .when(finish('k1'), 1_004)
      .then({ code: 'ok' })
      .when({ type: 'AbandonRequest', key: 'k1' }, 1_005)
      .then({ code: 'ok', events: [] });
  });

  test('is forgotten a day after it was begun', () => {
    account()
      .events(begun('k1', 1_000), begun('k2', 2_000))
      .when(finish('k1'), 1_001)
      .then({ code: 'ok', deadline: 1_000 + dayMs })
      .when(begin({ fingerprint: 'bb', resourceId: 'ord_2' }), 1_000 + dayMs)
      .then({
        code: 'ok',
        events: [{ type: 'RequestBegun' }],
        reply: { outcome: 'run', resourceId: 'ord_2' },
      })
      .when({ type: 'Tick' }, 2_000 + dayMs - 1)
      .then({ code: 'ok', events: [], deadline: 2_000 + dayMs })
      .when({ type: 'Tick' }, 2_000 + dayMs)
      .then({ code: 'ok', events: [{ type: 'RequestsForgotten' }], deadline: 1_000 + 2 * dayMs })
      .when(finish('k2'), 2_000 + dayMs)
      .then({ code: 'not_found' });
  });
});

test('no key is forgotten before its day is over: beyond its share an owner is told when to come back', () => {
  const full = account();
  for (let i = 0; i < shareOfAccount.keys; i++) full.events(begun(`k${i}`, i));
  const dayOfFirstMs = dayMs;
  full
    .when(finish('k7'), 5_000)
    .then({ code: 'ok' })
    .when(begin({ key: 'new' }), 5_001)
    .then({ code: 'rate_limited', events: [], reply: { retryAfterSeconds: dayMs / 1000 - 5 } })
    .when(begin({ key: 'k7', resourceId: 'ord_other' }), 5_002)
    .then({ code: 'ok', events: [], reply: { outcome: 'replay', resourceId: 'ord_k7' } })
    .when(begin({ key: 'new' }), dayOfFirstMs - 1)
    .then({ code: 'rate_limited' })
    .when(begin({ key: 'new' }), dayOfFirstMs)
    .then({ code: 'ok', events: [{ type: 'RequestsForgotten' }, { type: 'RequestBegun', key: 'new' }] });
  expect(full.state.requestByKey.size).toBe(shareOfAccount.keys);
});

test('large answers fill a share, too, and are counted the same after a restart', () => {
  const large = account();
  const body = 'x'.repeat(64 * 1024);
  const answers = shareOfAccount.answerChars / body.length;
  for (let i = 0; i < answers; i++)
    large.events(begun(`k${i}`, i), {
      type: 'RequestFinished',
      key: `k${i}`,
      status: 201,
      body,
      location: null,
      atMs: i,
    });
  expect(large.state.answerChars).toBe(shareOfAccount.answerChars);
  large.when(begin({ key: 'new' }), 5_000).then({ code: 'rate_limited' });
  const again = idempotencyDecider.restore('acc_1', idempotencyDecider.snapshot(large.state), 1);
  expect(again.answerChars).toBe(shareOfAccount.answerChars);
  large.when({ type: 'Tick' }, dayMs + 200).then({ code: 'ok' });
  expect([large.state.answerChars, large.state.requestByKey.size]).toEqual([0, 0]);
});

test('a journal of an earlier version, which made room by forgetting, reads as it was', () => {
  const old = account();
  old.events(begun('k1', 1), { type: 'RequestAbandoned', key: 'k1' }, begun('k2', 2));
  expect([...old.state.requestByKey.keys()]).toEqual(['k2']);
});

test('for any story: one resource per key and day, and snapshot or replay at any point live on alike', () => {
  const key = fc.constantFrom('k1', 'k2', 'k3');
  const command: fc.Arbitrary<IdempotencyCommand | { type: 'Tick' }> = fc.oneof(
    fc.record({
      type: fc.constant('BeginRequest' as const),
      key,
      fingerprint: fc.constantFrom('aa', 'aa', 'bb'),
      resourceId: fc.uuid(),
      run: fc.constantFrom('run1', 'run2'),
    }),
    key.map((each) => finish(each)),
    key.map((each) => ({ type: 'AbandonRequest' as const, key: each })),
    fc.constant({ type: 'Tick' as const }),
  );
  const story = fc.array(fc.tuple(command, fc.constantFrom(0, 1_000, 70_000, dayMs / 2)), { maxLength: 40 });
  fc.assert(
    fc.property(story, (asked) => {
      const state = idempotencyDecider.initial('a');
      const events: IdempotencyEvent[] = [];
      let at = 1_000;
      for (const [command, afterMs] of asked) {
        at += afterMs;
        const twin = idempotencyDecider.restore('a', structuredClone(idempotencyDecider.snapshot(state)), 1);
        const known = 'key' in command ? state.requestByKey.get(command.key) : undefined;
        const decided = step(idempotencyDecider, state, command, at);
        expect(step(idempotencyDecider, twin, command, at)).toEqual(decided);
        expect(twin).toEqual(state);
        events.push(...decided.events);
        if (command.type === 'BeginRequest' && decided.code === 'ok' && known && at < known.beganAtMs + dayMs)
          expect(decided.reply).toMatchObject({ resourceId: known.resourceId });
      }
      const replayed = idempotencyDecider.initial('a');
      for (const event of events) idempotencyDecider.evolve(replayed, event);
      expect(replayed).toEqual(state);
    }),
    { numRuns: 300 },
  );
});

describe('keys of strangers', () => {
  const digest = (n: number) => n.toString(16).padStart(8, '0').padEnd(64, '0');
  const keyOf = (site: number, address: number, n: number) =>
    strangersKey({ site: digest(site), address: digest(address) }, `k${n}`);
  const owner = strangersOwner({ site: digest(0), address: digest(0) });
  const strangers = () => given(idempotencyDecider, owner);
  const answered = (key: string, body: string, atMs: number): IdempotencyEvent => ({
    type: 'RequestFinished',
    ...{ key, status: 201, body, location: null, atMs },
  });
  const fill = (many: ReturnType<typeof strangers>, keys: readonly string[]) => {
    for (const [n, key] of keys.entries()) many.events(begun(key, n));
    return many;
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

  test('have a share by address, and others go on', () => {
    const full = fill(
      strangers(),
      numbers(shareOfAddress.keys).map((n) => keyOf(1, 1, n)),
    );
    full
      .when(begin({ key: keyOf(1, 1, 5_000) }), 5_000)
      .then({ code: 'rate_limited', reply: { retryAfterSeconds: dayMs / 1000 - 5 } })
      .when(begin({ key: keyOf(1, 1, 7), resourceId: 'other' }), 5_001)
      .then({ code: 'idempotency_in_progress' })
      .when(begin({ key: keyOf(1, 2, 7) }), 5_002)
      .then({ code: 'ok' })
      .when(begin({ key: keyOf(1, 1, 5_000) }), dayMs)
      .then({ code: 'ok', events: [{ type: 'RequestsForgotten' }, { type: 'RequestBegun' }] });
  });

  test('have a share by site, whichever of its addresses they come from', () => {
    const full = fill(
      strangers(),
      numbers(shareOfSite.keys).map((n) => keyOf(1, n, 0)),
    );
    // One of another site came first: it is not the one that a refused one waits for.
    const late = fill(strangers(), [keyOf(2, 1, 0), ...full.state.requestByKey.keys()]);
    late
      .when(begin({ key: keyOf(1, 5_000, 0) }), 5_001)
      .then({ code: 'rate_limited', reply: { retryAfterSeconds: dayMs / 1000 - 5 } })
      .when(begin({ key: keyOf(2, 5_000, 0) }), 5_001)
      .then({ code: 'ok' });
  });

  test('are bounded all together: by the keys and answers of an owner, and by the number of owners', () => {
    const full = fill(
      strangers(),
      numbers(shareOfStrangers.keys).map((n) => keyOf(n, n, 0)),
    );
    full.when(begin({ key: keyOf(9_999, 9_999, 0) }), 5_000).then({ code: 'rate_limited' });
    const large = strangers();
    const body = 'x'.repeat(64 * 1024);
    for (const n of numbers(shareOfStrangers.answerChars / body.length))
      large.events(begun(keyOf(n, n, 0), n), answered(keyOf(n, n, 0), body, n));
    large.when(begin({ key: keyOf(9_999, 9_999, 0) }), 5_000).then({ code: 'rate_limited' });
    const owners = numbers(70_000).map((n) => strangersOwner({ site: digest(n * 2 ** 16), address: '' }));
    expect(new Set(owners).size).toBeLessThanOrEqual(256);
  });

  test('count the same after a restart, and nothing is left of those that are forgotten', () => {
    const large = strangers();
    const body = 'x'.repeat(64 * 1024);
    for (const n of numbers(shareOfAddress.answerChars / body.length))
      large.events(begun(keyOf(1, 1, n), n), answered(keyOf(1, 1, n), body, n));
    const again = idempotencyDecider.restore(owner, idempotencyDecider.snapshot(large.state), 1);
    expect(again).toEqual(large.state);
    large.when(begin({ key: keyOf(1, 1, 99) }), 5_000).then({ code: 'rate_limited' });
    large.when({ type: 'Tick' }, dayMs + 5_000).then({ code: 'ok' });
    expect([large.state.answerChars, large.state.usageByStranger?.size]).toEqual([0, 0]);
  });

  test('take nothing from an account, which has its own share', () => {
    given(idempotencyDecider, 'acc_x')
      .events(...numbers(shareOfStrangers.keys).map((n) => begun(keyOf(1, 1, n), n)))
      .when(begin({ key: 'one more' }), 5_000)
      .then({ code: 'ok' });
  });
});
