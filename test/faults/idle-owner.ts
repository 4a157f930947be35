/**
 * An owner whose successor has come while it had nothing to write: idle, or stopped for longer than its lease. It must
 * notice by itself, and what it says meanwhile must be true.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { readMetrics } from '../system/metrics.ts';
import { type ServerProcess, waitFor } from '../system/server.ts';
import {
  type Answered,
  admitted,
  type CallOptions,
  call,
  checkOut,
  type Drop,
  expected,
  guest,
  hold,
  holding,
  openDrop,
  type Person,
  type Place,
} from '../system/shop.ts';
import { expectFenced } from './fencing.ts';
import type { Fault, Round } from './round.ts';
import { freeze } from './world.ts';

/** An owner ends within this time after its successor is ready. */
const endMsMax = 2_000;
/** Longer than any lease. */
const asleepMs = 1_500;
const quietMs = 1_500;

/** Nothing has been journaled for a while, and nothing is pending. */
async function untilIdle(server: ServerProcess): Promise<void> {
  let events = -1;
  let sinceMs = 0;
  await waitFor(async () => {
    const metrics = await readMetrics(server.opsUrl);
    const now = metrics.value('doorbuster_events_total', { shard: '0' });
    const pending = metrics.value('doorbuster_outbox_depth', { shard: '0' });
    if (now !== events || pending > 0) sinceMs = performance.now();
    events = now;
    return performance.now() - sinceMs > quietMs;
  }, 20_000);
}

async function idle(round: Round): Promise<void> {
  const { world } = round;
  const older = world.server;
  const drop = await openDrop(world, 3);
  await holding(world, drop);
  await untilIdle(older);
  const second = await world.startSecond();
  const readyAtMs = performance.now();
  await waitFor(() => !older.isRunning, 10 * endMsMax).catch(() => {
    round.fail(`the idle owner still runs ${10 * endMsMax} ms after its successor was ready`);
  });
  const tookMs = performance.now() - readyAtMs;
  round.note('older ended after ms', tookMs);
  if (tookMs > endMsMax)
    round.fail(`the idle owner ended ${Math.round(tookMs)} ms after its successor was ready`);
  await expectFenced(round, older);
  await holding(second, drop);
}

interface Probe {
  readonly what: string;
  readonly target: string;
  readonly options: CallOptions;
  /** What must be the same at every server. */
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows the shape by the contract
  pick(body: any): unknown;
}

/** What the successor has acknowledged while the older one slept, as questions with one right answer. */
async function sellMeanwhile(round: Round, second: Place, drop: Drop, buyers: Passivation): Promise<Probe[]> {
  const { holder, hopeful, newcomer } = buyers;
  await expected(second, `DELETE /v1/holds/${holder.holdId}`, 200, { who: holder });
  const bought = { ...hopeful, holdId: randomUUID() };
  const held = await hold(second, drop, hopeful, bought.holdId);
  if (held.status !== 201) throw new Error(`no hold at the successor: ${JSON.stringify(held.body)}`);
  const paid = await checkOut(second, bought);
  const { orderId } = paid.body;
  const requestId = randomUUID();
  const tickets = `/v1/sales/${drop.saleId}/tickets`;
  await expected(second, `POST ${tickets}`, 201, { who: newcomer, body: { requestId } });
  await waitFor(async () => {
    const { body } = await call(second, `GET /v1/orders/${orderId}`, { who: bought });
    return body.status === 'confirmed';
  });
  const state = (body: { state: string }) => body.state;
  round.note('sold meanwhile', 1);
  return [
    {
      what: 'released hold',
      target: `GET /v1/holds/${holder.holdId}`,
      options: { who: holder },
      pick: state,
    },
    { what: 'new hold', target: `GET /v1/holds/${bought.holdId}`, options: { who: bought }, pick: state },
    {
      what: 'stock',
      target: `GET /v1/inventory/${drop.sku}`,
      options: {},
      pick: ({ onHand, held: units, sold }) => ({ onHand, units, sold }),
    },
    { what: 'order', target: `GET /v1/orders/${orderId}`, options: { who: bought }, pick: (o) => o.status },
    {
      what: "newcomer's ticket",
      target: `GET ${tickets}/mine`,
      options: { who: newcomer },
      pick: (ticket) => ticket.ticketNumber,
    },
    {
      what: "newcomer's join again",
      target: `POST ${tickets}`,
      options: { who: newcomer, body: { requestId } },
      pick: (ticket) => ticket.ticketNumber,
    },
    {
      what: 'hold again',
      target: `POST /v1/sales/${drop.saleId}/holds`,
      options: {
        who: holder,
        body: { holdId: holder.holdId, sku: drop.sku, quantity: 1 },
        headers: { 'admission-token': holder.admission },
      },
      pick: (body) => body.state ?? body.code,
    },
  ];
}

