import { describe, expect, test } from 'vitest';
import {
  parseMachine,
  parseParent,
  parseSchedstat,
  type Sample,
  sample,
  usedBetween,
} from '../../bench/cpu/schedstat.ts';

describe('processor time', () => {
  test('of a thread is the first figure of its schedstat', () => {
    expect(parseSchedstat('577087941 3883790785 2552\n')).toBe(577_087_941);
    expect(() => parseSchedstat('')).toThrow('no schedstat');
    expect(() => parseSchedstat('none at all')).toThrow('no schedstat');
  });

  test('of the machine: waiting for a disk is idle, stolen time is not', () => {
    const stat = 'cpu  100 10 50 1000 200 5 15 20 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
    expect(parseMachine(stat)).toEqual({ busyTicks: 200, idleTicks: 1_200 });
  });

  test('the parent is found behind a name with brackets and blanks', () => {
    expect(parseParent('4242 (postgres: (a) b) S 17 4242 4242 0 -1')).toBe(17);
  });

  test('between two samples is that of each name, a thread that is new included', () => {
    const at = (atMs: number, used: Record<string, number>, busyTicks: number): Sample => ({
      ...{ atMs, usedNs: new Map(Object.entries(used)), machine: { busyTicks, idleTicks: 0 } },
    });
    const before = at(0, { shard: 1_000_000, gone: 5_000_000 }, 0);
    const after = at(1_000, { shard: 301_000_000, fresh: 100_000_000 }, 200);
    const { us, wallMs } = usedBetween(before, after, 0);
    expect(us).toEqual({ shard: 300_000, fresh: 100_000 });
    expect(wallMs).toBe(1_000);
  });

  test('a process that computes is seen computing', () => {
    const watched = [{ label: 'me', pid: process.pid }];
    const before = sample(watched);
    const untilMs = performance.now() + 50;
    let spins = 0;
    while (performance.now() < untilMs) spins++;
    const used = usedBetween(before, sample(watched), 0);
    expect(spins).toBeGreaterThan(0);
    expect(used.us.me).toBeGreaterThan(0);
  });

  test('a process that has gone is no error', () => {
    expect(sample([{ label: 'gone', pid: 2 ** 22 - 1 }]).usedNs.size).toBe(0);
  });
});
