import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressHash, PassivatedFilter } from '../../src/runtime/passivated-filter.ts';

it('holds exactly the hashes that were added', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (inside, others) => {
      const set = new PassivatedFilter();
      for (const key of inside) set.add(addressHash('sku', key));
      expect(set.size).toBe(new Set(inside).size);
      for (const key of inside) expect(set.has(addressHash('sku', key))).toBe(true);
      for (const key of others) expect(set.has(addressHash('sku', key))).toBe(inside.includes(key));
    }),
  );
});

it('does not confuse a hundred thousand SKUs', () => {
  const hashes = new Set(Array.from({ length: 100_000 }, (_, n) => addressHash('sku', `SKU-${n}`)));
  expect(hashes.size).toBe(100_000);
  for (const hash of hashes) expect(Number.isSafeInteger(hash) && hash > 0).toBe(true);
});
