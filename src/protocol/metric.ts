/**
 * Metrics as plain data: whoever counts describes its families itself, they travel between threads with the thread's
 * other numbers, and whoever prints them adds up what several threads say and knows nothing of what was counted.
 * The types and names are those of Prometheus.
 */

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Where it is not the family's: `<name>_bucket`, `<name>_sum`, `<name>_count`. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

/** One number, when there is nothing to tell apart. */
export type Samples = number | readonly Sample[];

export function gauge(name: string, help: string, samples: Samples): Family {
  return { name, help, type: 'gauge', samples: listed(samples) };
}

export function counter(name: string, help: string, samples: Samples): Family {
  return { name, help, type: 'counter', samples: listed(samples) };
}

function listed(samples: Samples): readonly Sample[] {
  return typeof samples === 'number' ? [{ labels: {}, value: samples }] : samples;
}

export interface SummarySeries {
  readonly labels: Labels;
  readonly count: number;
  readonly sum: number;
}

/** Sums and counts only. */
export function summary(name: string, help: string, series: readonly SummarySeries[]): Family {
  const samples = series.flatMap(({ labels, count, sum }) => [
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]);
  return { name, help, type: 'summary', samples };
}

export interface HistogramSeries {
  readonly labels: Labels;
  /** Counts at or under each bound (not cumulative), then those above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A series that counts as it goes. `bounds`: upper bounds, rising; values above the last have a bucket of their own. */
export class Buckets implements HistogramSeries {
  readonly labels: Labels;
  readonly counts: number[];
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
    this.#bounds = bounds;
  }

  add(value: number): void {
    this.sum += value;
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
  }
}

export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  series: readonly HistogramSeries[],
): Family {
  const samples = series.flatMap(({ labels, counts, sum }) => {
    let seen = 0;
    const buckets: Sample[] = [...bounds, '+Inf'].map((le, index) => {
      seen += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: seen };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: seen },
    ];
  });
  return { name, help, type: 'histogram', samples };
}

/** One family a name, in the order in which the names come first; the values of equal label sets are added up. */
export function merge(families: Iterable<Family>): Family[] {
  const samplesByFamily = new Map<string, Map<string, Sample>>();
  const merged: Family[] = [];
  for (const family of families) {
    let samples = samplesByFamily.get(family.name);
    if (!samples) {
      samples = new Map();
      samplesByFamily.set(family.name, samples);
      merged.push(family);
    }
    for (const sample of family.samples) {
      const id = idOf(sample);
      const known = samples.get(id);
      samples.set(id, known ? { ...known, value: known.value + sample.value } : sample);
    }
  }
  return merged.map((family) => ({ ...family, samples: [...samplesByFamily.get(family.name)!.values()] }));
}

function idOf({ metricName = '', labels }: Sample): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(String(value))}`);
  return `${metricName} ${pairs.sort().join(',')}`;
}
