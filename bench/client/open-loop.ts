/**
 * Requests at planned times, whatever the answers do: latency counts from the planned time, so a server that stalls pays for
 * all who would have come meanwhile. The client looks at its clock once a millisecond.
 */
import { type HttpConnection, requestText } from './connection.ts';
import type { Make, OpenLoop } from './jobs.ts';
import { Latencies } from './latencies.ts';
import { openConnections } from './purchases.ts';
import { dealer, freshId, holdParts, linesOf, readShots } from './shots.ts';

/** Answers that come later than this after the end are lost. */
const graceMs = 10_000;
/** The first second is for the client's own compiler: it is sent as planned and not counted. */
const warmMs = 1_000;

function requestsOf({ kind, file }: OpenLoop): () => string {
  if (kind === 'hold') {
    const next = dealer(readShots(file).map(holdParts));
    return () => {
      const [before, after] = next();
      return before + freshId() + after;
    };
  }
  const requests = linesOf(file).map((line) => {
    const [path, token] = line.split(' ') as [string, string | undefined];
    const headers = token === undefined ? [] : [`authorization: Bearer ${token}`];
    return requestText(kind === 'get' ? 'GET' : 'POST', path, headers, kind === 'get' ? null : '{}');
  });
  return dealer(requests);
}

export const makeOpenLoop: Make<OpenLoop> = async (job) => {
  const { url, connections, seconds, perSecond } = job;
  const next = requestsOf(job);
  const broken: string[] = [];
  const opened = await openConnections(url, connections, (why) => broken.push(why));
  return {
    run() {
      const latencies = new Latencies();
      const lateness = new Latencies();
      const free: HttpConnection[] = [...opened];
      /** Planned times of those that wait for a connection: a ring of all that will ever be planned. */
      const count = Math.round(perSecond * (seconds + warmMs / 1_000));
      const beganAtMs = performance.now() + 5;
      const startedAtMs = beganAtMs + warmMs;
      const plannedAtMs = (n: number) => beganAtMs + (n * 1_000) / perSecond;
      const refusals: string[] = [];
      let begun = 0;
      let ended = 0;
      let requests = 0;
      return new Promise((resolve) => {
        function finish(): void {
          const [p50Ms = 0, p99Ms = 0, p999Ms = 0] = latencies.quantiles(0.5, 0.99, 0.999) ?? [];
          resolve({
            ...{ requests, seconds: (performance.now() - startedAtMs) / 1_000, p50Ms, p99Ms, p999Ms },
            errors: refusals.length + broken.length + (begun - ended),
            firstError: refusals[0] ?? broken[0] ?? null,
            lateP99Ms: lateness.quantiles(0.99)?.[0] ?? null,
          });
        }
        function send(connection: HttpConnection, nowMs: number): void {
          const planned = plannedAtMs(begun++);
          const isCounted = planned >= startedAtMs;
          if (isCounted) lateness.add(nowMs - planned);
          connection.ask(next(), (status, body) => {
            const atMs = performance.now();
            ended++;
            if (status < 200 || status >= 300) refusals.push(`${status} ${body.slice(0, 300)}`);
            else if (isCounted) {
              requests++;
              latencies.add(atMs - planned);
            }
            if (begun < count && plannedAtMs(begun) <= atMs) send(connection, atMs);
            else free.push(connection);
          });
        }
        const timer = setInterval(() => {
          const nowMs = performance.now();
          while (begun < count && free.length > 0 && plannedAtMs(begun) <= nowMs) send(free.pop()!, nowMs);
          const isOver = ended === count || nowMs > startedAtMs + seconds * 1_000 + graceMs;
          if (!isOver) return;
          clearInterval(timer);
          finish();
        }, 1);
      });
    },
    close() {
      for (const connection of opened) connection.close();
    },
  };
};
