/** Partitions that lost frames: what they still answer, and the operator's way out of it. */
import { partitionOf } from '../../src/protocol/address.ts';
import { readMetrics } from '../system/metrics.ts';
import { quietEnv, runNode } from '../system/server.ts';
import { call, checkoutBody, expected, guest, holding, openDrop, type Person } from '../system/shop.ts';
import type { Round } from './round.ts';

// biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
type Body = any;

type HolderInBrief = Person & { readonly holdId: string };

/** As the checks of /readyz name them; the metric must agree. */
export async function haltedPartitions(round: Round): Promise<number[]> {
  const { server } = round.world;
  const { status, body } = await call({ url: server.opsUrl }, 'GET /readyz');
  if (status !== 503) round.fail(`readyz is ${status}: ${JSON.stringify(body)}`);
  const detail: string = body?.checks?.partitions?.detail ?? '';
  const halted = [...new Set([...detail.matchAll(/partition (\d+)/g)].map(([, number]) => Number(number)))];
  if (halted.length === 0) round.fail(`readyz names no partition: ${detail}`);
  const metrics = await readMetrics(server.opsUrl);
  const counted = metrics.value('doorbuster_partitions_halted', { shard: '0' });
  if (counted !== halted.length) round.fail(`${counted} partitions are counted, ${halted.length} named`);
  return halted;
}

/** What a thing may have been a moment before it was what its buyer was told. */
const before: Readonly<Record<string, readonly string[]>> = {
  voided: ['held'],
  committing: ['pending', 'authorizing'],
  confirmed: ['pending', 'authorizing', 'committing'],
  payment_failed: ['pending', 'authorizing', 'committing'],
};

/** Every acknowledged fact is as it was, or as it was a moment before, or refused: never gone, never sold again. */
export async function compareHalted(round: Round, halted: readonly number[]): Promise<void> {
  const { world, ledger, client, crowd } = round;
  const { saleId, sku } = crowd.drop;
  const counts = { same: 0, earlier: 0, refused: 0 };
  const look = async (what: string, path: string, buyer: number, told: string, of: (b: Body) => string) => {
    const token = crowd.people[buyer]!.token;
    const { status, body } = await client.once({ action: 'audit', method: 'GET', path, token });
    if (status === 503) counts.refused++;
    else if (status === 200 && of(body) === told) counts.same++;
    else if (status === 200 && before[told]?.includes(of(body))) counts.earlier++;
    else round.fail(`${what} was ${told}: ${status} ${JSON.stringify(body)}`);
  };
  for (const { buyer, ticketId, ticketNumber } of ledger.tickets.values())
    await look('ticket', `/v1/sales/${saleId}/tickets/${ticketId}`, buyer, `${ticketNumber}`, (body) =>
      String(body.ticketNumber),
    );
  // A hold that was not given back may be in any state by now: its buyer's next wish was perhaps not answered.
  for (const { buyer, holdId, isReleased } of ledger.holds.values())
    await look('hold', `/v1/holds/${holdId}`, buyer, isReleased ? 'voided' : 'there', ({ state }) =>
      isReleased ? state : 'there',
    );
  for (const { buyer, orderId, status } of ledger.orders.values())
    await look('order', `/v1/orders/${orderId}`, buyer, status, (body) => body.status);
  for (const [name, count] of Object.entries(counts)) round.note(`facts ${name}`, count);

  // What is known is shown; nothing is written.
  if (halted.includes(partitionOf('sale', saleId))) {
    round.note('sale', 'halted');
    await mustAnswer(round, `GET /v1/sales/${saleId}`, 200);
    await mustAnswer(round, `POST /v1/sales/${saleId}/tickets`, 503, { who: await guest(world), body: {} });
  }
  if (halted.includes(partitionOf('sku', sku))) {
    round.note('sku', 'halted');
    await mustAnswer(round, `GET /v1/inventory/${sku}`, 200);
    // One that could be given back; of one that is given back already the same is said again.
    for (const { holdId, buyer } of ledger.holds.values()) {
      const who = crowd.people[buyer]!;
      const { body } = await call(world, `GET /v1/holds/${holdId}`, { who });
      if (body?.state !== 'held') continue;
      await mustAnswer(round, `DELETE /v1/holds/${holdId}`, 503, { who });
      break;
    }
  }
}

