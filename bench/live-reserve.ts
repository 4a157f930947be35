/**
 * S2: a durable reserve over the live socket, one hot SKU. A socket may send 20 frames a second, so the rush is many
 * sockets: "connections" are the holds that are under way, over 4,000 sockets in turn.
 *
 * Load: closed loop of a client of our own (`client/live-holds.ts`); it costs about as much as a server's gateway, and shares
 * the machine with it: look at processor time.
 */
import { alternate, armsOf, secondsOf, turnsText } from './alternate.ts';
import type { Arm } from './baselines/arms.ts';
import { counted, makeShots } from './baselines/shots.ts';
import { type ClientProcess, openClient } from './client/open.ts';
import type { ArmRun, Measurement } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { boundsOf } from './runs.ts';

const socketCount = 4_000;
const warmSeconds = 4;

export async function run(options: BenchOptions): Promise<Measurement> {
  const seconds = secondsOf(options);
  const runs = await alternate(
    {
      name: 'S2',
      journal: 'redis',
      variants: armsOf('ours', 'before', 'lua', 'echo'),
      connections: [64, 256],
      warmUp: (arm) => hold(arm, 64, warmSeconds).then(() => {}),
      measure: (arm, connections) => hold(arm, connections, seconds),
    },
    options,
  );
  return {
    name: 'S2',
    question: 'a durable reserve over a live socket, one hot SKU, Redis appendfsync always',
    load: `a client of our own, closed loop, holds under way over ${socketCount.toLocaleString('en-US')} sockets, ${seconds} s a run; ${turnsText(options)}`,
    doesNotMeasure: ['a network', 'more than 20 frames a second of one socket: they are refused'],
    ...{ series: [], runs, skipped: [] },
    ratios: boundsOf(runs, [
      { connections: 64, over: 'lua', wanted: '>= 3' },
      { connections: 256, over: 'lua', wanted: '>= 3' },
    ]),
  };
}

async function hold(arm: Arm, underWay: number, seconds: number): Promise<Omit<ArmRun, 'arm'>> {
  const shots = await makeShots(arm, 1);
  let client: ClientProcess | null = null;
  try {
    const sockets = socketCount;
    client = await openClient({
      job: 'live-holds',
      url: arm.url,
      file: shots.file,
      sockets,
      underWay,
      seconds,
    });
    return await counted(arm, underWay, async () => {
      const result = await client!.run();
      if (result.firstError !== null) process.stderr.write(`S2: ${result.firstError}\n`);
      return result;
    });
  } finally {
    await client?.close();
    await shots.remove();
  }
}
