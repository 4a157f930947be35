/** The two ways to the provider, side by side: what they send, and how a call ends, whatever happens to it. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isFault, isUnreached } from '../../../src/market/payments/faults.ts';
import { Provider } from '../../../src/market/payments/provider.ts';
import type { ProviderApi } from '../../../src/market/payments/provider-api.ts';
import { freePort } from '../../../src/persistence/embedded/free-port.ts';
import { connectStripe, newOrderId, paymentOf, quiet } from '../../sandbox/support.ts';

const timeoutMs = 300;

let server: Server | null = null;
let provider: Provider | null = null;
afterEach(() => {
  provider?.stop();
  server?.close();
  provider = null;
  server = null;
});

/** Both ways to what listens on that port: the SDK's, and the sandbox's. */
function waysTo(port: number): { sdk: ProviderApi; plain: ProviderApi } {
  const url = `http://127.0.0.1:${port}`;
  provider = new Provider({
    ...{ stripe: { secretKey: null, sandboxUrl: url }, log: quiet, now: Date.now, timeoutMs },
  });
  return { sdk: connectStripe(url, timeoutMs), plain: provider.api };
}

/** A provider that hears whole requests and does with the connection what it is told. */
async function misbehaving(act: (socket: Socket, request: string) => void): Promise<number> {
  const made = createServer((socket) => {
    let heard = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      heard += bytes;
      const end = heard.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
      if (end < 4 || heard.length < end + length) return;
      const request = heard;
      heard = '';
      act(socket, request);
    });
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return (made.address() as AddressInfo).port;
}

