/** When a batch goes on its way. The journal answers when the test says. */
import { expect, it } from 'vitest';
import type { AppendOutcome, Journal } from '../../src/protocol/journal.ts';
import { GroupCommit } from '../../src/runtime/group-commit.ts';
import { Partition } from '../../src/runtime/partition.ts';
import { VirtualTime } from '../support/memory-wire.ts';

function start(openRequests: number) {
  const time = new VirtualTime();
  const partition = new Partition(1);
  partition.epoch = 1;
  const appends: (() => void)[] = [];
  const journal = {
    isDurable: true,
    append: () =>
      new Promise<AppendOutcome[]>((resolve) => {
        appends.push(() => resolve(['ok']));
      }),
  } as unknown as Journal;
  /** Requests that each durable batch answers. */
  const durable: number[] = [];
  const commit = new GroupCommit(
    journal,
    time,
    { pauseMs: 1, openRequests: () => openRequests },
    {
      onDurable: (batch) => durable.push(batch.requests),
      onReplaced: () => {},
      onFatal: (reason) => {
        throw new Error(reason);
      },
    },
  );
  /** So many requests are decided in one turn. */
  const decide = (requests: number) => {
    if (partition.records.length === 0) commit.open.partitions.push(partition);
    partition.records.push({ kind: 'counter', key: 'a', event: { type: 'Added' } });
    commit.open.events++;
    commit.open.requests += requests;
    commit.seal();
  };
  const read = () => {
    commit.open.replies.push({ partition, reply: () => {}, code: 'ok', body: null });
    commit.seal();
  };
  /** The journal answers after so long. */
  const land = async (afterMs: number) => {
    time.run(afterMs);
    appends.at(-1)!();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { time, appends, durable, decide, read, land };
}

it('seals at once with few requests open, whatever the batch holds', async () => {
  const { appends, decide, land } = start(15);
  for (let n = 1; n <= 3; n++) {
    decide(1);
    expect(appends).toHaveLength(n);
    await land(0.2);
  }
});

it('waits for three quarters of the requests that are open', async () => {
  const { appends, durable, decide, land } = start(40);
  decide(8);
  expect(appends).toHaveLength(1);
  decide(20);
  await land(0.2);
  expect([appends.length, durable]).toEqual([1, [8]]);
  decide(9);
  expect(appends).toHaveLength(1);
  decide(1);
  expect(appends).toHaveLength(2);
  await land(0.2);
  expect(durable).toEqual([8, 30]);
});

it('waits no longer than 1 ms after the seal before', async () => {
  const { time, appends, decide, land } = start(40);
  decide(8);
  decide(1);
  await land(0.2);
  time.run(0.7);
  expect(appends).toHaveLength(1);
  time.run(0.2);
  expect(appends).toHaveLength(2);
  // The pause that was ended by enough requests does not end another one.
  decide(1);
  await land(0.3);
  decide(29);
  expect(appends).toHaveLength(3);
  decide(1);
  await land(0.5);
  time.run(0.4);
  expect(appends).toHaveLength(3);
  time.run(0.2);
  expect(appends).toHaveLength(4);
});

it('does not wait after an append that took longer than that', async () => {
  const { appends, decide, land } = start(40);
  decide(8);
  decide(1);
  await land(1.1);
  expect(appends).toHaveLength(2);
});

it('lets what needs no commit leave at once', async () => {
  const { durable, appends, decide, read, land } = start(40);
  decide(8);
  await land(0.2);
  read();
  expect([appends.length, durable]).toEqual([1, [8, 0]]);
});
