/**
 * `npm run recover -- --list | --accept PARTITION --reason "…"`: partitions whose journal has lost frames.
 *
 *   --list     what is halted, and what is missing; touches nothing; works beside a running server
 *   --accept   go on with what is left. Only while no server runs on this data
 *
 * Ends with 0 when all is well or done, 1 when something is halted or the acknowledgement was refused, 2 for bad flags or
 * settings, 3 when a store cannot be reached.
 */
import '../environment.ts';
import { parseArgs } from 'node:util';
import { alignStock } from '../market/inventory/store.ts';
import { stockEntry } from '../ops/audit-actors.ts';
import { inspect } from '../ops/inspection.ts';
import { type HaltedPartition, haltedPartition, haltedText } from '../ops/recovery-report.ts';
import { acknowledgeDataLoss, countOwners } from '../persistence/data-loss.ts';
import { tieJournalStore } from '../persistence/journal/open.ts';
import { migrate } from '../persistence/migrate.ts';
import { dataIdOf } from '../persistence/server-owner.ts';
import { allPartitions, partitionCount } from '../protocol/address.ts';
import { runToEnd } from '../protocol/slices.ts';
import type { Actor } from '../runtime/partition.ts';
import { encodeState } from '../runtime/saved-state.ts';
import { commandSettings, openStores, type Stores } from './stores.ts';

type Task = { type: 'list'; isJson: boolean } | { type: 'accept'; partition: number; reason: string };

const usage = 'usage: npm run recover -- --list [--json] | --accept PARTITION --reason "why"';
const reasonCharsMax = 2_000;

const task = readTask();
const { config, log } = commandSettings();
let stores: Stores;
try {
  stores = await openStores(config, log);
} catch (error) {
  process.stderr.write(`doorbuster: ${error instanceof Error ? error.message : error}\n`);
  process.exit(3);
}
try {
  process.exitCode = task.type === 'list' ? await list(task.isJson) : await acknowledge(task);
} finally {
  await stores.close();
}

function readTask(): Task {
  try {
    const { values } = parseArgs({
      options: {
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        accept: { type: 'string' },
        reason: { type: 'string' },
      },
    });
    if (values.list && values.accept === undefined) return { type: 'list', isJson: values.json ?? false };
    const partition = /^\d{1,2}$/.test(values.accept ?? '') ? Number(values.accept) : Number.NaN;
    const reason = values.reason?.trim() ?? '';
    if (values.list || !(partition < partitionCount)) throw new Error('which partition?');
    if (reason === '' || reason.length > reasonCharsMax)
      throw new Error('going on without frames needs a reason');
    return { type: 'accept', partition, reason };
  } catch (error) {
    process.stderr.write(`doorbuster: ${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

async function look(partition: number) {
  const inspection = await inspect(partition, stores.inspection);
  const [position] = await stores.positions.read([partition]);
  return { inspection, halted: haltedPartition(inspection, position!) };
}

async function list(isJson: boolean): Promise<number> {
  const halted: HaltedPartition[] = [];
  for (const partition of allPartitions) {
    const found = (await look(partition)).halted;
    if (found) halted.push(found);
  }
  process.stdout.write(isJson ? `${JSON.stringify({ halted }, null, 2)}\n` : haltedText(halted));
  return halted.length === 0 ? 0 : 1;
}

function refuse(why: string): number {
  process.stderr.write(`doorbuster: refused: ${why}\n`);
  return 1;
}

async function acknowledge({ partition, reason }: Extract<Task, { type: 'accept' }>): Promise<number> {
  if ((await countOwners(stores.pool)) > 0) return refuse('a server runs on this data: stop it first');
  await migrate(stores.databaseUrl, log);
  const dataId = await dataIdOf(stores.pool);
  const foreign = await tieJournalStore(config.redisUrl, dataId, log).then(
    () => null,
    (error: Error) => error.message,
  );
  if (foreign !== null) return refuse(foreign);
  const { inspection, halted } = await look(partition);
  if (!halted) return refuse(`partition ${partition} is not halted`);
  if (!halted.isAcceptable) return refuse(`${halted.fault}: bring back a backup`);
  await goOnWith([...inspection.memory.everyActor()], halted, reason);
  log('error', 'ACCEPTED: a partition goes on without frames that its journal has lost', {
    ...halted,
    reason,
  });
  process.stdout.write(
    `${haltedText([halted])}Accepted: ${reason}\nThe next start opens partition ${partition}. Now run: npm run audit\n`,
  );
  return 0;
}

async function goOnWith(
  actors: readonly Actor[],
  { partition, keptSeq, resumeSeq, fault }: HaltedPartition,
  reason: string,
): Promise<void> {
  const skus = actors.filter(({ decider }) => decider.kind === 'sku');
  // Before the acknowledgement: killed in between, the partition is still halted and all of it is done again.
  await alignStock(
    stores.pool,
    skus.flatMap((actor) => stockEntry(actor) ?? []),
  );
  await acknowledgeDataLoss(
    stores.pool,
    config.redisUrl,
    { partition, tailSeq: keptSeq, resumeSeq, fault, reason },
    actors.map(({ decider, key, state }) => ({
      kind: decider.kind,
      key,
      version: decider.version,
      ...runToEnd(encodeState(decider, state)),
    })),
    log,
  );
}
