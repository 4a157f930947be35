import { describe, expect, test } from 'vitest';
import type { ArmRun } from '../../bench/measure.ts';
import { costPicture, ratePicture } from '../../bench/run/picture.ts';
import { between, page } from '../../bench/run/report.ts';
import type { Result } from '../../bench/run/results.ts';

const run: ArmRun = {
  ...{ arm: 'ours', connections: 64, requests: 1_000, perSecond: 12_345, p50Ms: 1, p99Ms: 9, errors: 0 },
  ...{ us: { gateway: 12, 'a<b': 4 }, busy: { gateway: 0.95 }, clientUs: 9, clientBusy: 0.2 },
  ...{ idleCores: 0.5, foreignCores: 0.1, perCommit: 20 },
};

const result: Result = {
  at: '2026-11-27T11:40:00.000Z',
  machine: {
    cpu: 'A processor',
    cores: 2,
    memoryGiB: 24,
    node: 'v22',
    platform: 'linux x64',
    loadAtStart: 0.5,
  },
  measured: {
    ...{ name: 'S4, S5', question: 'how long', load: 'none', doesNotMeasure: [], series: [], skipped: [] },
    runs: [run],
    ratios: [
      { name: 'S4: p50', value: 2, wanted: '<= 3', rounds: [1, 2, 4] },
      { name: 'S5: goodput', value: 0.95, wanted: '>= 0.9' },
      { name: 'of both', value: 1, wanted: 'none' },
    ],
  },
};

const questions = [
  { number: 'S4', asks: 'latency', benches: ['latency'] },
  { number: 'S5', asks: 'overload', benches: ['latency'] },
  { number: 'S6', asks: 'a million', benches: ['drop'] },
  { number: 'S11', asks: 'search', benches: [] },
];

describe('the report', () => {
  const { markdown, pictures } = page(questions, (bench) => (bench === 'latency' ? result : null));

  test('has each bound under its question, with its spread', () => {
    const rows = markdown.split('\n').filter((line) => line.startsWith('| S'));
    expect(rows).toEqual([
      '| S4 | p50 | <= 3 | 2.00 | 1.00 to 4.00 |',
      '| S4 | of both | none | 1.00 |  |',
      '| S5 | goodput | >= 0.9 | 0.950 |  |',
      '| S5 | of both | none | 1.00 |  |',
      '| S6 | a million | | not measured | |',
      '| S11 | search | | no bench yet | |',
    ]);
  });

  test('has a run once, with its day and its pictures', () => {
    expect(markdown.match(/^### /gm)).toHaveLength(1);
    expect(markdown).toContain('2026-11-27 11:40 UTC, A processor, 2 cores');
    expect(pictures.map(({ name }) => name)).toEqual(['speed-latency-rate', 'speed-latency-cost']);
    for (const { name } of pictures) expect(markdown).toContain(`(pictures/${name}.svg)`);
  });

  test('leaves what people wrote around the marks', () => {
    const marks = ['<!-- measured: written by npm run bench -- --report -->', '<!-- end of measured -->'];
    const before = `above\n${marks[0]}\nold\n${marks[1]}\nbelow\n`;
    const after = between(before, 'new');
    expect(after).toBe(`above\n${marks[0]}\n\nnew\n\n${marks[1]}\nbelow\n`);
    expect(between(after, 'new')).toBe(after);
    expect(() => between('no marks', 'new')).toThrow('lacks its marks');
  });
});

describe('pictures', () => {
  test('are as long as what they show, and whole SVG', () => {
    const slower = { ...run, arm: 'lua', perSecond: run.perSecond / 2 };
    const svg = ratePicture('Rates', [run, slower]);
    const bars = [...svg.matchAll(/width="([\d.]+)" height="18"/g)].map(([, width]) => Number(width));
    expect(bars[0]! / bars[1]!).toBeCloseTo(2, 1);
    expect(svg).toContain('12,345');
    expect(svg.match(/<(?!\/)/g)).toHaveLength(svg.match(/\/>|<\/text>|<\/title>|<\/svg>/g)!.length);
  });

  test('show a thread by its name, whatever is in it', () => {
    expect(costPicture('Costs', [run])).toContain('a&#60;b');
  });
});
