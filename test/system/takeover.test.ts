import { afterAll, expect, test } from 'vitest';
import { makeDataDir, removeDataDir, type ServerProcess, startServer, waitFor } from './server.ts';

const dataDir = await makeDataDir();
const servers: ServerProcess[] = [];

afterAll(async () => {
  for (const server of servers) if (server.isRunning) await server.end('SIGKILL');
  await removeDataDir(dataDir);
});

test('a second server on the same data folder takes over; the first ends and leaves it the embedded database', async () => {
  const first = await startServer(dataDir);
  servers.push(first);
  const second = await startServer(dataDir);
  servers.push(second);
  await waitFor(() => !first.isRunning);
  expect(first.log()).toContain('replaced: partition');
  const guest = await fetch(`${second.url}/v1/auth/guest`, { method: 'POST' });
  const { accessToken } = (await guest.json()) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
  const address = {
    name: 'Ada',
    line1: '1 Market Street',
    city: 'Springfield',
    postalCode: '62701',
    country: 'US',
  };
  // An address is a row in the database; a key is an event in the journal.
  const saved = await fetch(`${second.url}/v1/me/addresses`, {
    method: 'POST',
    headers: { ...headers, 'idempotency-key': 'one' },
    body: JSON.stringify(address),
  });
  expect(saved.status).toBe(201);
  expect((await fetch(`${second.opsUrl}/readyz`)).status).toBe(200);
  expect(await second.end('SIGTERM')).toMatchObject({ code: 0 });
});
