/** The crowd's report: one plain object, and its text. Printing is the caller's. */
import type { Evidence, Verdict } from './evidence.ts';
import { checkPromises, oversoldUnits, soldUnits } from './promises.ts';
import type { Crowd } from './run.ts';
import { createTally, type Summary } from './statistics.ts';

export interface Report {
  readonly url: string;
  readonly saleId: string;
  readonly seed: number;
  readonly buyers: number;
  readonly sockets: number;
  readonly units: number;
  readonly skus: number;
  readonly seconds: {
    readonly guests: number;
    readonly sale: number;
    readonly audit: number;
    readonly total: number;
  };
  readonly guestsPerSecond: number;
  readonly joinsPerSecond: number;
  readonly latency: {
    readonly guest: Summary;
    readonly join: Summary;
    readonly hold: Summary;
    readonly checkout: Summary;
  };
  readonly positionAge: Summary;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly orders: Readonly<Record<string, number>>;
  readonly tickets: number;
  readonly holds: number;
  readonly admissions: number;
  readonly abandoned: number;
  readonly declined: number;
  readonly sold: number;
  readonly oversold: number;
  readonly retries: number;
  readonly reconnects: number;
  /** Seconds that the server was away, each time. */
  readonly outages: readonly number[];
  /** What else was counted: refusals waited out, sockets closed, frames missed. */
  readonly counters: Readonly<Record<string, number>>;
  readonly ending: string;
  readonly promises: readonly Verdict[];
}

interface Times {
  readonly startedAtMs: number;
  readonly guestsInAtMs: number;
  readonly openedAtMs: number;
  readonly closedAtMs: number;
  readonly endedAtMs: number;
}

export function composeReport(crowd: Crowd, evidence: Evidence, times: Times): Report {
  const { options, ledger, timings, outcomes, stage } = crowd;
  const counters = crowd.tally.toObject();
  const retries = Object.keys(counters).filter((name) => name.startsWith('retries '));
  const { admissions = 0, reconnects = 0, 'declined cards': declined = 0, ...others } = counters;
  const seconds = (fromMs: number, toMs: number) => (toMs - fromMs) / 1_000;
  const guestSeconds = seconds(times.startedAtMs, times.guestsInAtMs);
  const joinSeconds = seconds(times.openedAtMs, ledger.lastTicketAtMs);
  return {
    url: options.url,
    saleId: stage.saleId,
    seed: options.seed,
    buyers: options.buyers,
    sockets: options.sockets,
    units: options.units,
    skus: options.skus,
    seconds: {
      guests: guestSeconds,
      sale: seconds(times.openedAtMs, times.closedAtMs),
      audit: seconds(times.closedAtMs, times.endedAtMs),
      total: seconds(times.startedAtMs, times.endedAtMs),
    },
    guestsPerSecond: options.buyers / guestSeconds,
    joinsPerSecond: ledger.tickets.length > 0 ? ledger.tickets.length / joinSeconds : 0,
    latency: {
      guest: timings.guest.summary(),
      join: timings.join.summary(),
      hold: timings.hold.summary(),
      checkout: timings.checkout.summary(),
    },
    positionAge: ledger.positionAge.summary(),
    outcomes: outcomes.toObject(),
    orders: ordersByStatus(evidence),
    tickets: ledger.tickets.length,
    holds: ledger.holds.length,
    admissions,
    abandoned: outcomes.get('walked away when admitted') + outcomes.get('let the hold lapse'),
    declined,
    sold: soldUnits(evidence),
    oversold: oversoldUnits(evidence),
    retries: retries.reduce((sum, name) => sum + counters[name]!, 0),
    reconnects,
    outages: crowd.client.outages,
    counters: others,
    ending: stage.ending,
    promises: checkPromises(evidence),
  };
}

function ordersByStatus({ orders }: Evidence): Record<string, number> {
  const byStatus = createTally();
  for (const { reread, status } of orders)
    byStatus.add(typeof reread === 'object' ? reread.status : `${status}, then lost`);
  return byStatus.toObject();
}

export function isEveryPromiseKept(report: Pick<Report, 'promises'>): boolean {
  return report.promises.every(({ isKept }) => isKept !== false);
}

export function reportText(report: Report): string {
  const { seconds, latency } = report;
  const lines = [
    '',
    `${whole(report.buyers)} buyers (${whole(report.sockets)} with a live socket) for ${whole(report.units)} units of ${report.skus} SKU${report.skus === 1 ? '' : 's'}, seed ${report.seed}`,
    `${report.url}, sale ${report.saleId}: ${report.ending}`,
    '',
    `time      guests ${seconds.guests.toFixed(1)} s, sale ${seconds.sale.toFixed(1)} s, audit ${seconds.audit.toFixed(1)} s, total ${seconds.total.toFixed(1)} s`,
    `rates     ${whole(report.guestsPerSecond)} guests/s, ${whole(report.joinsPerSecond)} joins/s`,
    ...latencyLines({ ...latency, 'position age': report.positionAge }),
    ...tallyLines('outcomes', report.outcomes),
    ...tallyLines('orders', report.orders),
    `seen      ${whole(report.tickets)} tickets, ${whole(report.admissions)} admissions, ${whole(report.holds)} holds, ${whole(report.abandoned)} abandoned, ${whole(report.declined)} declined`,
    `trouble   ${whole(report.retries)} retries, ${whole(report.reconnects)} reconnects, ${outageText(report.outages)}`,
    ...tallyLines('counted', report.counters),
    '',
    `sold ${report.sold} of ${report.units}, oversold ${report.oversold}`,
    '',
    ...report.promises.map(promiseLine),
    '',
  ];
  return lines.join('\n');
}

export function promiseLine({ name, isKept, detail }: Verdict): string {
  const word = isKept === null ? 'skipped' : isKept ? 'kept' : 'BROKEN';
  return `${word.padEnd(8)}${name}: ${detail}`;
}

export function latencyLines(latency: Readonly<Record<string, Summary>>): string[] {
  return Object.entries(latency).map(
    ([name, { count, p50Ms, p99Ms, maxMs }]) =>
      `${name.padEnd(13)} p50 ${milliseconds(p50Ms)}  p99 ${milliseconds(p99Ms)}  max ${milliseconds(maxMs)}  (${whole(count)})`,
  );
}

export function tallyLines(title: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return entries.map(
    ([name, count], index) => `${(index === 0 ? title : '').padEnd(10)}${whole(count).padStart(7)} ${name}`,
  );
}

export function outageText(outages: readonly number[]): string {
  if (outages.length === 0) return 'no outage';
  return `${outages.length} outage${outages.length === 1 ? '' : 's'} of ${outages.map((s) => s.toFixed(1)).join(', ')} s`;
}

function milliseconds(value: number | null): string {
  if (value === null) return '-'.padStart(10);
  const text = value < 100 ? value.toFixed(1) : value.toFixed(0);
  return `${text} ms`.padStart(10);
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
