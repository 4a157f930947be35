import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUuid, tryWriteUuid, uuidSpace, uuidWords, writeUuid } from '../../src/protocol/uuid-words.ts';

const words = () => new Uint32Array(uuidWords);

test('what is written is what is read, behind any prefix', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.constantFrom('', 'acc_', 'sal_'), (uuid, prefix) => {
      const [checked, unchecked] = [words(), words()];
      expect(tryWriteUuid(prefix + uuid, prefix, checked, 0)).toBe(true);
      writeUuid(prefix + uuid, unchecked, 0);
      expect(unchecked).toEqual(checked);
      expect(readUuid(checked, 0, uuidSpace(prefix))).toBe(prefix + uuid);
    }),
  );
});

test('a text that would be read as another one is not taken', () => {
  const isLower = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  // A UUID with one character changed to any other: digits, capitals, signs, half of a pair, beyond ASCII.
  const changed = fc
    .tuple(fc.uuid(), fc.nat(35), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
    .map(([uuid, at, other]) => uuid.slice(0, at) + other + uuid.slice(at + 1));
  fc.assert(
    fc.property(changed, (text) => {
      expect(tryWriteUuid(text, '', words(), 0)).toBe(isLower.test(text));
    }),
    { numRuns: 2_000 },
  );
});

test('neither is one that is longer, shorter or has another prefix', () => {
  const uuid = crypto.randomUUID();
  for (const text of ['', `${uuid}0`, uuid.slice(1), `sal_${uuid}`, `ac_${uuid}0`])
    expect(tryWriteUuid(text, 'acc_', words(), 0)).toBe(false);
});
