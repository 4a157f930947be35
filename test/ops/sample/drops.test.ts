/** The drops of the sample shop over a week: there is always something to see, and never two of the same. */
import { expect, test } from 'vitest';
import { type DropRow, hourOf, missingAtStart, missingLater } from '../../../src/ops/sample/drops.ts';

const hourMs = 3_600_000;
const beganMs = Date.UTC(2026, 10, 27, 9, 20);

function made(kinds: ReturnType<typeof missingAtStart>, nowMs: number): DropRow[] {
  return kinds.map((kind) => {
    const { title, items, prequeueAt, startsAt, endsAt } = kind.body(hourOf(nowMs));
    return {
      ...{ saleId: `${kind.name} ${nowMs}`, title, sku: items[0]!.sku, phase: 'scheduled' },
      ...{
        lineOpensAtMs: Date.parse(String(prequeueAt ?? startsAt)),
        startsAtMs: Date.parse(String(startsAt)),
      },
      endsAtMs: Date.parse(endsAt),
    };
  });
}

const namesOf = (kinds: ReturnType<typeof missingAtStart>) => kinds.map(({ name }) => name).sort();

test('an empty shop gets one of each kind, and nothing more while they are there', () => {
  expect(namesOf(missingAtStart([], beganMs))).toEqual(['prequeue', 'running', 'scheduled']);
  const drops = made(missingAtStart([], beganMs), beganMs);
  expect(missingAtStart(drops, beganMs + hourMs)).toEqual([]);
  expect(missingLater(drops, beganMs + hourMs)).toEqual([]);
});

test('while a server runs over a fortnight each drop is followed by the next one, and no two of a title are open', () => {
  const drops = made(missingAtStart([], beganMs), beganMs);
  for (let nowMs = beganMs; nowMs < beganMs + 14 * 24 * hourMs; nowMs += 10 * 60_000) {
    drops.push(...made(missingLater(drops, nowMs), nowMs));
    const titles = drops.filter(({ endsAtMs }) => endsAtMs > nowMs).map(({ title }) => title);
    expect(titles.toSorted()).toEqual([
      'Aperta 35, second run',
      'Halm turntable, walnut',
      'Nimbus launch drop',
    ]);
  }
});

test('a drop that is sold out is followed by the next one', () => {
  const drops = made(missingAtStart([], beganMs), beganMs).map((drop) =>
    drop.sku === 'NIMBUS-1' ? { ...drop, phase: 'sold_out' } : drop,
  );
  expect(namesOf(missingLater(drops, beganMs + hourMs))).toEqual(['running']);
});
