import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shareOfAccount, shareOfStrangers } from '../../src/actors/idempotency/state.ts';
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

/** A POST whose header says exactly that: clients of libraries refuse to send some of these. */
async function postRaw(path: string, key: string, token: string | null, body: object) {
  const text = JSON.stringify(body);
  const socket = connect(server.port, '127.0.0.1');
  let got = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    got += chunk;
  });
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${token === null ? '' : `Authorization: ${token}\r\n`}` +
      `Content-Type: application/json\r\nIdempotency-Key:${key === '' ? '' : ` ${key}`}\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  await once(socket, 'close');
  return { status: Number(got.slice(9, 12)), text: got.slice(got.indexOf('\r\n\r\n') + 4) };
}

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

  test('is required where the route says so', async () => {
    const missing = await server.call('POST', '/v1/strict-things', { token: seller, body: {} });
    expect([missing.status, missing.body.code]).toEqual([400, 'idempotency_key_required']);
  });

  test.each([
    ['empty', ''],
    ['blank', ' \t '],
    ['with a blank', 'a key'],
    ['not ASCII', 'schlüssel'],
    ['too long', 'x'.repeat(256)],
  ])('that is %s is refused, never ignored', async (_, key) => {
    for (const [path, token] of [
      ['/v1/things', seller],
      ['/v1/strict-things', seller],
      ['/v1/secret-things', null],
    ] as const) {
      const made = attempts.length;
      const answer = await postRaw(path, key, token, path === '/v1/strict-things' ? {} : { name: 'a' });
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.text).toContain('"code":"idempotency_key_invalid"');
      expect(attempts).toHaveLength(made);
    }
  });

  test('may have 255 characters', async () => {
    expect((await make('a', 'x'.repeat(255))).status).toBe(201);
  });

  test('works without an account, bound to the address', async () => {
    const headers = { 'idempotency-key': 'a-key-of-nobody' };
    const secret = (name: string) => server.call('POST', '/v1/secret-things', { body: { name }, headers });
    const first = await secret('one');
    const again = await secret('one');
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(attempts.filter(({ name }) => name === 'one')).toHaveLength(1);
    expect((await secret('other')).body.code).toBe('idempotency_key_reused');
  });

  test('of a request that is answered with tokens is the address’s, with an access token and without', async () => {
    const headers = { 'idempotency-key': 'a-key-of-somebody' };
    const body = { name: 'token' };
    const first = await server.call('POST', '/v1/secret-things', { token: seller, body, headers });
    const again = await server.call('POST', '/v1/secret-things', { body, headers });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  describe('without an account', () => {
    const proxied = { TRUSTED_PROXIES: '127.0.0.1', RATE_EXEMPT: '', RATE_ADDRESS_BURST: '1000000' };
    const make = (at: TestServer, address: string, key: string | null) =>
      at.call('POST', '/v1/secret-things', {
        body: { name: 'a' },
        headers: {
          ...(address === '' ? {} : { 'x-forwarded-for': address }),
          ...(key === null ? {} : { 'idempotency-key': key }),
        },
      });
    /** Where each key was kept that was asked for meanwhile: its owner, and what stands before it. */
    async function placesOf(at: TestServer, work: () => Promise<void>) {
      const before = at.shards.asked.length;
      await work();
      return at.shards.asked.slice(before).flatMap(({ kind, key: owner, type }, index) => {
        if (kind !== 'idempotency' || type !== 'BeginRequest') return [];
        const { key } = at.shards.commands[before + index] as unknown as { key: string };
        const [site, address] = key.split('.');
        return [{ owner, site, address }];
      });
    }
    const sizes = (places: Awaited<ReturnType<typeof placesOf>>) => [
      new Set(places.map(({ owner }) => owner)).size,
      new Set(places.map(({ site }) => site)).size,
      new Set(places.map(({ address }) => address)).size,
    ];

    test('counts into the share of its address and its /48, unless that is exempt', async () => {
      const counted = await startTestServer({ routes, env: proxied });
      const keys = async (at: TestServer, addresses: string[]) => {
        for (const address of addresses) for (const key of ['one', 'two']) await make(at, address, key);
      };
      const ofOne = await placesOf(counted, () => keys(counted, ['198.51.100.1']));
      expect(sizes(ofOne)).toEqual([1, 1, 1]);
      const ofSite = ['2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:1:2::1', '2001:db8:1:ffff::1'];
      expect(sizes(await placesOf(counted, () => keys(counted, ofSite)))).toEqual([1, 1, 3]);
      const ofTwo = await placesOf(counted, () => keys(counted, ['2001:db8:1:1::1', '2001:db8:2:1::1']));
      expect(sizes(ofTwo).slice(1)).toEqual([2, 2]);
      expect(sizes(await placesOf(server, () => keys(server, [''])))[2]).toBe(2);
      await counted.stop(1_000);
    });

    test('is kept by one of 256 owners, however many addresses there are, exempt ones too', async () => {
      const counted = await startTestServer({ routes, env: proxied });
      for (const [at, address] of [
        [counted, (n: number) => `198.51.${n >> 8}.${n & 255}`],
        [server, () => ''],
      ] as const) {
        const places = await placesOf(at, async () => {
          for (let n = 0; n < 1_000; n += 50)
            await Promise.all(Array.from({ length: 50 }, (_, m) => make(at, address(n + m), `key-${n + m}`)));
        });
        expect(sizes(places)[0]).toBeGreaterThan(128);
        expect(sizes(places)[0]).toBeLessThanOrEqual(256);
        expect(sizes(places)[2]).toBe(1_000);
      }
      await counted.stop(1_000);
    });

    test('is refused when strangers have all that they may, and whoever is signed in, or has no key, is not', async () => {
      const counted = await startTestServer({ routes, env: proxied });
      const [place] = await placesOf(
        counted,
        async () => void (await make(counted, '198.51.100.1', 'first')),
      );
      for (let n = 0; n < shareOfStrangers.keys; n++) {
        const stranger = n.toString(16).padStart(16, '0');
        await counted.shards.ask('idempotency', place!.owner, {
          ...{ type: 'BeginRequest', key: `${stranger}.${stranger.repeat(2)}.k` },
          ...{ fingerprint: 'aa', resourceId: 'prd_1', run: testRun },
        } as never);
      }
      const refused = await make(counted, '198.51.100.1', 'second');
      expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
      expect((await make(counted, '198.51.100.1', null)).status).toBe(201);
      expect((await make(counted, '198.51.100.1', 'first')).headers.get('idempotency-replayed')).toBe('true');
      const signedIn = await counted.call('POST', '/v1/things', {
        token: await counted.bearer('seller'),
        body: { name: 'a' },
        headers: { 'idempotency-key': 'mine', 'x-forwarded-for': '198.51.100.1' },
      });
      expect(signedIn.status).toBe(201);
      await counted.stop(1_000);
    });
  });

  test('keeps neither address nor secrets where others could read them', async () => {
    const headers = { 'idempotency-key': 'a-secret-key' };
    const body = { name: 'correct horse' };
    await server.call('POST', '/v1/secret-things', { body, headers });
    const kept =
      JSON.stringify(server.shards.asked.slice(-2)) + JSON.stringify(server.shards.commands.slice(-2));
    expect(kept).toContain('a-secret-key');
    const plain = fingerprintOf('POST', '/v1/secret-things', Buffer.from(JSON.stringify(body)));
    for (const secret of ['127.0.0.1', 'the secret of the answer', plain]) expect(kept).not.toContain(secret);
  });

  test('of a request that came too often is free to come again', async () => {
    const headers = { 'idempotency-key': 'too-often' };
    const limited = () => server.call('POST', '/v1/secret-things', { body: { name: 'limited' }, headers });
    expect([(await limited()).status, (await limited()).headers.get('idempotency-replayed')]).toEqual([
      429,
      null,
    ]);
    const ids = attempts.filter(({ name }) => name === 'limited').map(({ mintedId }) => mintedId);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  });

  test('is not forgotten for newer ones', async () => {
    const token = await server.bearer('seller', 'acc_018f0000-0000-7000-8000-000000000003');
    const first = await make('a', 'the-oldest', token);
    const owner = 'acc_018f0000-0000-7000-8000-000000000003';
    for (let i = 0; i < 1_500; i++) {
      const key = `newer-${i}`;
      const fields = { key, fingerprint: 'aa', resourceId: 'prd_1', run: testRun };
      await server.shards.ask('idempotency', owner, { type: 'BeginRequest', ...fields } as never);
      await server.shards.ask('idempotency', owner, {
        ...{ type: 'FinishRequest', key, status: 201, body: null, location: null },
      } as never);
    }
    const again = await make('a', 'the-oldest', token);
    expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([first.body, 'true']);
  });

  test('beyond the share of its account is refused with a time to come back', async () => {
    const owner = 'acc_018f0000-0000-7000-8000-000000000004';
    const token = await server.bearer('seller', owner);
    for (let i = 0; i < shareOfAccount.keys; i++)
      await server.shards.ask('idempotency', owner, {
        ...{ type: 'BeginRequest', key: `k${i}`, fingerprint: 'aa', resourceId: 'prd_1', run: testRun },
      } as never);
    const answer = await make('a', 'one-more', token);
    expect([answer.status, answer.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(86_000);
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
