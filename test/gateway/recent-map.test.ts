import { expect, test } from 'vitest';
import { RecentMap } from '../../src/gateway/recent-map.ts';

const kept = (map: RecentMap<number, object>) => new Set([...map].map(([key]) => key));

test('what was set lately is kept, and never more than the bound', () => {
  const map = new RecentMap<number, { n: number }>(5);
  for (let n = 0; n < 1_000; n++) {
    map.set(n, { n });
    expect(kept(map).size).toBeLessThan(10);
    for (let newer = Math.max(0, n - 4); newer <= n; newer++) expect(map.get(newer)).toEqual({ n: newer });
  }
  expect(map.get(900)).toBeUndefined();
});

test('what is used is kept, however much is set meanwhile', () => {
  const map = new RecentMap<number, { n: number }>(5);
  map.set(-1, { n: -1 });
  for (let n = 0; n < 1_000; n++) {
    map.set(n, { n });
    expect(map.get(-1)).toEqual({ n: -1 });
  }
});

test('a key has its newest value, and none once it was deleted, whichever generation it is in', () => {
  const map = new RecentMap<number, { n: number }>(5);
  for (let n = 0; n < 5; n++) map.set(n, { n });
  // The five are the older generation now.
  map.set(3, { n: 30 });
  expect(map.get(3)).toEqual({ n: 30 });
  map.delete(3);
  map.delete(4);
  expect([map.get(3), map.get(4), map.get(2)]).toEqual([undefined, undefined, { n: 2 }]);
});