async function mustAnswer(round: Round, target: string, status: number, options: object = {}): Promise<void> {
  const answer = await call(round.world, target, options);
  if (answer.status !== status)
    round.fail(`halted: ${target} is ${answer.status}, not ${status}: ${JSON.stringify(answer.body)}`);
}

async function recover({ world }: Round, ...flags: string[]): Promise<{ code: number | null; out: string }> {
  const child = runNode(['src/cli/recover.ts', ...flags], { ...quietEnv(world.site.dataDir), ...world.env });
  const code = await child.exited;
  return { code, out: `${child.out()}${child.err()}` };
}

/** The report beside the running server names the same partitions, and nothing can be accepted there. */
export async function listHalted(round: Round, halted: readonly number[]): Promise<void> {
  const list = await recover(round, '--list');
  if (list.code !== 1) round.fail(`recover --list ended with ${list.code}: ${list.out}`);
  for (const partition of halted)
    if (!new RegExp(`^Partition ${partition}:`, 'm').test(list.out))
      round.fail(`recover --list does not name partition ${partition}: ${list.out}`);
  const early = await recover(round, '--accept', String(halted[0]), '--reason', 'too early');
  if (early.code !== 1 || !/server runs/.test(early.out))
    round.fail(`recover --accept beside a server: ${early.code} ${early.out}`);
}

/** With the server stopped, what is left becomes the truth. */
export async function accept(round: Round, halted: readonly number[]): Promise<void> {
  await round.world.server.end('SIGTERM');
  for (const partition of halted) {
    const done = await recover(round, '--accept', String(partition), '--reason', 'the suite cut the tail');
    if (done.code !== 0) round.fail(`recover --accept ${partition} ended with ${done.code}: ${done.out}`);
  }
  const list = await recover(round, '--list');
  if (list.code !== 0) round.fail(`recover --list afterwards: ${list.code} ${list.out}`);
}

/** It starts, is ready, and sells: a new drop, and a unit that somebody still holds in the one that lost frames. */
export async function sellAgain(round: Round): Promise<void> {
  const { world, crowd, ledger } = round;
  await world.start();
  const ready = await call({ url: world.server.opsUrl }, 'GET /readyz');
  if (ready.status !== 200) round.fail(`readyz after the acceptance: ${JSON.stringify(ready.body)}`);
  const buyers: HolderInBrief[] = [await holding(world, await openDrop(world, 2))];
  for (const { holdId, buyer } of ledger.holds.values()) {
    const who = crowd.people[buyer]!;
    const { body } = await call(world, `GET /v1/holds/${holdId}`, { who });
    if (buyers.length < 2 && body?.state === 'held') buyers.push({ ...who, holdId });
  }
  for (const buyer of buyers) {
    const headers = { 'idempotency-key': buyer.holdId };
    const options = { who: buyer, headers, body: checkoutBody([buyer.holdId]) };
    const paid = await call(world, 'POST /v1/checkout', options);
    // Its order may have been placed already, and be on its way.
    const isFine = paid.status === 201 || paid.status === 202 || paid.body?.code === 'hold_in_use';
    if (!isFine) round.fail(`no sale after the acceptance: ${paid.status} ${JSON.stringify(paid.body)}`);
  }
  round.note('sold again', buyers.length);
  const stock = await expected(world, `GET /v1/inventory/${crowd.drop.sku}`, 200);
  if (stock.onHand !== crowd.options.units || stock.sold + stock.held > stock.onHand)
    round.fail(`stock after the acceptance: ${JSON.stringify(stock)}`);
  const metrics = await readMetrics(world.server.opsUrl);
  if (metrics.value('doorbuster_oversold_units') !== 0) round.fail('doorbuster_oversold_units is not 0');
}
