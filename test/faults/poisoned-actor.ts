/**
 * A saved sale whose state contradicts itself: its rates are gone, so whatever reads them throws, and its Tick does so
 * ten times a second. That is what a bug leaves behind; the server has no hook for it. Everybody else must not notice.
 */
import { Packr } from 'msgpackr';
import { readMetrics } from '../system/metrics.ts';
import { waitFor } from '../system/server.ts';
import { admin, admitted, call, type Drop, expected, guest, openDrop, type Person } from '../system/shop.ts';
import type { Fault, Round } from './round.ts';
import { either } from './steps.ts';

const packr = new Packr({ useRecords: true });
/** Long enough for nine restarts, as it was. */
const lookMs = 8_000;
const linesMax = 20;

/** The saved sale with somebody inside, so that it has its Tick all the time; null when it is not saved yet. */
async function savedSale(round: Round, { saleId }: Drop): Promise<object | null> {
  const tables = await round.world.tables();
  const { rows } = await tables.query<{ state: Buffer }>(
    "select state from actor_snapshots where kind = 'sale' and key = $1",
    [saleId],
  );
  const state = rows[0] ? packr.unpack(rows[0].state) : null;
  return state?.active.length > 0 ? state : null;
}

/** The saved sale without its rates, while no server runs. A server that stops in order saves everything, if it has the time. */
async function poison(round: Round, drop: Drop): Promise<void> {
  const { world } = round;
  const { saleId } = drop;
  await world.server.end('SIGTERM');
  if ((await savedSale(round, drop)) === null) {
    await world.start();
    await waitFor(async () => (await savedSale(round, drop)) !== null, 40_000);
    await world.server.end('SIGTERM');
  }
  const tables = await world.tables();
  const state = { ...(await savedSale(round, drop)), queueing: null };
  await tables.query("update actor_snapshots set state = $2 where kind = 'sale' and key = $1", [
    saleId,
    packr.pack(state),
  ]);
}

/** It is named and counted, and neither a thread nor the readiness of the server suffers from it. */
async function expectNamed(round: Round, { saleId }: Drop, operator: Person): Promise<void> {
  const { world } = round;
  const metrics = await readMetrics(world.server.opsUrl);
  const sales = metrics.value('doorbuster_poisoned_actors', { kind: 'sale' });
  if (sales !== 1) round.fail(`${sales} poisoned sales are counted`);
  if (metrics.samples.some(({ name, value }) => name === 'doorbuster_shard_restarts' && value > 0))
    round.fail('a shard was restarted');
  if (metrics.samples.some(({ name, value }) => name === 'doorbuster_partitions_halted' && value > 0))
    round.fail('a partition was halted');
  const ready = await call({ url: world.server.opsUrl }, 'GET /readyz');
  if (ready.status !== 200 || !ready.body.checks.actors.detail?.includes(saleId))
    round.fail(`readyz: ${ready.status} ${JSON.stringify(ready.body)}`);
  const shards = await expected(world, 'GET /v1/ops/shards', 200, { who: operator });
  const named = shards.flatMap(({ poisonedActors }: { poisonedActors: { key: string }[] }) => poisonedActors);
  if (named.length !== 1 || named[0].key !== saleId || named[0].failures < 3)
    round.fail(`the operators' list names ${JSON.stringify(named)}`);
  else round.note('ticks that failed', named[0].failures);
}

async function inject(round: Round): Promise<void> {
  const { world } = round;
  const operator = await admin(world.server);
  // A busy machine may be too slow for it the first time.
  const sick = await waitFor(() => openDrop(world, 3).catch(() => null), 30_000);
  await admitted(world, sick);
  await round.until('holds', 3 + Math.floor(round.random() * 12));
  await poison(round, sick);
  await world.start();
  const isPoisoned = async () => {
    const metrics = await readMetrics(world.server.opsUrl);
    return metrics.value('doorbuster_poisoned_actors', { kind: 'sale' }) > 0;
  };
  await waitFor(isPoisoned, 10_000);
  const fromMs = performance.now();
  // Whoever asks the sick sale is told so, at once.
  const who = await guest(world);
  const joined = await call(world, `POST /v1/sales/${sick.saleId}/tickets`, { who, body: {} });
  if (joined.status !== 500 || joined.body.code !== 'internal_error')
    round.fail(`joining the poisoned sale: ${joined.status} ${JSON.stringify(joined.body)}`);
  await waitFor(() => performance.now() - fromMs > lookMs, 2 * lookMs);
  await expectNamed(round, sick, operator);
  // A healthy drop beside it opens and sells, whatever partition it falls into.
  await admitted(world, await openDrop(world, 1));
  const lines = world.server.log().match(/a decision threw/g)?.length ?? 0;
  round.note('log lines', lines);
  if (lines === 0 || lines > linesMax) round.fail(`${lines} lines of the poisoned sale are in the log`);
}

export const poisonedActors: readonly Fault[] = [
  {
    name: 'poisoned-actor',
    row: '11',
    how: 'a saved sale without its rates: its Tick throws from the start on',
    holds: 'the shard is not restarted, the drop beside it sells out, and the sale is named',
    weight: 3,
    secondsMax: 180,
    world: (random) => ({ ...either(random), shards: 1 }),
    inject,
  },
];