interface Passivation {
  readonly holder: Awaited<ReturnType<typeof holding>>;
  readonly hopeful: Awaited<ReturnType<typeof admitted>>;
  readonly newcomer: Person;
}

const said = ({ pick }: Probe, { status, body }: Answered) => JSON.stringify([status, pick(body ?? {})]);

/** Asks the sleeper and keeps asking until it is gone; every answer of its must be the successor's. */
async function interrogate(round: Round, older: ServerProcess, probes: readonly Probe[], truths: string[]) {
  const counts = { right: 0, refused: 0, cut: 0, wrong: 0 };
  const wrong = new Set<string>();
  const askOnce = async (probe: Probe, truth: string) => {
    const answer = await call(older, probe.target, { ...probe.options, limitMs: 15_000 }).catch(() => null);
    if (answer === null) {
      counts.cut++;
      await wait(20);
    } else if (answer.status >= 500 || answer.status === 429) counts.refused++;
    else if (said(probe, answer) === truth) counts.right++;
    else {
      counts.wrong++;
      wrong.add(`${probe.what}: ${said(probe, answer)} instead of ${truth}`);
    }
  };
  const asking = probes.flatMap((probe, index) =>
    Array.from({ length: 3 }, async () => {
      do await askOnce(probe, truths[index]!);
      while (older.isRunning);
    }),
  );
  return {
    async done() {
      await Promise.all(asking);
      for (const [name, count] of Object.entries(counts)) round.note(`${name} answers`, count);
      for (const one of wrong) round.fail(`the zombie said ${one}`);
      if (counts.right + counts.refused + counts.cut + counts.wrong < asking.length)
        round.fail('the zombie was not asked');
    },
  };
}

async function zombie(round: Round): Promise<void> {
  const { world } = round;
  const older = world.server;
  const drop = await openDrop(world, 3);
  const buyers: Passivation = {
    holder: await holding(world, drop),
    hopeful: await admitted(world, drop),
    newcomer: await guest(world),
  };
  await untilIdle(older);
  const thaw = await freeze(older.pid);
  await wait(asleepMs);
  const second = await world.startSecond({});
  const probes = await sellMeanwhile(round, second, drop, buyers);
  const ask = async (probe: Probe) => said(probe, await call(second, probe.target, probe.options));
  const truths = await Promise.all(probes.map(ask));
  const asked = await interrogate(round, older, probes, truths);
  const wokenAtMs = performance.now();
  await thaw();
  await waitFor(() => !older.isRunning, 10 * endMsMax).catch(() => {
    round.fail(`the zombie still runs ${10 * endMsMax} ms after it woke`);
  });
  round.note('zombie ended after ms', performance.now() - wokenAtMs);
  await expectFenced(round, older);
  await asked.done();
  const after = await Promise.all(probes.map(ask));
  for (const [index, answer] of after.entries())
    if (answer !== truths[index])
      round.fail(`the successor now says ${probes[index]!.what}: ${answer} instead of ${truths[index]}`);
}

export const idleOwnerFaults: readonly Fault[] = (['redis', 'postgres'] as const).flatMap(
  (journal): Fault[] => [
    {
      name: `idle-owner-${journal}`,
      row: '13, 14',
      how: `a second server starts while the first one has nothing to do and is asked nothing, journal in ${journal}`,
      holds: 'the first one ends with code 3 within 2 s',
      weight: 2,
      hasCrowd: false,
      world: () => ({ journal }),
      inject: idle,
    },
    {
      name: `zombie-reads-${journal}`,
      row: '13, 14',
      how: `SIGSTOP of the idle owner, a successor sells, SIGCONT while clients ask the old one, journal in ${journal}`,
      holds: 'no answer of the zombie contradicts what its successor said; it ends with code 3',
      weight: 2,
      hasCrowd: false,
      world: () => ({ journal }),
      inject: zombie,
    },
  ],
);
