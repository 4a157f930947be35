import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHistogram, createRandom, createTally } from '../../bench/crowd/statistics.ts';

test('quantiles are at most 2 % above the true sample, never below, and never beyond the extremes', () => {
  const durations = fc.array(fc.double({ min: 0.02, max: 3_600_000, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (samples, share) => {
      const histogram = createHistogram();
      for (const sample of samples) histogram.record(sample);
      const sorted = [...samples].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(share * samples.length)) - 1]!;
      const quantile = histogram.quantile(share)!;
      expect(quantile).toBeGreaterThanOrEqual(exact * 0.9999999);
      expect(quantile).toBeLessThanOrEqual(exact * 1.0200001);
      expect(quantile).toBeLessThanOrEqual(sorted.at(-1)!);
      expect(histogram.summary().maxMs).toBe(sorted.at(-1));
    }),
  );
});

test('without samples there is no quantile, and a clock that went back counts as no time', () => {
  const histogram = createHistogram();
  expect(histogram.summary()).toEqual({ count: 0, p50Ms: null, p99Ms: null, maxMs: null });
  histogram.record(Number.NaN);
  expect(histogram.count).toBe(0);
  histogram.record(-5);
  expect(histogram.summary()).toEqual({ count: 1, p50Ms: 0, p99Ms: 0, maxMs: 0 });
});

test('a tally counts by name', () => {
  const tally = createTally();
  tally.add('bought');
  tally.add('left', 2);
  tally.add('bought');
  expect(tally.toObject()).toEqual({ bought: 2, left: 2 });
  expect(tally.get('never')).toBe(0);
});

test('a seed names a sequence that spreads over the whole range', () => {
  const draw = (seed: number) => Array.from({ length: 4_000 }, createRandom(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  for (const tenth of Array(10).keys()) {
    const share = draw(7).filter((value) => value >= tenth / 10 && value < (tenth + 1) / 10).length / 4_000;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
  }
});
