import { expect, test } from 'vitest';
import { newId } from '../../src/gateway/handling.ts';
import { isId } from '../../src/protocol/ids.ts';

test('ids are UUIDs of version 7 with their time, and no two are the same', () => {
  const before = Date.now();
  const ids = Array.from({ length: 20_000 }, () => newId('order'));
  const after = Date.now();
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(isId('order', id)).toBe(true);
    expect(id).toMatch(/^ord_[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const time = Number.parseInt(id.slice(4, 17).replace('-', ''), 16);
    expect(time >= before && time <= after).toBe(true);
  }
  // Each of the places that are random has had every digit.
  for (const at of [19, 20, 21, 24, 25, 26, ...Array.from({ length: 12 }, (_, i) => 28 + i)])
    expect(new Set(ids.map((id) => id[at])).size).toBe(16);
  expect(new Set(ids.map((id) => id[23]))).toEqual(new Set(['8', '9', 'a', 'b']));
});
