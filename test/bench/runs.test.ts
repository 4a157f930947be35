import { describe, expect, test } from 'vitest';
import { callsOf } from '../../bench/baselines/arms.ts';
import { threadNames } from '../../bench/baselines/server.ts';
import { checkTaken } from '../../bench/baselines/shots.ts';
import { parseWrk } from '../../bench/baselines/wrk.ts';
import { type ArmRun, quantile, seriesOf } from '../../bench/measure.ts';
import { boundsOf, medianOf, runsTable, serverUs } from '../../bench/runs.ts';

function run(more: Partial<ArmRun>): ArmRun {
  return {
    ...{ arm: 'ours', connections: 64, requests: 1_000, perSecond: 1_000, p50Ms: 1, p99Ms: 9, errors: 0 },
    ...{ us: { gateway: 12, shard: 4 }, busy: { gateway: 0.95, shard: 0.3 }, clientUs: 9, clientBusy: 0.2 },
    ...{ idleCores: 0.5, foreignCores: 0.1, perCommit: 20 },
    ...more,
  };
}

describe('figures', () => {
  test('the median of an even number lies between the two in the middle', () => {
    expect(seriesOf('', '', [4, 1, 3, 2])).toMatchObject({ median: 2.5, min: 1, max: 4 });
    expect(seriesOf('', '', [3, 1, 2]).median).toBe(2);
  });

  test('a quantile is a value that was measured', () => {
    const sorted = Float64Array.from({ length: 100 }, (_, n) => n + 1);
    expect([0, 0.5, 0.99, 1].map((share) => quantile(sorted, share))).toEqual([1, 51, 100, 100]);
  });

  test('of an arm are medians over its rounds, at one number of connections', () => {
    const runs = [run({ perSecond: 1 }), run({ perSecond: 9 }), run({ perSecond: 2 })];
    const others = [run({ arm: 'lua', perSecond: 50 }), run({ connections: 8, perSecond: 70 })];
    expect(medianOf([...runs, ...others], 'ours', 64, ({ perSecond }) => perSecond)).toBe(2);
    expect(medianOf(runs, 'echo', 64, ({ perSecond }) => perSecond)).toBeNull();
    expect(serverUs(run({}))).toBe(16);
  });

  test('the table names what saturated, how many reserves an append had, and errors', () => {
    const table = runsTable([
      run({}),
      run({ arm: 'echo', us: { gateway: 6 }, busy: { gateway: 0.5 }, perCommit: null, errors: 3 }),
    ]);
    expect(table.find((line) => line.startsWith('64 ours'))).toBe(
      '64 ours: gateway 12.0 us 95 %, shard 4.0 us 30 %; 20.0 requests an XADD; saturated: gateway',
    );
    expect(table.find((line) => line.startsWith('64 echo'))).toBe(
      '64 echo: gateway 6.0 us 50 %; no thread saturated; 3 ERRORS',
    );
  });
});

describe('bounds', () => {
  test('are of what was measured, and of ours over before', () => {
    const runs = [
      run({ perSecond: 300 }),
      run({ arm: 'lua', perSecond: 200 }),
      run({ arm: 'before', perSecond: 100, us: { gateway: 32 } }),
    ];
    const bounds = [
      { connections: 64, over: 'lua', wanted: '>= 1.4' },
      { connections: 64, over: 'echo', wanted: 'never measured' },
      { connections: 8, us: 'server', wanted: 'never measured' },
      { connections: 64, us: 'server', wanted: '<= 28' },
      { connections: 64, us: 'shard', wanted: '<= 5' },
    ];
    const bare = boundsOf(runs, bounds).map(({ name, value, wanted }) => ({ name, value, wanted }));
    expect(bare).toEqual([
      { name: 'ours / lua, 64 connections', value: 1.5, wanted: '>= 1.4' },
      { name: 'server, us each, 64 connections', value: 16, wanted: '<= 28' },
      { name: 'shard, us each, 64 connections', value: 4, wanted: '<= 5' },
      { name: 'ours / before, 64 connections, requests/s', value: 3, wanted: 'more than 1' },
      { name: 'ours / before, 64 connections, processor time', value: 0.5, wanted: 'less than 1' },
    ]);
  });
});

describe('spread', () => {
  test('of a ratio is that of each round, and its value that of the medians', () => {
    const ours = [100, 400, 300].map((perSecond) => run({ perSecond }));
    const lua = [100, 200, 100].map((perSecond) => run({ arm: 'lua', perSecond }));
    expect(boundsOf([...ours, ...lua], [{ connections: 64, over: 'lua', wanted: '>= 1.4' }])).toEqual([
      { name: 'ours / lua, 64 connections', value: 3, wanted: '>= 1.4', rounds: [1, 2, 3] },
    ]);
  });
});

describe('the books at the end of a run', () => {
  test.each([
    [100, 100, 0],
    [108, 100, 8],
    [null, 100, 0],
  ])('%j taken, %i answered, %i not known: they agree', (taken, answered, unknown) => {
    expect(() => checkTaken(taken, answered, unknown)).not.toThrow();
  });

  test.each([
    [99, 100, 8],
    [109, 100, 8],
  ])('%j taken, %i answered, %i not known: they do not', (taken, answered, unknown) => {
    expect(() => checkTaken(taken, answered, unknown)).toThrow(`${answered} reserves were answered`);
  });
});

describe('what programs say', () => {
  test('wrk: its last line, in our units', () => {
    const line =
      'BENCH {"requests":10,"durationUs":2000000,"statusErrors":1,"socketErrors":2,"p50Us":1500,"p99Us":9000,"p999Us":9500,"maxUs":10000}';
    expect(parseWrk(`Running 2s test\n\n${line}\n`)).toEqual({
      ...{ requests: 9, seconds: 2, errors: 3, p50Ms: 1.5, p99Ms: 9, p999Ms: 9.5, maxMs: 10 },
    });
    expect(() => parseWrk('unable to connect')).toThrow('said nothing');
  });

  test('Redis: the calls of one command, none when it was never asked', () => {
    const info = '# Commandstats\r\ncmdstat_xadd:calls=120,usec=1\r\ncmdstat_xaddx:calls=7,usec=1\r\n';
    expect(callsOf(info, 'xadd')).toBe(120);
    expect(callsOf(info, 'get')).toBe(0);
  });

  test('threads: a role that has one thread needs no number, and restarts are the same thread', () => {
    const lines = '7 7 main\n7 8 shard-0\n7 9 gateway-0\n7 10 gateway-1\n7 11 shard-0\n9 12 main\n';
    const nameOf = threadNames(lines, 7);
    expect([7, 8, 9, 10, 11].map((tid) => nameOf(tid, 'node'))).toEqual([
      ...['main', 'shard', 'gateway-0', 'gateway-1', 'shard'],
    ]);
    expect([nameOf(12, 'node'), nameOf(13, 'libuv-worker')]).toEqual(['helpers', 'pool']);
  });
});
