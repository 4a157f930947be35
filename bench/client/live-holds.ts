/**
 * Holds over live sockets. A socket may send 20 frames a second, so a rush is many sockets: a bounded number of holds is
 * under way, and each goes out by the socket whose turn it is.
 */
import type { LiveHolds, Make } from './jobs.ts';
import { Latencies } from './latencies.ts';
import { openSockets } from './live-socket.ts';
import { freshId, readShots, type Shot } from './shots.ts';

const created = Buffer.from('"status":201');
const reply = Buffer.from('"type":"reply"');
const graceMs = 10_000;

export const makeLiveHolds: Make<LiveHolds> = async ({ url, file, sockets: count, underWay, seconds }) => {
  const shots = readShots(file).slice(0, count);
  if (shots.length < count) throw new Error(`there are ${shots.length} buyers for ${count} sockets`);
  const parts = shots.map(frameParts);
  const sentAtMs = new Float64Array(count);
  let latencies = new Latencies();
  let errors: string[] = [];
  let requests = 0;
  let open = 0;
  let next = 0;
  let endsAtMs = 0;
  let lastAtMs = 0;
  let onIdle = () => {};

  function send(nowMs: number): void {
    const index = next++ % count;
    const [before, after] = parts[index]!;
    sentAtMs[index] = nowMs;
    open++;
    sockets[index]!.send(before + freshId() + after);
  }

  const sockets = await openSockets(
    url,
    shots.map(({ token }) => token),
    (index) => ({
      onText(bytes, start, end) {
        const frame = bytes.subarray(start, end);
        if (!frame.includes(reply)) return;
        const nowMs = performance.now();
        open--;
        lastAtMs = nowMs;
        if (frame.includes(created)) {
          requests++;
          latencies.add(nowMs - sentAtMs[index]!);
        } else errors.push(frame.toString('utf8', 0, 300));
        if (nowMs < endsAtMs) send(nowMs);
        else if (open === 0) onIdle();
      },
      onEnd: (why) => void errors.push(why),
    }),
  );
  return {
    async run() {
      [latencies, errors, requests] = [new Latencies(), [], 0];
      const startedAtMs = performance.now();
      endsAtMs = startedAtMs + seconds * 1_000;
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
        setTimeout(resolve, seconds * 1_000 + graceMs).unref();
      });
      for (let n = 0; n < underWay; n++) send(performance.now());
      await idle;
      const [p50Ms = 0, p99Ms = 0, p999Ms = 0] = latencies.quantiles(0.5, 0.99, 0.999) ?? [];
      return {
        ...{ requests, seconds: (lastAtMs - startedAtMs) / 1_000, errors: errors.length + open },
        ...{ p50Ms, p99Ms, p999Ms, firstError: errors[0] ?? null, lateP99Ms: null },
      };
    },
    close() {
      for (const socket of sockets) socket.close();
    },
  };
};

/** The frame before and after the hold's id. */
function frameParts({ admission, path, sku }: Shot): readonly [before: string, after: string] {
  const saleId = path.split('/')[3];
  const hold = { type: 'hold', id: 'r', saleId, sku, quantity: 1, admissionToken: admission, holdId: '#' };
  return JSON.stringify(hold).split('#') as [string, string];
}
