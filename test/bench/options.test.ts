import { describe, expect, test } from 'vitest';
import { isWhole, readBenchOptions } from '../../bench/run/options.ts';

const read = (...argv: string[]) => readBenchOptions(argv, ['S1', 'core']);

describe('flags of the benches', () => {
  test('none: every bench, as it has it', () => {
    expect(isWhole(read())).toBe(true);
    expect(isWhole(read('S1', '--json'))).toBe(true);
  });

  test('a run that was narrowed or compared is none for the documents', () => {
    expect(isWhole(read('--rounds', '1'))).toBe(false);
    expect(isWhole(read('--env', 'THREADS=joined'))).toBe(false);
    expect(isWhole(read('--ours', '.'))).toBe(false);
  });

  test('are read', () => {
    const options = read(
      'S1',
      '--connections',
      '64, 256',
      '--arms',
      'ours,lua',
      '--env',
      'A=b=c',
      '--env',
      'D=',
    );
    expect(options).toMatchObject({ names: ['S1'], connections: [64, 256], arms: ['ours', 'lua'] });
    expect(options.env).toEqual({ A: 'b=c', D: '' });
  });

  test.each([
    [['S99'], 'no such bench: S99'],
    [['--connections', '64,'], '--connections must be whole numbers'],
    [['--arms', 'theirs'], 'no such arm: theirs'],
    [['--env', 'lower=1'], '--env must be NAME=VALUE'],
    [['--rounds', '0'], '--rounds must be a whole number from 1 to 20'],
    [['--no-such-flag'], 'no-such-flag'],
  ])('%j is refused', (argv, problem) => {
    expect(() => read(...argv)).toThrow(problem);
  });
});
