/** What a visiting crowd did, in the words and by the counting of the operators' console. */
import { confirmedOrders, type Evidence, units, type Verdict } from '../evidence.ts';
import type { TicketRecord } from '../ledger.ts';
import { numbersUnchanged, oneTicketPerBuyer } from '../queue-promises.ts';
import { latencyLines, outageText, promiseLine, tallyLines, whole } from '../report.ts';
import type { Summary } from '../statistics.ts';
import { holdsAccountedFor, oneUnitPerBuyer, ordersKept } from '../till-promises.ts';
import type { Visiting } from './run.ts';
import type { VisitedSale } from './sale.ts';

export interface VisitReport {
  readonly url: string;
  readonly saleId: string;
  readonly title: string;
  readonly seed: number;
  readonly buyers: number;
  readonly paceSeconds: number;
  readonly seconds: number;
  readonly ending: string;
  /** What the crowd has added to the console's figures of the same names. */
  readonly figures: {
    readonly joined: number;
    readonly completed: number;
    readonly letPass: number;
    readonly left: number;
    readonly waiting: number;
    readonly admittedNow: number;
    readonly sold: number;
  };
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<'guest' | 'join' | 'hold' | 'checkout', Summary>>;
  readonly counters: Readonly<Record<string, number>>;
  readonly outages: readonly number[];
  readonly promises: readonly Verdict[];
}

export function composeVisitReport(
  { options, ledger, timings, outcomes, tally, client, stage }: Visiting,
  sale: VisitedSale,
  seconds: number,
): VisitReport {
  const evidence: Evidence = {
    tickets: ledger.tickets,
    holds: ledger.holds,
    orders: ledger.orders,
    servingWentBack: ledger.servingWentBack,
    // Others come and buy, too: what belongs to the whole drop is its seller's to check.
    stock: [],
    oversoldReported: 0,
    payments: 'a visitor does not see them',
  };
  const countOf = (...statuses: string[]) => ledger.tickets.filter(hasStatus(statuses)).length;
  return {
    url: options.url,
    saleId: sale.saleId,
    title: sale.title,
    seed: options.seed,
    buyers: options.buyers,
    paceSeconds: options.paceSeconds,
    seconds,
    ending: stage.ending,
    figures: {
      joined: ledger.tickets.length,
      completed: countOf('completed'),
      letPass: countOf('expired'),
      left: countOf('left'),
      waiting: countOf('waiting', 'prequeued'),
      admittedNow: countOf('admitted'),
      sold: units(confirmedOrders(evidence)),
    },
    outcomes: outcomes.toObject(),
    latency: {
      guest: timings.guest.summary(),
      join: timings.join.summary(),
      hold: timings.hold.summary(),
      checkout: timings.checkout.summary(),
    },
    counters: tally.toObject(),
    outages: client.outages,
    promises: [
      oneTicketPerBuyer(evidence),
      numbersUnchanged(evidence),
      ordersKept(evidence),
      oneUnitPerBuyer(evidence),
      holdsAccountedFor(evidence),
    ],
  };
}

const hasStatus =
  (statuses: readonly string[]) =>
  ({ reread }: TicketRecord) =>
    typeof reread === 'object' && statuses.includes(reread.status);

export function visitReportText(report: VisitReport): string {
  const { figures } = report;
  const figure = (name: string, value: number) => `${name.padEnd(14)}${whole(value).padStart(9)}`;
  return [
    '',
    `${whole(report.buyers)} buyers within ${report.paceSeconds} s for "${report.title}", seed ${report.seed}: ${report.ending}`,
    `${report.url}/drops/${report.saleId}, ${report.seconds.toFixed(1)} s in all, ${outageText(report.outages)}`,
    '',
    'added to the figures of the console:',
    figure('Joined', figures.joined),
    figure('Completed', figures.completed),
    figure('Let pass', figures.letPass),
    figure('Left', figures.left),
    figure('Waiting', figures.waiting),
    figure('Admitted now', figures.admittedNow),
    figure('Sold', figures.sold),
    '',
    ...tallyLines('outcomes', report.outcomes),
    ...latencyLines(report.latency),
    ...tallyLines('counted', report.counters),
    '',
    ...report.promises.map(promiseLine),
    '',
  ].join('\n');
}
