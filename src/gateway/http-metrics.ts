/** Counts of answers and their seconds by route and status, those of the live socket among them. */
import { type Family, type HistogramSeries, histogram } from '../protocol/metric.ts';

/** Upper bounds of the histogram's buckets in seconds; the last bucket has none. */
const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface RouteCounts extends HistogramSeries {
  readonly counts: number[];
  sum: number;
}

export class RequestMetrics {
  // Routes and statuses are ours, not the client's, so the maps are small for ever.
  readonly #countsByRoute = new Map<string, Map<number, RouteCounts>>();

  observe(route: string, status: number, seconds: number): void {
    const counts = this.#countsOf(route, status);
    counts.sum += seconds;
    let bucket = 0;
    while (bucket < secondsBounds.length && seconds > secondsBounds[bucket]!) bucket += 1;
    counts.counts[bucket]! += 1;
  }

  family(): Family {
    const series = [...this.#countsByRoute.values()].flatMap((byStatus) => [...byStatus.values()]);
    return histogram('doorbuster_http_request_seconds', 'HTTP requests', secondsBounds, series);
  }

  #countsOf(route: string, status: number): RouteCounts {
    let byStatus = this.#countsByRoute.get(route);
    if (!byStatus) {
      byStatus = new Map();
      this.#countsByRoute.set(route, byStatus);
    }
    let counts = byStatus.get(status);
    if (!counts) {
      const zeros = new Array<number>(secondsBounds.length + 1).fill(0);
      counts = { labels: { route, status }, counts: zeros, sum: 0 };
      byStatus.set(status, counts);
    }
    return counts;
  }
}
