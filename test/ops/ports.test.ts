import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { choosePorts } from '../../src/ops/ports.ts';
import { freePort } from '../../src/persistence/embedded/free-port.ts';

it('a free port is never one that was asked for by somebody else, such as the embedded PostgreSQL before the operators', async () => {
  // Odd ones would not tell: Linux gives those to whoever listens.
  const isFree = (port: number) => port % 8 === 1;
  const taken = Array.from({ length: 65_536 }, (_, port) => port).filter((port) => !isFree(port));
  for (let time = 0; time < 20; time++) expect(isFree(await freePort('127.0.0.1', 0, taken))).toBe(true);
});

it('the ports of a server differ, also those that it picks itself', async () => {
  for (let time = 0; time < 50; time++) {
    const ports = await choosePorts(readConfig({ PORT: '0', OPS_PORT: '0', SANDBOX_PORT: '0' }));
    expect(new Set(Object.values(ports)).size).toBe(3);
  }
});
