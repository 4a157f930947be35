/**
 * One round: a world, a drop, buyers, one fault in the middle; then rest, audit and the verdict. A round that fails
 * says with which seed and keeps the server's last words.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../../bench/crowd/statistics.ts';
import { readMetrics } from '../system/metrics.ts';
import { call } from '../system/shop.ts';
import { audit, readPayments, type Verdict } from './audit.ts';
import { type Crowd, type DropOptions, defaultDrop, gather } from './buyers.ts';
import { createFaultClient, type FaultClient } from './client.ts';
import { Ledger, quantile, type Window } from './ledger.ts';
import type { DatabaseServer } from './stores.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface Fault {
  readonly name: string;
  /** Of the list of faults to survive. */
  readonly row: string;
  readonly how: string;
  readonly holds: string;
  /** How often it comes, against the others. 0: only by name. */
  readonly weight: number;
  world(random: () => number): WorldOptions;
  readonly drop?: Partial<DropOptions>;
  /** False: no drop, no buyers; `inject` is the whole round. */
  readonly hasCrowd?: boolean;
  /** The fault leaves nothing to audit: what it finds is what is reported. */
  readonly isStudy?: boolean;
  /** Runs beside the buyers. What it throws fails the round. */
  inject(round: Round): Promise<void>;
  readonly secondsMax?: number;
  /** Units may stay unsold: what came back after the sale's end stays back. */
  readonly mayLeaveUnits?: boolean;
}

export interface Round {
  readonly world: World;
  readonly ledger: Ledger;
  readonly client: FaultClient;
  readonly random: () => number;
  /** Absent without a crowd. */
  readonly crowd: Crowd;
  /** A figure for the report. */
  note(name: string, value: number | string): void;
  /** A broken promise: the round fails. */
  fail(problem: string): void;
  /** Waits until so many answers said yes to this. */
  until(what: 'tickets' | 'holds' | 'orders', count: number): Promise<void>;
  /** Judges a window: refusals in time and, in a silent one, nothing new acknowledged. */
  judge(window: Window): void;
}

export interface RoundResult {
  readonly fault: string;
  readonly seed: number;
  readonly seconds: number;
  readonly problems: string[];
  readonly notes: Readonly<Record<string, number | string>>;
  readonly acknowledgements: number;
  readonly compared: number;
  readonly losses: number;
  readonly oversold: number;
  readonly doubleCharges: number;
  readonly log: string;
}

/** Refusals must come within this time while a store is away. */
export const refusalMsMax = 250;

export async function runRound(fault: Fault, seed: number, stores: DatabaseServer): Promise<RoundResult> {
  const startedAtMs = performance.now();
  const random = createRandom(seed);
  const problems: string[] = [];
  const notes: Record<string, number | string> = {};
  const ledger = new Ledger();
  const deadlineMs = startedAtMs + (fault.secondsMax ?? 90) * 1_000;
  let verdict: Verdict | null = null;
  let log = '';
  // Every second seed has a gateway in the thread of a shard.
  const options: WorldOptions = { threads: seed % 2 === 0 ? 'apart' : 'joined', ...fault.world(random) };
  const world = await openWorld(stores, options);
  const client = createFaultClient({ url: () => world.url, ledger, random, deadlineMs });
  try {
    if (options.isStarted !== false) await world.start();
    const crowd =
      fault.hasCrowd === false
        ? null
        : await gather({
            url: () => world.url,
            client,
            ledger,
            random,
            options: { ...defaultDrop, ...fault.drop },
          });
    const round = composeRound({ world, ledger, client, random, notes, problems, deadlineMs }, crowd);
    if (crowd && !fault.isStudy) {
      verdict = await runCrowd(fault, round, crowd, deadlineMs);
    } else {
      // Buyers of a study are left in doubt when it ends.
      const running = crowd?.run().catch(() => {});
      await fault.inject(round);
      crowd?.end();
      await client.close();
      await running;
    }
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    log = world.restarts >= 0 ? world.server.log().slice(-6_000) : '';
    await client.close().catch(() => {});
    await world.close().catch((error) => problems.push(`unclean end: ${error}`));
  }
  if (verdict) problems.push(...verdict.losses, ...verdict.doubleCharges, ...verdict.mismatches);
  return {
    fault: fault.name,
    seed,
    seconds: (performance.now() - startedAtMs) / 1_000,
    problems,
    notes,
    acknowledgements: ledger.acknowledgements,
    compared: verdict?.compared ?? 0,
    losses: verdict?.losses.length ?? 0,
    oversold: verdict?.oversoldUnits ?? 0,
    doubleCharges: verdict?.doubleCharges.length ?? 0,
    log,
  };
}

