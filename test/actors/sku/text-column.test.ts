/** Ids as a column: whatever they are, they come back as they were. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TextColumn, textColumn, textReader } from '../../../src/actors/sku/text-column.ts';

const id = fc.oneof(
  fc.uuid(),
  fc.uuid().map((uuid) => `acc_${uuid}`),
  fc.uuid().map((uuid) => `acc_${uuid}:again`),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
  fc.constantFrom('00000000-0000-0000-0000-000000000000', 'acc_00000000-0000-0000-0000-000000000000', ''),
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.constant(null),
);

function textsOf(column: TextColumn, length: number): (string | null)[] {
  const next = textReader(column);
  return Array.from({ length }, () => next());
}

test('any ids, mixed with none, come back as they were', () => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), (texts) => {
      expect(textsOf(structuredClone(textColumn(texts)), texts.length)).toEqual(texts);
    }),
    { numRuns: 2_000 },
  );
});

test('a common prefix and a UUID take sixteen bytes', () => {
  const texts = Array.from(
    { length: 100 },
    (_, n) => `acc_018f0000-0000-7000-8000-${String(n + 1).padStart(12, '0')}`,
  );
  expect(textColumn(texts)).toMatchObject({ prefix: 'acc_', others: [] });
  expect(textColumn(texts).uuids).toHaveLength(1_600);
});

test('none at all take nothing', () => {
  expect(textColumn([null, null, null]).uuids).toHaveLength(0);
});
