import { afterEach, expect, test } from 'vitest';
import { allPartitions } from '../../src/protocol/address.ts';
import { systemScheduler } from '../../src/runtime/clock.ts';
import { closedOpening, Opening } from '../../src/runtime/opening.ts';
import { closedGate, startShard, stopShards, until } from '../support/counter-shard.ts';
import { MemoryStore } from '../support/memory-journal.ts';

afterEach(stopShards);

test('no shard passes before all have recovered and main has opened; one that comes back later passes at once', async () => {
  const opening = new Opening(closedOpening(2), systemScheduler);
  const passed: number[] = [];
  const pass = (shard: number) => opening.pass(shard).then(() => void passed.push(shard));
  const first = pass(0);
  // The same shard, in its next life, is not another one.
  const again = pass(0);
  expect(opening.haveAllRecovered).toBe(false);
  const second = pass(1);
  await opening.allRecovered();
  expect(passed).toEqual([]);
  opening.open();
  await Promise.all([first, again, second]);
  await opening.pass(1);
});

test('a recovered partition takes no command until it may open', async () => {
  const store = new MemoryStore();
  const { gate, open } = closedGate();
  const waiting: string[] = [];
  const gates = [
    async () => {},
    () => {
      waiting.push('recovered');
      return gate;
    },
  ];
  const { shard, send } = await startShard(store, {
    partitions: [],
    mayOpen: () => gates.shift()!(),
  });
  const opening = shard.open(allPartitions);
  await until(() => waiting.length > 0);
  expect((await send({ type: 'Add', amount: 1 })).code).toBe('busy');
  open();
  await opening;
  expect((await send({ type: 'Add', amount: 1 })).body).toEqual({ total: 1 });
});
