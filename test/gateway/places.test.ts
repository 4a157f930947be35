import { expect, test } from 'vitest';
import { Places } from '../../src/gateway/places.ts';

const words = () => new Int32Array(new SharedArrayBuffer(8));

test('over all threads there are as many places as the memory has', () => {
  const memory = words();
  const [first, second] = [new Places(memory, 0), new Places(memory, 1)];
  expect([first.enter(), second.enter(), first.enter(), second.enter()]).toEqual([true, true, false, false]);
  first.leave();
  expect([second.enter(), first.enter()]).toEqual([true, false]);
});

test('what a thread had that died is free when it starts again, and nothing else is', () => {
  const memory = words();
  const [dead, living] = [new Places(memory, 0), new Places(memory, 1)];
  expect([dead.enter(), living.enter()]).toEqual([true, true]);
  const started = new Places(memory, 0);
  expect([started.enter(), started.enter()]).toEqual([true, false]);
});

test('leaving without a place gives away nobody else’s', () => {
  const memory = words();
  const [first, second] = [new Places(memory, 0), new Places(memory, 1)];
  expect([first.enter(), first.enter()]).toEqual([true, true]);
  second.leave();
  expect(second.enter()).toBe(false);
});
