import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { choosePorts } from '../../src/ops/ports.ts';
import { freePort } from '../../src/persistence/embedded/free-port.ts';

it('a free port is never one that was asked for by somebody else, such as the embedded PostgreSQL before the operators', async () => {
  const even = Array.from({ length: 32_768 }, (_, index) => index * 2);
  for (let time = 0; time < 100; time++) expect((await freePort('127.0.0.1', 0, even)) % 2).toBe(1);
});

it('the ports of a server differ, also those that it picks itself', async () => {
  for (let time = 0; time < 50; time++) {
    const ports = await choosePorts(readConfig({ PORT: '0', OPS_PORT: '0', SANDBOX_PORT: '0' }));
    expect(new Set(Object.values(ports)).size).toBe(3);
  }
});