const answer = (status: number, body: string, headers = '') =>
  `HTTP/1.1 ${status} Status\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const refusal = (status: number, error: object, headers = '') =>
  answer(status, JSON.stringify({ error }), headers);

/** How a call ended: with the object, or with which error and what follows from it. */
async function endingOf(api: ProviderApi): Promise<object> {
  try {
    const options = { idempotencyKey: 'k' };
    return { answer: { ...(await api.paymentIntents.create(paymentOf('ord_1'), options)) } };
  } catch (error) {
    const { name, type, rawType, statusCode, code, decline_code, param, payment_intent } = error as never;
    return {
      ...{ class: (error as Error).constructor.name, name, type, rawType, statusCode },
      ...{ code, decline_code, param, payment_intent },
      ...{ isFault: isFault(error), isUnreached: isUnreached(error) },
    };
  }
}

const card = { type: 'card_error', code: 'card_declined', decline_code: 'lost_card', message: 'm' };

/** What the provider does, and whether that is a fault. */
const endings: Readonly<Record<string, readonly [(socket: Socket) => void, boolean | null]>> = {
  'an answer': [(socket) => socket.write(answer(200, '{"id":"pi_1","status":"succeeded"}')), null],
  'a connection that is reset before an answer': [(socket) => socket.resetAndDestroy(), true],
  'a connection that is closed before an answer': [(socket) => socket.destroy(), true],
  'a connection that is cut in mid-answer': [
    (socket) => socket.write(answer(200, '{"id":"pi_1"}').slice(0, -3), () => socket.destroy()),
    true,
  ],
  'a connection that is reset in mid-answer': [
    (socket) => socket.write(answer(200, '{"id":"pi_1"}').slice(0, -3), () => socket.resetAndDestroy()),
    true,
  ],
  'no answer in time': [() => {}, true],
  'half an answer in time': [(socket) => socket.write(answer(200, '{"id":"pi_1"}').slice(0, -3)), true],
  'bytes that are no HTTP': [(socket) => socket.write('hello\r\n\r\n'), true],
  'a key that is in use, 409': [
    (socket) => socket.write(refusal(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' })),
    true,
  ],
  'too many calls, 429': [(socket) => socket.write(refusal(429, { type: 'rate_limit_error' })), true],
  'a server error, 500': [(socket) => socket.write(refusal(500, { type: 'api_error', message: 'm' })), true],
  'a server error that is replayed': [
    (socket) => socket.write(refusal(500, { type: 'api_error' }, 'idempotent-replayed: true\r\n')),
    false,
  ],
  'a body that is no JSON': [(socket) => socket.write(answer(200, '<html>')), true],
  'an error whose body is no JSON': [(socket) => socket.write(answer(502, '<html>')), true],
  'an empty body': [(socket) => socket.write(answer(200, '')), true],
  'bad parameters, 400': [
    (socket) => socket.write(refusal(400, { type: 'invalid_request_error', code: 'c', param: 'amount' })),
    false,
  ],
  'a key that was used otherwise, 400': [
    (socket) => socket.write(refusal(400, { type: 'idempotency_error', message: 'm' })),
    false,
  ],
  'a wrong secret, 401': [(socket) => socket.write(refusal(401, { type: 'invalid_request_error' })), false],
  'a declined card, 402': [
    (socket) => socket.write(refusal(402, { ...card, payment_intent: { id: 'pi_1' } })),
    false,
  ],
  'a secret that may not, 403': [
    (socket) => socket.write(refusal(403, { type: 'invalid_request_error' })),
    false,
  ],
  'an unknown payment, 404': [
    (socket) => socket.write(refusal(404, { type: 'invalid_request_error', code: 'resource_missing' })),
    false,
  ],
};

describe('a call to the sandbox ends as in the SDK', () => {
  test.each(Object.entries(endings))('%s', async (_what, [act, isAFault]) => {
    const { sdk, plain } = waysTo(await misbehaving(act));
    const ending = await endingOf(plain);
    expect(ending).toEqual(await endingOf(sdk));
    if (isAFault === null) expect(ending).toEqual({ answer: { id: 'pi_1', status: 'succeeded' } });
    else expect(ending).toMatchObject({ isFault: isAFault });
  });

  test('a refused connection', async () => {
    const { sdk, plain } = waysTo(await freePort('127.0.0.1', 0));
    const ending = await endingOf(plain);
    expect(ending).toEqual(await endingOf(sdk));
    expect(ending).toMatchObject({ class: 'StripeConnectionError', isFault: true, isUnreached: false });
  });
});

describe('a call to the sandbox', () => {
  let requests: string[];
  let ways: { sdk: ProviderApi; plain: ProviderApi };
  let connections: Set<Socket>;
  beforeEach(async () => {
    requests = [];
    connections = new Set();
    ways = waysTo(
      await misbehaving((socket, request) => {
        connections.add(socket);
        requests.push(request);
        socket.write(answer(200, '{"data":[]}'));
      }),
    );
  });

  const keyed = { idempotencyKey: 'key-1' };
  const calls: Readonly<Record<string, (api: ProviderApi) => Promise<unknown>>> = {
    create: (api) => api.paymentIntents.create(paymentOf('ord_ä&=1+ %'), keyed),
    capture: (api) => api.paymentIntents.capture('pi_1', { amount_to_capture: 100 }, keyed),
    cancel: (api) => api.paymentIntents.cancel('pi_1', {}, keyed),
    retrieve: (api) => api.paymentIntents.retrieve('pi_1', { expand: ['latest_charge'] }),
    search: (api) => api.paymentIntents.search({ query: "metadata['orderId']:'ord_1'", limit: 100 }),
    refund: (api) => api.refunds.create({ payment_intent: 'pi_1' }, keyed),
    refunds: (api) => api.refunds.list({ payment_intent: 'pi_1', limit: 100 }),
    disputes: (api) => api.disputes.list({ payment_intent: 'pi_1', limit: 100 }),
    events: (api) =>
      api.events.list({ types: ['a.b', 'c'], created: { gte: 5 }, limit: 100, starting_after: 'evt_1' }),
  };

  /** What counts of a request: parameters in any order and spelling. */
  function meaningOf(request: string): object {
    const [head = '', body = ''] = request.split('\r\n\r\n');
    const [, method, target] = /^(\w+) (\S+) HTTP\/1\.1/.exec(head)!;
    const { pathname, searchParams } = new URL(target!, 'http://sandbox');
    const header = (name: string) => new RegExp(`^${name}: (.+)$`, 'im').exec(head)?.[1];
    return {
      ...{ method, pathname, query: Object.fromEntries(searchParams) },
      body: Object.fromEntries(new URLSearchParams(body)),
      ...{ key: header('idempotency-key'), type: method === 'POST' ? header('content-type') : null },
      scheme: header('authorization')?.split(' ')[0],
    };
  }

  test.each(Object.entries(calls))('says the same as the SDK: %s', async (_name, call) => {
    await call(ways.plain);
    await call(ways.sdk);
    const [plain, sdk] = requests.map(meaningOf);
    expect(plain).toEqual(sdk);
  });

  test('uses the connection of the one before', async () => {
    for (let i = 0; i < 5; i++) await ways.plain.paymentIntents.create(paymentOf(newOrderId()), keyed);
    expect(requests).toHaveLength(5);
    expect(connections.size).toBe(1);
  });
});
