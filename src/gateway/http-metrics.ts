/**
 * Counts of answers and their seconds by route and status: plain numbers that travel between threads, so that the
 * operators' endpoint can add up all gateways as `doorbuster_http_request_seconds{route,status}`.
 */

/** Upper bounds of the histogram's buckets in seconds; the last bucket has none. */
export const secondsBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

export interface RouteCounts {
  readonly route: string;
  readonly status: number;
  count: number;
  sumSeconds: number;
  /** Not cumulative: answers at or under each bound, then those above the last. */
  readonly buckets: number[];
}

export interface HttpMetrics {
  observe(route: string, status: number, seconds: number): void;
  snapshot(): RouteCounts[];
}

export function createHttpMetrics(): HttpMetrics {
  // Routes and statuses are ours, not the client's, so the maps are small for ever.
  const countsByRoute = new Map<string, Map<number, RouteCounts>>();

  function countsOf(route: string, status: number): RouteCounts {
    let byStatus = countsByRoute.get(route);
    if (!byStatus) {
      byStatus = new Map();
      countsByRoute.set(route, byStatus);
    }
    let counts = byStatus.get(status);
    if (!counts) {
      const buckets = new Array<number>(secondsBounds.length + 1).fill(0);
      counts = { route, status, count: 0, sumSeconds: 0, buckets };
      byStatus.set(status, counts);
    }
    return counts;
  }

  return {
    observe(route, status, seconds) {
      const counts = countsOf(route, status);
      counts.count += 1;
      counts.sumSeconds += seconds;
      let bucket = 0;
      while (bucket < secondsBounds.length && seconds > secondsBounds[bucket]!) bucket += 1;
      counts.buckets[bucket]! += 1;
    },
    snapshot: () =>
      [...countsByRoute.values()].flatMap((byStatus) =>
        [...byStatus.values()].map((counts) => ({ ...counts, buckets: [...counts.buckets] })),
      ),
  };
}
