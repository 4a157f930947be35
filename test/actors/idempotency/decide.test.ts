import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BeginRequest, IdempotencyCommand } from '../../../src/actors/idempotency/commands.ts';
import { idempotencyDecider } from '../../../src/actors/idempotency/decide.ts';
import type { IdempotencyEvent } from '../../../src/actors/idempotency/events.ts';
import { shareOfAccount, shareOfAddress } from '../../../src/actors/idempotency/state.ts';
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

test('an address has a smaller share than an account: its keys cost nobody anything', () => {
  const full = given(idempotencyDecider, 'stranger_x');
  for (let i = 0; i < shareOfAddress.keys; i++) full.events(begun(`k${i}`, i));
  full.when(begin({ key: 'one more' }), 1_000).then({ code: 'rate_limited' });
  given(idempotencyDecider, 'acc_x')
    .events(...Array.from({ length: shareOfAddress.keys }, (_, i) => begun(`k${i}`, i)))
    .when(begin({ key: 'one more' }), 1_000)
    .then({ code: 'ok' });
});
