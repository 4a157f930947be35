import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../src/gateway/idempotency.ts';
import { startTestServer, type TestServer, testRun } from './harness.ts';
import { attempts, routes } from './things.ts';

let server: TestServer;
let seller: string;
beforeAll(async () => {
  server = await startTestServer({ routes });
  seller = await server.bearer('seller');
});
afterAll(() => server.stop(1_000));

describe('an Idempotency-Key', () => {
  const make = (name: string, key: string, token = seller) =>
    server.call('POST', '/v1/things', { token, body: { name }, headers: { 'idempotency-key': key } });

  test('replays the first answer, Location and all', async () => {
    const first = await make('a', 'k1');
    const again = await make('a', 'k1');
    expect(attempts.filter(({ mintedId }) => mintedId === first.body.mintedId)).toHaveLength(1);
    expect(again.body).toEqual(first.body);
    expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([
      null,
      'true',
    ]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
  });

  test('belongs to one account and one body', async () => {
    const first = await make('a', 'k2');
    expect((await make('b', 'k2')).body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    const other = await make('a', 'k2', await server.bearer('seller'));
    expect(other.body.mintedId).not.toBe(first.body.mintedId);
  });

  test('replays refusals too', async () => {
    const first = await make('refused', 'k3');
    const again = await make('refused', 'k3');
    expect([first.status, again.status, again.body]).toEqual([409, 409, first.body]);
    expect(again.headers.get('content-type')).toBe('application/problem+json');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test('after a busy answer or a failure runs again under the same minted id', async () => {
    for (const [name, status] of [
      ['busy', 503],
      ['bug', 500],
      ['large', 201],
    ] as const) {
      const key = `again-${name}`;
      expect((await make(name, key)).status).toBe(status);
      const again = await make(name, key);
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([status, null]);
      const ids = attempts.filter((attempt) => attempt.name === name).map(({ mintedId }) => mintedId);
      expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
    }
  });

  test('is required where the route says so, and must be visible ASCII', async () => {
    const missing = await server.call('POST', '/v1/strict-things', { token: seller, body: {} });
    expect([missing.status, missing.body.code]).toEqual([400, 'idempotency_key_required']);
    expect((await make('a', 'x'.repeat(256))).body.code).toBe('validation_failed');
  });

  test('whose first request still runs is refused', async () => {
    const token = await server.bearer('buyer', 'acc_018f0000-0000-7000-8000-000000000001');
    const begin = { type: 'BeginRequest', key: 'k9', resourceId: 'r', run: testRun };
    const fingerprint = fingerprintOf('POST', '/v1/strict-things', Buffer.from('{}'));
    await server.shards.ask('idempotency', 'acc_018f0000-0000-7000-8000-000000000001', {
      ...begin,
      fingerprint,
    } as never);
    const answer = await server.call('POST', '/v1/strict-things', {
      token,
      body: {},
      headers: { 'idempotency-key': 'k9' },
    });
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([
      409,
      'idempotency_in_progress',
      '1',
    ]);
  });

  test('is busy while the engine is away', async () => {
    server.shards.isAway = true;
    const answer = await make('a', 'k10');
    server.shards.isAway = false;
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([503, 'busy', '1']);
  });
});
