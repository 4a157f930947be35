/**
 * `npm run load`: what people bring to a load test, autocannon, with what it lacks here: accounts, ids and turns are made
 * ready before it begins. It measures the server together with its client, on one machine.
 */
import { Client, NoAnswer, ServerGone } from './crowd/client.ts';
import { createClock } from './crowd/clock.ts';
import { createTally } from './crowd/statistics.ts';
import { BadFlags } from './flags.ts';
import { type LoadOptions, readLoadOptions, usage } from './load/options.ts';
import { resultText, runLoad } from './load/run.ts';
import { makeScene } from './load/scenes.ts';
import { NotReady } from './load/stage.ts';

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = readLoadOptions(argv);
    if (options !== null) return await load(options);
    console.log(usage);
    return 0;
  } catch (error) {
    if (error instanceof BadFlags) {
      for (const problem of error.problems) console.error(`load: ${problem}`);
      console.error('load: --help shows the flags');
      return 2;
    }
    const isOutside = [NotReady, NoAnswer, ServerGone].some((kind) => error instanceof kind);
    if (!isOutside) throw error;
    console.error(`load: ${error instanceof Error ? error.message : error}`);
    return 3;
  }
}

async function load(options: LoadOptions): Promise<number> {
  const clock = createClock();
  const client = new Client({
    ...{ url: options.url, concurrency: 64, reconnectSeconds: 2, patienceSeconds: 0 },
    ...{ clock, tally: createTally(), random: Math.random },
  });
  const say = (line: string) => void (options.isJson ? process.stderr : process.stdout).write(`${line}\n`);
  try {
    await client.reachable();
    const scene = await makeScene(client, options, say);
    try {
      const result = await runLoad(options, scene, say);
      if (options.isJson) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      else process.stdout.write(resultText(result));
      const isAnswered = Object.keys(result.statuses).some((status) => status.startsWith('2'));
      return isAnswered ? 0 : 1;
    } finally {
      await scene.close();
    }
  } finally {
    clock.stop();
    await client.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
