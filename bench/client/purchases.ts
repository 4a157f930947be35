/** Whole purchases, closed loop: each connection holds one unit, buys it, and begins anew with the next buyer. */
import { HttpConnection, requestText } from './connection.ts';
import type { Make, Purchases } from './jobs.ts';
import { Latencies } from './latencies.ts';
import { dealer, freshId, holdParts, readShots, type Shot } from './shots.ts';

const shippingAddress = {
  ...{ name: 'Load', line1: '1 Market Street', city: 'Springfield', postalCode: '12345', country: 'US' },
};
/** Orders that were under way when the time was over are waited for. */
const graceMs = 10_000;

export const makePurchases: Make<Purchases> = async ({ url, file, connections, seconds }) => {
  const next = dealer(readShots(file));
  const errors: string[] = [];
  const opened = await openConnections(url, connections, (why) => errors.push(why));
  return {
    async run() {
      const latencies = new Latencies();
      errors.length = 0;
      const startedAtMs = performance.now();
      const endsAtMs = startedAtMs + seconds * 1_000;
      let requests = 0;
      let lastAtMs = startedAtMs;
      const giveUp = new Promise<void>((resolve) => {
        setTimeout(resolve, seconds * 1_000 + graceMs).unref();
      });
      const loops = opened.map(async (connection) => {
        while (performance.now() < endsAtMs) {
          const beganAtMs = performance.now();
          const refusal = await purchase(connection, next());
          lastAtMs = performance.now();
          if (refusal !== null) {
            errors.push(refusal);
            continue;
          }
          requests++;
          latencies.add(lastAtMs - beganAtMs);
        }
      });
      await Promise.race([Promise.all(loops), giveUp]);
      const [p50Ms = 0, p99Ms = 0, p999Ms = 0] = latencies.quantiles(0.5, 0.99, 0.999) ?? [];
      return {
        ...{ requests, seconds: (lastAtMs - startedAtMs) / 1_000, errors: errors.length },
        ...{ p50Ms, p99Ms, p999Ms, firstError: errors[0] ?? null, lateP99Ms: null },
      };
    },
    close() {
      for (const connection of opened) connection.close();
    },
  };
};

export async function openConnections(
  url: string,
  count: number,
  onEnd: (why: string) => void,
): Promise<HttpConnection[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<HttpConnection>((resolve, reject) => {
          const connection = new HttpConnection(
            url,
            () => resolve(connection),
            (why) => {
              onEnd(why);
              reject(new Error(why));
            },
          );
        }),
    ),
  );
}

/** null: it was paid for. */
async function purchase(connection: HttpConnection, shot: Shot): Promise<string | null> {
  const holdId = freshId();
  const [before, after] = holdParts(shot);
  const held = await ask(connection, before + holdId + after);
  if (held.status !== 201) return `hold: ${held.status} ${held.body.slice(0, 300)}`;
  const headers = [`authorization: Bearer ${shot.token}`, `idempotency-key: ${holdId}`];
  const body = {
    ...{ holdIds: [holdId], shippingAddress, shippingMethod: 'standard' },
    paymentMethod: 'pm_card_visa',
  };
  const bought = await ask(connection, requestText('POST', '/v1/checkout', headers, JSON.stringify(body)));
  const isPaid = bought.status === 201 && bought.body.includes('"status":"confirmed"');
  return isPaid ? null : `checkout: ${bought.status} ${bought.body.slice(0, 300)}`;
}

function ask(connection: HttpConnection, request: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => connection.ask(request, (status, body) => resolve({ status, body })));
}
