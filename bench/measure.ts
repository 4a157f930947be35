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
}

export interface Measurement {
  readonly name: string;
  readonly question: string;
  readonly load: string;
  readonly doesNotMeasure: readonly string[];
  readonly series: readonly Series[];
  readonly ratios: readonly Ratio[];
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

const figure = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

export function text(measured: Measurement): string {
  const { name, question, load, doesNotMeasure, series, ratios, skipped } = measured;
  const width = Math.max(...series.map(({ arm }) => arm.length));
  return [
    `${name}: ${question}`,
    `  load: ${load}`,
    ...series.map(
      ({ arm, unit, rounds, median, min, max }) =>
        `  ${arm.padEnd(width)}  ${figure(median)} ${unit}  (${figure(min)} to ${figure(max)}, ${rounds.length} rounds)`,
    ),
    ...ratios.map(({ name: what, value, wanted }) => `  ${what}: ${figure(value)}  (wanted: ${wanted})`),
    ...skipped.map((why) => `  skipped: ${why}`),
    `  not measured: ${doesNotMeasure.join('; ')}`,
    '',
  ].join('\n');
}
