/** The comparison itself, with tiny numbers: every arm starts, sells what it says and is counted thread by thread. */
import { describe, expect, test } from 'vitest';
import { whyNoWrk } from '../../bench/baselines/wrk.ts';
import { runReserve } from '../../bench/reserve.ts';
import { s1 } from '../../bench/reserve-plans.ts';
import { readBenchOptions } from '../../bench/run/options.ts';
import { serverUs } from '../../bench/runs.ts';
import { whyNoRedis } from '../persistence/support.ts';

const whyNot = whyNoWrk() ?? whyNoRedis();

describe.skipIf(whyNot !== null)(`S1${whyNot === null ? '' : ` (skipped: ${whyNot})`}`, () => {
  test('measures each arm once', { timeout: 300_000 }, async () => {
    const flags = ['--connections', '8', '--rounds', '1', '--seconds', '1'];
    const { runs = [], ratios } = await runReserve({ ...s1, warmSeconds: 1 }, readBenchOptions(flags, []));
    expect(runs.map(({ arm }) => arm)).toEqual(['ours', 'lua', 'postgres', 'echo']);
    for (const run of runs) {
      expect(run.requests).toBeGreaterThan(0);
      expect(run.errors).toBe(0);
      expect(serverUs(run)).toBeGreaterThan(0);
    }
    const [ours, lua] = runs;
    expect(Object.keys(ours!.us)).toEqual(expect.arrayContaining(['gateway', 'shard', 'redis', 'postgres']));
    expect(Object.keys(lua!.us)).toEqual(expect.arrayContaining(['gateway', 'redis']));
    expect(ours!.perCommit).toBeGreaterThan(0);
    // No bound is for eight connections.
    expect(ratios.filter(({ name }) => name.startsWith('ours /'))).toEqual([]);
  });
});
