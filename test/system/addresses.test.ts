/** One address against a real server with two gateway threads, over connections that the kernel spreads over both. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSite, type Site } from './server.ts';
import { call, openDrop, type Person } from './shop.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite({ GATEWAYS: '2', RATE_EXEMPT: '', TRUSTED_PROXIES: '127.0.0.1' });
  await site.start();
}, 120_000);
afterAll(() => site.close());

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
  readonly body: any;
}

/** Sends one request after the other on one connection of this address. */
function connectionOf(address: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: (target: string, body?: object, token?: string) =>
      new Promise<Answer>((resolve, reject) => {
        const [method, path] = target.split(' ') as [string, string];
        const headers = {
          'x-forwarded-for': address,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        };
        const sent = request(`${site.server.url}${path}`, { method, headers, agent }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode!, body: text === '' ? null : JSON.parse(text) });
          });
        });
        sent.on('error', reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

/** Asks so often over so many connections of one address, each with its own requests. */
async function over(
  connections: number,
  address: string,
  times: number,
  ask: (connection: ReturnType<typeof connectionOf>, n: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers = await Promise.all(
    Array.from({ length: connections }, async (_, first) => {
      const connection = connectionOf(address);
      const own: Answer[] = [];
      for (let n = first; n < times; n += connections) own.push(await ask(connection, n));
      connection.close();
      return own;
    }),
  );
  return answers.flat();
}

const count = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe('one address over sixteen connections', () => {
  it('makes sixty guests, and those that thirty a minute add meanwhile', async () => {
    const startedAtMs = performance.now();
    const answers = await over(16, '198.51.100.1', 240, ({ ask }) => ask('POST /v1/auth/guest'));
    const addedMeanwhile = Math.ceil((performance.now() - startedAtMs) / 2_000);
    expect(count(answers, 201)).toBeGreaterThanOrEqual(60);
    expect(count(answers, 201)).toBeLessThanOrEqual(60 + addedMeanwhile);
    expect(count(answers, 201) + count(answers, 429)).toBe(240);
  });

  it('tries twenty wrong passwords, whatever the e-mails, and another address is not kept out', async () => {
    const startedAtMs = performance.now();
    const wrong = (n: number) => ({ email: `somebody-${n}@example.com`, password: 'a wrong password' });
    const answers = await over(16, '198.51.100.2', 60, ({ ask }, n) => ask('POST /v1/auth/login', wrong(n)));
    const addedMeanwhile = Math.ceil((performance.now() - startedAtMs) / 3_000);
    expect(count(answers, 401)).toBeLessThanOrEqual(20 + addedMeanwhile);
    expect(count(answers, 429)).toBeGreaterThanOrEqual(40 - addedMeanwhile);
    const other = connectionOf('198.51.100.3');
    expect((await other.ask('POST /v1/auth/login', wrong(1))).status).toBe(401);
    other.close();
  });
});

it('240 guests of one address over four connections have twenty live tickets of a drop, not all', async () => {
  const drop = await openDrop(site.server, 200);
  // The guests come from everywhere; their tickets are asked for from one address.
  const guests: Person[] = [];
  for (let n = 0; n < 240; n++) {
    const headers = { 'x-forwarded-for': `203.0.113.${n % 250}` };
    const { body } = await call(site.server, 'POST /v1/auth/guest', { headers });
    guests.push({ accountId: body.accountId, token: body.accessToken });
  }
  const join = `POST /v1/sales/${drop.saleId}/tickets`;
  const answers = await over(4, '198.51.100.4', 240, ({ ask }, n) => ask(join, {}, guests[n]!.token));
  expect([count(answers, 201), count(answers, 429)]).toEqual([20, 220]);
  expect(answers.find(({ status }) => status === 429)!.body).toMatchObject({
    code: 'address_limit',
    limit: 20,
  });
  // A killed server comes back with the counts that its journal has.
  await site.server.end('SIGKILL');
  await site.start();
  const again = await over(4, '198.51.100.4', 8, ({ ask }, n) => ask(join, {}, guests[239 - n]!.token));
  expect(count(again, 201)).toBe(0);
  const elsewhere = connectionOf('198.51.100.5');
  const one = guests[answers.findIndex(({ status }) => status === 429)]!;
  expect([200, 201]).toContain((await elsewhere.ask(join, {}, one.token)).status);
  elsewhere.close();
}, 120_000);
