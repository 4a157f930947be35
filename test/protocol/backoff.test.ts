import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/protocol/backoff.ts';

describe('the pause before another try', () => {
  it('is doubled each time, up to its bound', () => {
    expect([0, 1, 2, 3, 4].map((times) => backoffMs(50, 500, times))).toEqual([50, 100, 200, 400, 500]);
  });

  it('stays a number that a timer can hold, however often it was tried', () => {
    expect(backoffMs(50, 500, 1_000_000)).toBe(500);
    expect(backoffMs(0, 500, 1_000_000)).toBe(0);
  });
});
