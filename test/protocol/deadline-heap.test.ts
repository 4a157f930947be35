import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineHeap } from '../../src/protocol/deadline-heap.ts';

test('a heap gives live items in the order of deadline and serial, like a sorted list', () => {
  const item = fc.record({ deadlineMs: fc.integer({ min: 0, max: 20 }), isLive: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 80 }),
      fc.integer({ min: -1, max: 21 }),
      fc.integer({ min: 0, max: 9 }),
      (rows, limitMs, count) => {
        const items = rows.map((row, serial) => ({ ...row, serial }));
        const heap = new DeadlineHeap<(typeof items)[number]>((each) => each.isLive);
        for (const each of items.toReversed()) heap.push(each.deadlineMs, each);
        const live = items
          .filter((each) => each.isLive)
          .sort((a, b) => a.deadlineMs - b.deadlineMs || a.serial - b.serial);
        expect(heap.upTo(limitMs, count)).toEqual(
          live.filter((e) => e.deadlineMs <= limitMs).slice(0, count),
        );
        if (count % 2 === 0) heap.compact();
        else heap.prune();
        expect(heap.size).toBeGreaterThanOrEqual(live.length);
        if (count % 2 === 0) expect(heap.size).toBe(live.length);
        expect(heap.topMs).toBe(live[0]?.deadlineMs ?? Number.POSITIVE_INFINITY);
        heap.dropUpTo(limitMs);
        const rest = live.filter((each) => each.deadlineMs > limitMs);
        expect(heap.topMs).toBe(rest[0]?.deadlineMs ?? Number.POSITIVE_INFINITY);
        expect(heap.upTo(Number.POSITIVE_INFINITY, 1_000)).toEqual(rest);
        const due = rest.filter((each) => each.deadlineMs <= limitMs + 5);
        for (const each of due) expect(heap.take(limitMs + 5)).toBe(each);
        expect(heap.take(limitMs + 5)).toBeNull();
        expect(heap.upTo(Number.POSITIVE_INFINITY, 1_000)).toEqual(rest.slice(due.length));
      },
    ),
  );
});
