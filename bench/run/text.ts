/** A measurement as text. */
import type { Measurement } from '../measure.ts';
import { runsTable } from '../runs.ts';

export const figure = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

export function text(measured: Measurement): string {
  const { name, question, load, doesNotMeasure, series, ratios, skipped, runs = [] } = measured;
  const width = Math.max(0, ...series.map(({ arm }) => arm.length));
  return [
    `${name}: ${question}`,
    `  load: ${load}`,
    ...series.map(
      ({ arm, unit, rounds, median, min, max }) =>
        `  ${arm.padEnd(width)}  ${figure(median)} ${unit}  (${figure(min)} to ${figure(max)}, ${rounds.length} rounds)`,
    ),
    ...(runs.length > 0 ? runsTable(runs).map((line) => `  ${line}`) : []),
    ...ratios.map(({ name: what, value, wanted }) => `  ${what}: ${figure(value)}  (wanted: ${wanted})`),
    ...skipped.map((why) => `  skipped: ${why}`),
    `  not measured: ${doesNotMeasure.join('; ')}`,
    '',
  ].join('\n');
}
