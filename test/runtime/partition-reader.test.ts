/** How far behind a partition's tables are said to be. */
import { afterEach, expect, test, vi } from 'vitest';
import { encodeFrame } from '../../src/protocol/frame.ts';
import { PartitionReader } from '../../src/runtime/partition-reader.ts';

afterEach(() => void vi.useRealTimers());

const frame = (seq: number) => ({
  ...{ partition: 1, epoch: 1, seq },
  bytes: encodeFrame(1, 1, seq, [{ kind: 'sku', key: 'PS-1', event: { type: 'HoldsWarned' } }]),
});

test('a partition that is never quite up to date is behind since its oldest frame that is not in the tables', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const reader = new PartitionReader(1);
  reader.loadAt(0);
  const startMs = performance.now() + 10;
  for (let seq = 1; seq <= 5; seq++) {
    vi.advanceTimersByTime(10);
    if (seq === 1) reader.hear(1);
    reader.beginRead();
    vi.advanceTimersByTime(10);
    // It comes while the round reads, and is read by the next one.
    reader.hear(seq + 1);
    vi.advanceTimersByTime(10);
    expect(reader.take(frame(seq), () => true)).toBe(true);
    reader.settle();
    expect(reader.isBehind).toBe(true);
    expect(reader.behindSinceMs).toBe(startMs + (seq - 1) * 30 + 10);
  }
  reader.beginRead();
  reader.take(frame(6), () => true);
  reader.settle();
  expect(reader.behindSinceMs).toBe(0);
});

test('what a bounded read has left is as old as it was', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const reader = new PartitionReader(1);
  reader.loadAt(0);
  vi.advanceTimersByTime(10);
  reader.hear(3);
  const sinceMs = performance.now();
  reader.beginRead();
  reader.take(frame(1), () => true);
  vi.advanceTimersByTime(10);
  expect(reader.isCut).toBe(true);
  reader.settle();
  expect(reader.behindSinceMs).toBe(sinceMs);
});
