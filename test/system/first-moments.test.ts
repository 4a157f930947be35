/** What operators see of a server that is not there yet. */
import { expect, it } from 'vitest';
import { freePort } from '../../src/persistence/embedded/free-port.ts';
import { Link } from '../faults/link.ts';
import { testDatabase } from '../persistence/support.ts';
import { makeDataDir, quietEnv, removeDataDir, runNode, waitFor } from './server.ts';

it('/livez answers from the first moment of a slow start, and /readyz says what the start is at', async () => {
  const database = await testDatabase();
  const link = await Link.open(Number(new URL(database.url).port));
  const dataDir = await makeDataDir();
  const port = await freePort('127.0.0.1', 0);
  const through = new URL(database.url);
  through.port = String(link.port);
  link.delay(20);
  const child = runNode(['src/main.ts'], {
    ...quietEnv(dataDir),
    ...{ OPS_PORT: String(port), DATABASE_URL: through.href },
  });
  try {
    const ops = `http://127.0.0.1:${port}`;
    await waitFor(
      () =>
        fetch(`${ops}/livez`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      60_000,
    );
    expect(child.out()).toBe('');
    const seen = new Set<string>();
    await waitFor(async () => {
      const [alive, ready, metrics] = await Promise.all(
        ['livez', 'readyz', 'metrics'].map((path) => fetch(`${ops}/${path}`)),
      );
      expect(alive!.status).toBe(200);
      expect(metrics!.status).toBe(200);
      expect(await metrics!.text()).toContain('process_resident_memory_bytes');
      const { checks } = (await ready!.json()) as {
        checks: Record<string, { status: string; detail?: string }>;
      };
      const isDone = checks.recovery!.status === 'ok';
      if (!isDone) {
        expect(ready!.status).toBe(503);
        seen.add(checks.recovery!.detail!);
      }
      return isDone && ready!.status === 200;
    }, 60_000);
    expect([...seen]).toEqual(['opening the stores', 'recovering the partitions']);
  } finally {
    child.process.kill('SIGKILL');
    await child.exited;
    await link.close();
    await database.close();
    await removeDataDir(dataDir);
  }
});
