/**
 * `npm run hostile -- --inputs 1000000`: broken requests and frames against one real server. Afterwards it must be the
 * same process, as large as before, and sell a unit. Exit code 0: so it was; 1: it was not; 2: bad flags.
 *
 * Memory is the server's resident set after a warm-up, the lowest of some seconds of quiet: as it is, and once garbage
 * has been collected in every thread. The second is what is judged: when a collector runs is its own affair, and what it
 * leaves behind is what was really kept. The quiet is longer than an idle actor stays in memory: mutations leave some
 * requests valid, and the state of those is no leak.
 */
import { parseArgs } from 'node:util';
import { whole } from '../test/support/flags.ts';
import { assault, findVictim, openDoors } from '../test/system/hostile.ts';
import { Answers, type Victim } from '../test/system/hostile-answers.ts';
import { type Inspector, inspected, openInspector, type ThreadMemory } from '../test/system/inspector.ts';
import { readMetrics } from '../test/system/metrics.ts';
import { isAlive, openSite, residentMb, type ServerProcess, waitFor } from '../test/system/server.ts';
import { checkOut, holding, stockOf } from '../test/system/shop.ts';

/** Until every thread's heap, and the allocator's share for every thread, have reached their usual size. */
const warmUpDefault = 1_000_000;
const inputsPerRound = 100_000;
const quietSecondsDefault = 75;
const sampleEveryMs = 250;
const samplesOfCollected = 20;
const growthMax = 0.05;

const flags = {
  inputs: { type: 'string', default: '1000000' },
  'warm-up': { type: 'string', default: String(warmUpDefault) },
  seed: { type: 'string', default: '1' },
  quiet: { type: 'string', default: String(quietSecondsDefault) },
} as const;

const pause = () => new Promise((resolve) => setTimeout(resolve, sampleEveryMs));

async function lowestMb(pid: number, samples: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let taken = 0; taken < samples; taken++, await pause()) lowest = Math.min(lowest, residentMb(pid));
  return lowest;
}

interface Memory {
  readonly asItIsMb: number;
  readonly collectedMb: number;
  readonly threads: readonly ThreadMemory[];
}

/** When nothing is open any more. */
async function memoryAtRest(server: ServerProcess, inspector: Inspector, restMs: number): Promise<Memory> {
  await waitFor(async () => {
    const metrics = await readMetrics(server.opsUrl);
    return (
      metrics.value('doorbuster_connections') === 0 && metrics.value('doorbuster_http_open_requests') === 0
    );
  }, 30_000);
  const asItIsMb = await lowestMb(server.pid, Math.max(1, restMs / sampleEveryMs));
  const threads = await inspector.collect();
  return { asItIsMb, collectedMb: await lowestMb(server.pid, samplesOfCollected), threads };
}

const percent = (share: number) => `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`;

function memoryTable(before: Memory, after: Memory): string {
  const row = (name: string, from: number, to: number) =>
    `| ${[name, from.toFixed(1), to.toFixed(1), percent(to / from - 1)].join(' | ')} |`;
  return [
    '| memory, MB | after the warm-up | at the end | growth |',
    '| --- | --- | --- | --- |',
    row('resident, as it is', before.asItIsMb, after.asItIsMb),
    row('resident, garbage collected', before.collectedMb, after.collectedMb),
    ...before.threads.flatMap(({ thread, heapMb, pagesMb, buffersMb }) => {
      const later = after.threads.find((one) => one.thread === thread);
      if (!later) return [`| ${thread} | ${heapMb.toFixed(1)} | gone | |`];
      return [
        row(`objects of ${thread}`, heapMb, later.heapMb),
        row(`pages of ${thread}`, pagesMb, later.pagesMb),
        row(`buffers of ${thread}`, buffersMb, later.buffersMb),
      ];
    }),
  ].join('\n');
}

interface Plan {
  readonly inputs: number;
  readonly warmUp: number;
  readonly seed: number;
  readonly restMs: number;
}

/** So many inputs, in rounds of their own seeds. */
async function throwAll(victim: Victim, inputs: number, firstSeed: number, pid: number): Promise<Answers> {
  const answers = new Answers();
  for (let seed = firstSeed; answers.total < inputs; seed++) {
    await assault(victim, Math.min(inputsPerRound, inputs - answers.total), seed, answers);
    console.error(`hostile: ${answers.total} of ${inputs} sent, ${residentMb(pid).toFixed(1)} MB`);
  }
  return answers;
}

async function attack({ inputs, warmUp, seed, restMs }: Plan): Promise<string[]> {
  const site = await openSite({ ...openDoors, ...inspected });
  try {
    const server = await site.start();
    const { pid } = server;
    const inspector = await openInspector(server);
    const victim = await findVictim(server, 10);

    await throwAll(victim, warmUp, seed * 1_000_000, pid);
    const before = await memoryAtRest(server, inspector, restMs);
    console.error(
      `hostile: warm, ${before.asItIsMb.toFixed(1)} MB, ${before.collectedMb.toFixed(1)} collected`,
    );
    const startedAtMs = performance.now();
    const answers = await throwAll(victim, inputs, seed * 1_000_000 + 500_000, pid);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const after = await memoryAtRest(server, inspector, restMs);
    inspector.close();
    const growth = after.collectedMb / before.collectedMb - 1;

    console.log(`${answers.table()}\n\n${memoryTable(before, after)}\n`);
    console.log(
      `${answers.total} inputs in ${seconds.toFixed(1)} s after ${warmUp} to warm up, seed ${seed}; memory ${percent(growth)}`,
    );
    const problems = answers.surprises();
    if (!server.isRunning || !isAlive(pid)) problems.push('the server has ended');
    if (growth > growthMax) problems.push(`memory grew by ${percent(growth)}`);
    problems.push(...server.errors().slice(0, 5));
    const { drop } = victim;
    const stock = await stockOf(server, drop.sku);
    if (stock.held !== 0 || stock.sold !== 0) problems.push(`stock moved: ${JSON.stringify(stock)}`);
    const order = await checkOut(server, await holding(server, drop));
    if (order.status !== 201 || order.body.status !== 'confirmed')
      problems.push(`no unit could be sold: ${order.status} ${JSON.stringify(order.body)}`);
    else console.log(`pid ${pid} before and after; it sold a unit: order ${order.body.orderId}`);
    return problems;
  } finally {
    await site.close();
  }
}

async function main(): Promise<number> {
  let plan: Plan;
  try {
    const { values } = parseArgs({ options: flags });
    plan = {
      inputs: whole(values.inputs, 'inputs', 100_000_000),
      warmUp: whole(values['warm-up'], 'warm-up', 10_000_000),
      seed: whole(values.seed, 'seed', 1_000),
      restMs: whole(values.quiet, 'quiet', 600) * 1_000,
    };
  } catch (error) {
    console.error(`hostile: ${(error as Error).message}`);
    return 2;
  }
  const problems = await attack(plan);
  for (const problem of problems) console.log(`BROKEN  ${problem}`);
  return problems.length > 0 ? 1 : 0;
}

process.exitCode = await main();
