/**
 * What an operator sees first: what is wrong since when, what to do, and the figures that must be right.
 *
 * 1. It is made in main, from what /readyz and /metrics are made of. Nothing is counted here.
 * 2. A look is shared by everybody who asks within `freshMs`: the threads are asked at most once in that time.
 * 3. Somebody always looks, if rarely: `since` is when a problem began, not when an operator came.
 */
import type { Pool } from 'pg';
import type { Family } from '../protocol/metric.ts';
import type { ShardStatsRow } from '../runtime/statistics.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import type { Role } from '../runtime/thread-messages.ts';
import { type Alarm, alarms, type Look, sumOf } from './alarms.ts';
import { type BackOfficeNumbers, readChecks } from './checks.ts';
import { type Counting, readFamilies } from './metrics.ts';
import type { Overview, Problem } from './schemas.ts';
import { Trend } from './trend.ts';

type Threads = Pick<Supervisor, 'stats' | 'states'>;

export interface OverviewDeps {
  readonly threads: Threads;
  pool(): Pick<Pool, 'query'> | null;
  journal(): Pick<Overview['journal'], 'kind' | 'durability'>;
  /** Wall time. */
  now(): number;
}

const freshMs = 1_000;
const lookEveryMs = 5_000;
/** Reasons of many partitions may be told in one text. */
const whatCharsMax = 400;

export class OverviewReader {
  readonly #deps: OverviewDeps;
  readonly #trend = new Trend();
  #latest: { readonly atMs: number; readonly overview: Promise<Overview>; isMade: boolean } | null = null;

  constructor(deps: OverviewDeps) {
    this.#deps = deps;
  }

  /** At most `freshMs` old, or the one that is being made. */
  read(): Promise<Overview> {
    const atMs = this.#deps.now();
    const known = this.#latest;
    if (known !== null && (!known.isMade || Math.abs(atMs - known.atMs) < freshMs)) return known.overview;
    const latest = { atMs, overview: this.#make(atMs), isMade: false };
    this.#latest = latest;
    latest.overview.then(
      () => {
        latest.isMade = true;
      },
      () => {
        this.#latest = null;
      },
    );
    return latest.overview;
  }

  /** Looks now and then although nobody asks. Answers with a function that stops it. */
  watch(): () => void {
    const timer = setInterval(() => void this.read().catch(() => {}), lookEveryMs).unref();
    return () => clearInterval(timer);
  }

  async #make(atMs: number): Promise<Overview> {
    const look = await this.#look(atMs);
    const problems = this.#problemsOf(look);
    const { families, shards } = look;
    const severe = problems.some(({ isSevere }) => isSevere);
    return {
      health: {
        state: severe ? 'failing' : problems.length > 0 ? 'degraded' : 'ok',
        problems: problems.map(({ problem }) => problem),
      },
      orders: { byStatus: countsBy(families, 'doorbuster_orders_total', 'status') },
      payments: { byResult: paymentsByResult(families) },
      // There are no dead letters and no sale mode yet.
      deadLetters: 0,
      oversoldUnits: sumOf(families, 'doorbuster_oversold_units'),
      inventoryMismatch: sumOf(families, 'doorbuster_inventory_mismatch'),
      saleMode: 'off',
      journal: {
        ...this.#deps.journal(),
        lagMs: Math.max(0, ...shards.map(({ journalLagMs }) => journalLagMs)),
      },
      asOf: new Date(atMs).toISOString(),
    };
  }

  async #look(atMs: number): Promise<Look> {
    const threads = askedOnce(this.#deps.threads);
    const pool = this.#deps.pool();
    const [checks, families, shards, backOffices, gateways] = await Promise.all([
      pool === null ? {} : readChecks(pool, threads),
      readFamilies(threads),
      threads.stats('shard'),
      threads.stats('back-office'),
      threads.stats('gateway'),
    ]);
    const byThread = (role: Role, rows: typeof shards) =>
      rows.map(({ index, body }) => [`${role}-${index}`, (body as Counting).metrics ?? []] as const);
    const lags = backOffices.map(({ body }) => (body as BackOfficeNumbers).projector.seconds);
    return {
      atMs,
      checks,
      families,
      familiesByThread: new Map([
        ...byThread('shard', shards),
        ...byThread('back-office', backOffices),
        ...byThread('gateway', gateways),
      ]),
      states: threads.states(),
      shards: shards.map(({ body }) => body as ShardStatsRow),
      projectionLagSeconds: Math.max(0, ...lags),
    };
  }

  #problemsOf(look: Look): { isSevere: boolean; problem: Problem }[] {
    const found = alarms.flatMap((alarm) =>
      alarm.find(look, this.#trend).map((finding) => {
        const { what, shard, of = shard, sinceMs = look.atMs } = finding;
        const since = this.#trend.since(`${alarm.code} ${of ?? ''}`, sinceMs, look.atMs);
        return { isSevere: alarm.isSevere ?? false, problem: problemOf(alarm, what, since, shard) };
      }),
    );
    this.#trend.forget(look.atMs);
    return found.toSorted((a, b) => Number(b.isSevere) - Number(a.isSevere));
  }
}

function problemOf(
  { code, doFirst, safe, waitMs }: Alarm,
  what: string,
  sinceMs: number,
  shard: number | undefined,
): Problem {
  return {
    code,
    since: new Date(sinceMs).toISOString(),
    what: what.slice(0, whatCharsMax),
    doFirst,
    safe,
    ...(waitMs !== undefined && { until: new Date(sinceMs + waitMs).toISOString() }),
    ...(shard !== undefined && { shard }),
  };
}

/** Each role is asked once, however many want to know. */
function askedOnce(threads: Threads): Threads {
  const rowsByRole = new Map<Role, ReturnType<Threads['stats']>>();
  return {
    states: () => threads.states(),
    stats(role) {
      const rows = rowsByRole.get(role) ?? threads.stats(role);
      rowsByRole.set(role, rows);
      return rows;
    },
  };
}

/** A payment is authorised and then captured, each with an answer of its own: here it counts once, by what became of it. */
function paymentsByResult(families: readonly Family[]): Overview['payments']['byResult'] {
  const answered = (type: string, result: string) =>
    sumOf(families, 'doorbuster_payments_total', { type, result });
  return {
    captured: answered('CapturePayment', 'ok'),
    declined: answered('AuthorizePayment', 'payment_declined'),
    failed: answered('AuthorizePayment', 'payment_failed') + answered('CapturePayment', 'payment_failed'),
    voided: answered('VoidPayment', 'ok'),
    refunded: answered('RefundPayment', 'ok'),
  };
}

function countsBy(families: readonly Family[], name: string, label: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of families.find((family) => family.name === name)?.samples ?? []) {
    const key = String(labels[label]);
    counts[key] = (counts[key] ?? 0) + value;
  }
  return counts;
}
