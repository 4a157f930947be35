import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KnownHold, KnownHolds } from '../../../src/market/waiting-room/known-holds.ts';

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const hold = fc
  .record({ id: fc.nat(40), sku: fc.nat(3), buyer: fc.nat(5), quantity: fc.nat(9), amount: fc.nat(2) })
  .map(({ id, sku, buyer, quantity, amount }): KnownHold => {
    const unitPrice = { amount, currency: 'USD' };
    const names = { sku: `SKU-${sku}`, saleId: `sal_${idOf(sku)}`, buyerId: `acc_${idOf(buyer)}` };
    return { holdId: idOf(id), ...names, quantity, unitPrice };
  });

test('those of late are known as they were told last, and older ones are not known as others', () => {
  const generation = 8;
  fc.assert(
    fc.property(fc.array(hold, { maxLength: 200 }), (holds) => {
      const known = new KnownHolds(generation);
      const toldById = new Map<string, KnownHold>();
      for (const one of holds) {
        known.set(one);
        toldById.delete(one.holdId);
        toldById.set(one.holdId, one);
        expect(known.get(one.holdId)).toEqual(one);
      }
      for (const [place, [holdId, told]] of [...toldById].reverse().entries())
        if (place < generation) expect(known.get(holdId)).toEqual(told);
        else expect([undefined, told]).toContainEqual(known.get(holdId));
    }),
  );
});
