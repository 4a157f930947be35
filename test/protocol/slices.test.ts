import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowsPerSlice, runInSlices, runToEnd, type Slices, sortInSlices } from '../../src/protocol/slices.ts';

function* threeSlices(seen: number[]): Slices<string> {
  for (const slice of [1, 2, 3]) {
    seen.push(slice);
    yield;
  }
  return 'done';
}

test('work in slices is the same whether or not others have their turn in between', async () => {
  const seen: number[] = [];
  expect(runToEnd(threeSlices(seen))).toBe('done');
  expect(await runInSlices(threeSlices(seen), async () => void seen.push(0))).toBe('done');
  expect(seen).toEqual([1, 2, 3, 1, 0, 2, 0, 3, 0]);
});

test('work that is not wanted any more ends after the slice that is under way', async () => {
  const seen: number[] = [];
  const rest = async () => {
    if (seen.length === 2) throw new Error('not wanted');
  };
  await expect(runInSlices(threeSlices(seen), rest)).rejects.toThrow('not wanted');
  expect(seen).toEqual([1, 2]);
});

test('sorting in slices is sorting: stable, whatever the length', () => {
  const length = fc.oneof(fc.nat({ max: 20 }), fc.integer({ min: rowsPerSlice - 2, max: 5 * rowsPerSlice }));
  fc.assert(
    fc.property(length, fc.infiniteStream(fc.nat({ max: 50 })), (count, keys) => {
      const items = Array.from({ length: count }, (_, n) => ({ key: keys.next().value!, n }));
      const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
      let slices = 0;
      const sorting = sortInSlices(items, byKey);
      for (let step = sorting.next(); ; step = sorting.next(), slices++) {
        if (!step.done) continue;
        expect(step.value).toEqual(items.toSorted(byKey));
        break;
      }
      expect(slices).toBeGreaterThanOrEqual(Math.floor(count / rowsPerSlice));
    }),
    { numRuns: 60 },
  );
});
