/**
 * Live sockets that watch one sale's line. `requests` are the positions received; latencies are their ages: from the time
 * that the frame says it is of (`asOf`) to its receipt, on one clock, because all is on one machine.
 */
import type { Make, Positions } from './jobs.ts';
import { Latencies } from './latencies.ts';
import { openSockets } from './live-socket.ts';
import { linesOf } from './shots.ts';

const serving = Buffer.from('"type":"queue.serving"');
const personal = Buffer.from('"type":"position"');
const asOfPattern = /"asOf":"([^"]+)"/;

export const makePositions: Make<Positions> = async ({ url, file, saleId, sockets: count, seconds }) => {
  const tokens = linesOf(file).slice(0, count);
  let ages = new Latencies();
  let errors: string[] = [];
  let received = 0;
  /** A broadcast is the same bytes for everybody: it is read once. */
  let last = Buffer.alloc(0);
  let asOfMs = 0;
  const sockets = await openSockets(url, tokens, () => ({
    onText(bytes, start, end) {
      const frame = bytes.subarray(start, end);
      if (!frame.equals(last)) {
        const isPosition = frame.includes(serving) || frame.includes(personal);
        if (!isPosition) return;
        last = Buffer.from(frame);
        asOfMs = Date.parse(asOfPattern.exec(frame.toString('utf8'))?.[1] ?? '');
      }
      received++;
      ages.add(Date.now() - asOfMs);
    },
    onEnd: (why) => void errors.push(why),
  }));
  for (const socket of sockets) socket.send(JSON.stringify({ type: 'subscribe', id: 's', saleId }));
  return {
    async run() {
      [ages, errors, received] = [new Latencies(), [], 0];
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      const [p50Ms = 0, p99Ms = 0, p999Ms = 0] = ages.quantiles(0.5, 0.99, 0.999) ?? [];
      return {
        ...{ requests: received, seconds, errors: errors.length },
        ...{ p50Ms, p99Ms, p999Ms, firstError: errors[0] ?? null, lateP99Ms: null },
      };
    },
    close() {
      for (const socket of sockets) socket.close();
    },
  };
};
