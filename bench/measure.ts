/** A measurement is plain data: what was asked, what came out of each round, on which machine. Printing is apart. */
import { cpus, loadavg, totalmem } from 'node:os';

export interface Series {
  readonly arm: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Ratio {
  readonly name: string;
  readonly value: number;
  /** The bound to reach, in words. */
  readonly wanted: string;
  /** Of each round, where there were several. */
  readonly rounds?: readonly number[];
}

/** One arm at one number of connections in one round. */
export interface ArmRun {
  readonly arm: string;
  readonly connections: number;
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no success, and connections that broke. */
  readonly errors: number;
  /** Processor time a request by thread or process, in us. */
  readonly us: Readonly<Record<string, number>>;
  /** Share of one core by thread or process. */
  readonly busy: Readonly<Record<string, number>>;
  /** The same of the load generator. */
  readonly clientUs: number;
  readonly clientBusy: number;
  /** Cores of the machine that nobody used, and that others than this bench used. */
  readonly idleCores: number;
  readonly foreignCores: number;
  /** Requests an append to the store; null where it has none that can be counted. */
  readonly perCommit: number | null;
}

export interface Measurement {
  readonly name: string;
  readonly question: string;
  readonly load: string;
  readonly doesNotMeasure: readonly string[];
  readonly series: readonly Series[];
  readonly ratios: readonly Ratio[];
  /** Arms against each other, by connections and round. */
  readonly runs?: readonly ArmRun[];
  /** Parts that could not run, and why. */
  readonly skipped: readonly string[];
}

export function seriesOf(arm: string, unit: string, rounds: readonly number[]): Series {
  const sorted = [...rounds].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { arm, unit, rounds, median, min: sorted[0]!, max: sorted.at(-1)! };
}

export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadAtStart: Math.round(loadavg()[0]! * 10) / 10,
  };
}