async function runCrowd(fault: Fault, round: Round, crowd: Crowd, deadlineMs: number): Promise<Verdict> {
  const { world, ledger, client } = round;
  const overdue = wait(Math.max(0, deadlineMs - performance.now()), 'overdue', { ref: false });
  const injected = fault.inject(round).catch((error) => {
    // Without its fault the crowd still ends, and the audit still counts.
    round.fail(`the fault: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  });
  const ended = Promise.all([crowd.run(), injected]);
  if ((await Promise.race([ended, overdue])) === 'overdue') {
    crowd.end();
    throw new Error(`not over in time: ${JSON.stringify(progress(ledger))}`);
  }
  for (const window of ledger.windows) if (window.kind !== 'serving') round.judge(window);
  for (const surprise of new Set(crowd.surprises)) round.fail(`surprise: ${surprise}`);
  const verdict = await audit({
    ledger,
    crowd,
    client,
    tables: await world.tables(),
    payments: () => readPayments(world.providerUrl),
    restMsMax: Math.max(20_000, deadlineMs - performance.now()),
  });
  if (!fault.mayLeaveUnits && verdict.sold !== crowd.options.units)
    round.fail(`${verdict.sold} of ${crowd.options.units} units were sold`);
  const metrics = await readMetrics(world.server.opsUrl);
  if (metrics.value('doorbuster_oversold_units') !== 0) round.fail('doorbuster_oversold_units is not 0');
  if (metrics.samples.some(({ name, value }) => name === 'doorbuster_projections_halted' && value > 0))
    round.fail('a projection halted');
  const ready = await call({ url: world.server.opsUrl }, 'GET /readyz');
  if (ready.status !== 200) round.fail(`readyz at the end: ${JSON.stringify(ready.body)}`);
  return verdict;
}

const progress = ({ tickets, holds, orders, releases }: Ledger) => ({
  tickets: tickets.size,
  holds: holds.size,
  orders: orders.size,
  releases,
});

function composeRound(
  parts: Pick<Round, 'world' | 'ledger' | 'client' | 'random'> & {
    notes: Record<string, number | string>;
    problems: string[];
    deadlineMs: number;
  },
  crowd: Crowd | null,
): Round {
  const { ledger, notes, problems, deadlineMs } = parts;
  return {
    ...parts,
    get crowd() {
      if (!crowd) throw new Error('this round has no crowd');
      return crowd;
    },
    note(name, value) {
      notes[name] = typeof value === 'number' ? Math.round(value * 10) / 10 : value;
    },
    fail: (problem) => void problems.push(problem),
    async until(what, count) {
      while (ledger[what].size < count) {
        if (performance.now() > deadlineMs) throw new Error(`${ledger[what].size} ${what}, not ${count}`);
        await wait(2);
      }
    },
    judge(window) {
      const attempts = ledger.within(window);
      const acknowledged =
        window.kind === 'silent' ? attempts.filter(({ isNew, action }) => isNew && action !== 'guest') : [];
      for (const { action, status } of acknowledged.slice(0, 3))
        problems.push(`${window.name}: ${action} was acknowledged (${status}) while nothing could be`);
      const refusals = attempts.filter(({ status }) => status === 503).map(({ tookMs }) => tookMs);
      if (refusals.length === 0) return;
      notes[`${window.name}: refusals`] = refusals.length;
      const p99 = quantile(refusals, 0.99);
      notes[`${window.name}: refusal p99 ms`] = Math.round(p99);
      notes[`${window.name}: refusal max ms`] = Math.round(quantile(refusals, 1));
      if (p99 > refusalMsMax) problems.push(`${window.name}: refusals took ${Math.round(p99)} ms (p99)`);
    },
  };
}
