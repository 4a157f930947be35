import { expect, it } from 'vitest';
import { workerOf } from '../../src/threads/joined.ts';

it('joined are the shard and the gateway of one number; whoever has no partner runs alone', () => {
  const config = { threads: 'joined', shards: 2, gateways: 1 } as const;
  const joined = { role: 'joined', index: 0 };
  expect([workerOf(config, 'shard', 0), workerOf(config, 'gateway', 0)]).toEqual([joined, joined]);
  expect(workerOf(config, 'shard', 1)).toEqual({ role: 'shard', index: 1 });
  expect(workerOf(config, 'back-office', 0)).toEqual({ role: 'back-office', index: 0 });
});

it('apart, every thread has a worker of its own', () => {
  const config = { threads: 'apart', shards: 1, gateways: 1 } as const;
  for (const role of ['shard', 'gateway'] as const)
    expect(workerOf(config, role, 0)).toEqual({ role, index: 0 });
});
