import { expect, test } from 'vitest';
import { drawCharacters } from '../../bench/crowd/characters.ts';
import { readOptions } from '../../bench/crowd/options.ts';
import { BadFlags } from '../../bench/flags.ts';

function problems(...argv: string[]): readonly string[] {
  try {
    readOptions(argv);
    return [];
  } catch (error) {
    if (error instanceof BadFlags) return error.problems;
    throw error;
  }
}

test('flags become options, the rest have defaults', () => {
  const options = readOptions([
    '--buyers',
    '20000',
    '--units=1000',
    '--abandon',
    '0.1',
    '--url',
    'http://shop:1/',
  ]);
  expect(options).toMatchObject({
    buyers: 20_000,
    units: 1_000,
    abandon: 0.1,
    url: 'http://shop:1',
    skus: 1,
  });
  expect(options).toMatchObject({ sockets: 5_000, opsUrl: 'http://127.0.0.1:9090', reconnectSeconds: 30 });
  expect(readOptions(['--no-provider'])!.opsUrl).toBeNull();
  expect(readOptions(['--help'])).toBeNull();
});

test.each([
  [['--buyers', '0'], '--buyers must be a whole number from 1 to 200000, not "0"'],
  [['--buyers', '1.5'], '--buyers must be a whole number'],
  [['--buyers', ''], '--buyers must be a whole number'],
  [['--abandon', '2'], '--abandon must be a number from 0 to 1'],
  [['--decline', 'some'], '--decline must be a number from 0 to 1, not "some"'],
  [['--sockets', '15001', '--buyers', '20000'], '--sockets must be a whole number from 0 to 15000'],
  [['--sockets', '11', '--buyers', '10'], '--sockets cannot be more than --buyers'],
  [['--units', '2', '--skus', '3'], '--units must be at least --skus'],
  [['--url', 'ftp://x'], '--url must be an http:// or https:// URL'],
  [['--json', ''], '--json needs a file name'],
  [['--byuers', '5'], '--byuers'],
  [['5'], '5'],
])('%j is refused in one clear line', (argv, expected) => {
  const found = problems(...argv);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
});

test('every problem is named at once', () => {
  expect(problems('--buyers', 'x', '--units', 'y')).toHaveLength(2);
});

test('a seed draws the same crowd, with the shares and sockets asked for, spread over the queue', () => {
  const argv = ['--buyers', '4000', '--sockets', '1000', '--abandon', '0.2', '--leave', '0.1', '--seed', '3'];
  const crowd = drawCharacters(readOptions(argv)!);
  expect(drawCharacters(readOptions(argv)!)).toEqual(crowd);
  expect(crowd.filter(({ hasSocket }) => hasSocket)).toHaveLength(1_000);
  expect(crowd.slice(0, 2_000).filter(({ hasSocket }) => hasSocket)).toHaveLength(500);
  const share = (test: (character: (typeof crowd)[number]) => boolean) => crowd.filter(test).length / 4_000;
  expect(share(({ abandons }) => abandons !== 'never')).toBeCloseTo(0.2, 1);
  expect(share(({ abandons }) => abandons === 'before the hold')).toBeCloseTo(0.1, 1);
  expect(share(({ leavesAfterMs }) => leavesAfterMs !== null)).toBeCloseTo(0.1, 1);
  expect(share(({ firstCardDeclined }) => firstCardDeclined)).toBe(0);
});
