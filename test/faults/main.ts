/**
 * `npm run faults -- --rounds N [--only name,…] [--seed N] [--json]`: rounds with real processes, one fault each, and
 * the table of faults x rounds x result. Exit code 0: every round kept every promise; 1: one did not; 2: bad flags;
 * 130: interrupted.
 */
import { parseArgs } from 'node:util';
import { whyNoRedis } from '../persistence/support.ts';
import { whyNoElasticsearch } from '../support/elasticsearch.ts';
import { whole } from '../support/flags.ts';
import { catalog, schedule } from './catalog.ts';
import { composeTable, roundLine, tableText } from './report.ts';
import { type RoundResult, runRound } from './round.ts';
import { whyNoSmallDisk } from './small-disk.ts';
import { startDatabaseServer } from './stores.ts';

const flags = {
  rounds: { type: 'string', default: '40' },
  only: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: flags });
  if (values.list) {
    for (const { name, row, how } of catalog) console.log(`${name.padEnd(28)} row ${row}: ${how}`);
    return 0;
  }
  const rounds = whole(values.rounds, 'rounds', 1_000_000);
  const seed = whole(values.seed, 'seed', 1_000_000);
  const [noRedis, noDisk] = [whyNoRedis(), await whyNoSmallDisk()];
  if (noRedis !== null) console.error(`faults of the Redis journal are skipped: ${noRedis}`);
  if (noDisk !== null) console.error(`faults of full disks are skipped: ${noDisk}`);
  const noElasticsearch = whyNoElasticsearch();
  if (noElasticsearch !== null) console.error(`faults of Elasticsearch are skipped: ${noElasticsearch}`);
  const means = {
    ...{ hasRedis: noRedis === null, hasSmallDisk: noDisk === null },
    hasElasticsearch: noElasticsearch === null,
  };
  const plan = schedule(rounds, seed, values.only?.split(',') ?? null, means);

  const stores = await startDatabaseServer();
  const results: RoundResult[] = [];
  let isInterrupted = false;
  process.once('SIGINT', () => {
    isInterrupted = true;
  });
  try {
    for (const [index, { fault, seed: own }] of plan.entries()) {
      if (isInterrupted) break;
      const result = await runRound(fault, own, stores);
      results.push(result);
      console.error(`${String(index + 1).padStart(4)}/${plan.length} ${roundLine(result)}`);
      if (result.problems.length > 0) {
        for (const problem of result.problems.slice(0, 10)) console.error(`       ${problem}`);
        console.error(result.log.replaceAll(/^/gm, '       | '));
      }
    }
  } finally {
    await stores.stop();
  }
  // A run that was cut short must not pass for a whole one.
  if (isInterrupted) console.error(`faults: interrupted after ${results.length} of ${plan.length} rounds`);
  const table = composeTable(results);
  if (values.json)
    console.log(
      JSON.stringify({ seed, planned: plan.length, ...table, rounds: results.map(withoutLog) }, null, 2),
    );
  else console.log(tableText(table));
  if (isInterrupted) return 130;
  return table.total.failedRounds > 0 ? 1 : 0;
}

const withoutLog = ({ log: _, ...rest }: RoundResult) => rest;

process.exitCode = await main().catch((error: Error) => {
  console.error(`faults: ${error.message}`);
  return 2;
});
