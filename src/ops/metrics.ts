/**
 * Prometheus metrics, made at every scrape from the threads' own numbers: nothing is counted twice, and a thread
 * that does not answer is simply missing. Counters begin at 0 with their thread, which Prometheus understands.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

export interface Sample {
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** For histograms: `<name>_bucket`, `_sum`, `_count`. */
  readonly metricName?: string;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly values: readonly Sample[];
}

export function gauge(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'gauge', values };
}

export function counter(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'counter', values };
}

/** Sums and counts only: `<name>_sum` and `<name>_count` samples. */
export function summary(name: string, help: string, values: readonly Sample[]): Family {
  return { name, help, type: 'summary', values };
}

export interface HistogramSeries {
  readonly labels?: Sample['labels'];
  /** Counts at or under each bound (not cumulative), then those above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  series: readonly HistogramSeries[],
): Family {
  const values = series.flatMap(({ labels = {}, counts, sum }) => {
    let seen = 0;
    const samples: Sample[] = [...bounds, '+Inf'].map((le, index) => {
      seen += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: seen };
    });
    samples.push({ metricName: `${name}_sum`, labels, value: sum });
    samples.push({ metricName: `${name}_count`, labels, value: seen });
    return samples;
  });
  return { name, help, type: 'histogram', values };
}

/** Memory, event loop and descriptors of the process; once per process. */
const processRegistry = new Registry();
collectDefaultMetrics({ register: processRegistry });

/** The text exposition format. */
export async function exposition(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) {
    // The registry asks a metric for its values by `get`; ours are at hand already.
    registry.registerMetric({ ...family, get: async () => family } as unknown as Metric);
  }
  return `${await registry.metrics()}${await processRegistry.metrics()}`;
}
