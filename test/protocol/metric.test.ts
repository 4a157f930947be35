import { describe, expect, it } from 'vitest';
import { counter, gauge, histogram, merge, summary } from '../../src/protocol/metric.ts';

describe('families of several threads', () => {
  it('become one family a name, in which the values of equal label sets are added up', () => {
    const merged = merge([
      counter('commands', 'Commands', [{ labels: { kind: 'a', code: 'ok' }, value: 2 }]),
      gauge('depth', 'Depth', [{ labels: { shard: 0 }, value: 7 }]),
      counter('commands', 'Commands', [
        { labels: { code: 'ok', kind: 'a' }, value: 3 },
        { labels: { kind: 'b', code: 'ok' }, value: 1 },
      ]),
      gauge('depth', 'Depth', [{ labels: { shard: 1 }, value: 9 }]),
    ]);
    expect(merged).toEqual([
      counter('commands', 'Commands', [
        { labels: { kind: 'a', code: 'ok' }, value: 5 },
        { labels: { kind: 'b', code: 'ok' }, value: 1 },
      ]),
      gauge('depth', 'Depth', [
        { labels: { shard: 0 }, value: 7 },
        { labels: { shard: 1 }, value: 9 },
      ]),
    ]);
  });

  it('do not mix up labels whose values contain separators', () => {
    const samples = [
      { labels: { a: '1,b=2' }, value: 1 },
      { labels: { a: '1', b: '2' }, value: 1 },
    ];
    expect(merge([gauge('g', 'G', samples)])).toEqual([gauge('g', 'G', samples)]);
  });

  it('add histograms bucket by bucket, and summaries', () => {
    const of = (counts: number[], sum: number) =>
      histogram('seconds', 'Seconds', [1, 2], [{ labels: {}, counts, sum }]);
    expect(merge([of([1, 0, 2], 8), of([0, 3, 1], 9)])).toEqual([of([1, 3, 3], 17)]);
    const paid = (count: number, sum: number) => summary('paid', 'Paid', [{ labels: {}, count, sum }]);
    expect(merge([paid(1, 2), paid(3, 4)])).toEqual([paid(4, 6)]);
  });

  it('of one number have no labels', () => {
    expect(merge([gauge('open', 'Open', 2), gauge('open', 'Open', 3)])).toEqual([gauge('open', 'Open', 5)]);
  });
});
