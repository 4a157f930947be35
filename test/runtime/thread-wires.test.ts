import { expect, it } from 'vitest';
import { memoryWires } from '../../src/runtime/thread-wires.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

it('a wire in memory carries what was posted before the other end listened, in order, then all else at once', () => {
  const [one, other] = memoryWires();
  const heard: number[] = [];
  one.post(bytes(1));
  one.post(bytes(2));
  other.receive(([value]) => void heard.push(value!));
  expect(heard).toEqual([1, 2]);
  one.post(bytes(3));
  expect(heard).toEqual([1, 2, 3]);
});

it('a wire in memory carries a copy: whoever posted goes on using its buffer', () => {
  const [one, other] = memoryWires();
  const heard: Uint8Array[] = [];
  other.receive((frame) => void heard.push(frame));
  const buffer = Buffer.from([7, 8, 9]);
  one.post(buffer.subarray(0, 2));
  buffer.fill(0);
  expect(heard).toEqual([bytes(7, 8)]);
});

it.each([0, 1])('a wire in memory that end %i has closed carries nothing, either way', (closing) => {
  const ends = memoryWires();
  const heard: Uint8Array[] = [];
  for (const end of ends) end.receive((frame) => void heard.push(frame));
  ends[closing]!.close();
  for (const end of ends) end.post(bytes(1));
  expect(heard).toEqual([]);
});
