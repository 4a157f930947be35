/** A session that ends, at a running server with several gateway threads. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSite, type ServerProcess, type Site, waitFor } from './server.ts';
import { call, member } from './shop.ts';

let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  site = await openSite({ GATEWAYS: '2' });
  server = await site.start();
});
afterAll(() => site.close());

it('its access token is refused within 5 s by every gateway thread', async () => {
  const who = await member(server, 'buyer');
  // A connection each, so that both threads are asked.
  const read = async () =>
    (await call(server, 'GET /v1/me', { who, headers: { connection: 'close' } })).status;
  const readAll = () => Promise.all(Array.from({ length: 16 }, read));
  expect(await readAll()).toEqual(Array(16).fill(200));
  const out = await call(server, 'POST /v1/auth/logout', { who, body: { everywhere: true } });
  expect(out.status).toBe(204);
  const sinceMs = performance.now();
  await waitFor(async () => (await readAll()).every((status) => status === 401));
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
});
