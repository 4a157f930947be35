/** Reads the Prometheus text format strictly: a line that is neither a comment nor a sample is an error. */

import { expect } from 'vitest';

export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly MetricSample[];
  /** The value of the one sample with this name and (at least) these labels. */
  value(name: string, labels?: MetricSample['labels']): number;
  /** Buckets never fall, and the last one is the count. */
  expectSoundHistograms(): void;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.eE+-]+|N[aA][nN]|[+-]Inf)$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

export async function readMetrics(opsUrl: string): Promise<Metrics> {
  const response = await fetch(`${opsUrl}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  return parseMetrics(await response.text());
}

export function parseMetrics(text: string): Metrics {
  const types = new Map<string, string>();
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      if (types.has(type[1]!)) throw new Error(`${type[1]} is declared twice`);
      types.set(type[1]!, type[2]!);
    } else if (line !== '' && !line.startsWith('# HELP ')) {
      samples.push(parseSample(line));
    }
  }
  return {
    types,
    samples,
    value(name, labels = {}) {
      const found = samples.filter(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      if (found.length !== 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
      return found[0]!.value;
    },
    expectSoundHistograms() {
      const series = new Map<string, MetricSample[]>();
      for (const sample of samples.filter(({ name }) => name.endsWith('_bucket'))) {
        const { le: _, ...labels } = sample.labels;
        const key = JSON.stringify([sample.name.replace(/_bucket$/, ''), labels]);
        series.set(key, [...(series.get(key) ?? []), sample]);
      }
      expect(series.size).toBeGreaterThan(0);
      for (const [key, buckets] of series) {
        const [name, labels] = JSON.parse(key) as [string, Record<string, string>];
        expect(types.get(name)).toBe('histogram');
        const values = buckets.map(({ value }) => value);
        expect(values, key).toEqual(values.toSorted((a, b) => a - b));
        expect(buckets.at(-1)!.labels.le).toBe('+Inf');
        expect(this.value(`${name}_count`, labels), key).toBe(values.at(-1));
      }
    },
  };
}

function parseSample(line: string): MetricSample {
  const [, name, inner = '', number] = sampleLine.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a metric: ${line}`);
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of inner.matchAll(labelPair)) {
    labels[match[1]!] = match[2]!;
    end = match.index + match[0].length;
  }
  if (end !== inner.length) throw new Error(`bad labels: ${line}`);
  return { name, labels, value: Number(number!.replace('Inf', 'Infinity')) };
}
