/** What an outage must not break, judged from plain data, and the text of the whole. */
import type { Action } from '../crowd/attempts.ts';
import { isEveryPromiseKept, type Report } from '../crowd/report.ts';
import type { Summary } from '../crowd/statistics.ts';
import type { Seen } from './direct.ts';
import type { Plan } from './flags.ts';
import { type PhaseName, type PhaseRow, phaseNames } from './phases.ts';

export interface OutageReport {
  readonly plan: Plan;
  readonly phases: Readonly<Record<PhaseName, PhaseRow>>;
  /** From the store's return; null: it never came. */
  readonly firstNewMs: number | null;
  readonly firstBrowseMs: number | null;
  readonly seen: Seen;
  /** Still the process that was started. */
  readonly isSameServer: boolean;
  readonly crowd: Report;
}

export interface Rule {
  readonly name: string;
  readonly isKept: boolean;
  readonly detail: string;
}

export const refusalMsMax = 250;
export const resumeMsMax = 2_000;
const memoryGrowthMbMax = 256;
const linesPerSecondMax = 1;
const linesSpared = 20;

const ms = (value: number | null) => (value === null ? 'never' : `${value.toFixed(0)} ms`);
const shopping: readonly Action[] = ['join', 'hold', 'checkout'];

export function checkRules(report: OutageReport): Rule[] {
  const { plan, phases, seen, crowd } = report;
  const { away, after } = phases;
  const newIn = (phase: PhaseRow, action: Action) => phase.actions[action].acknowledged.count;
  const counted = (phase: PhaseRow) => shopping.map((a) => `${newIn(phase, a)} ${a}s`).join(', ');
  const failures = phaseNames.reduce((sum, name) => sum + phases[name].failures, 0);
  const unanswered = phaseNames.reduce((sum, name) => sum + phases[name].unanswered, 0);
  const grownMb = Math.max(...phaseNames.map((n) => seen.samples[n].memoryMbMax)) - seen.memoryBeforeMb;
  const lines = Object.values(seen.logged).reduce((sum, times) => sum + times, 0);
  return [
    ...(plan.store === 'redis' ? silentRules(report, counted) : goesOnRules(report, counted)),
    {
      name: `refusals within ${refusalMsMax} ms (p99) while it is away`,
      isKept: away.refused.count > 0 && away.refused.p99Ms! <= refusalMsMax,
      detail: `${away.refused.count} refused, p99 ${ms(away.refused.p99Ms)}, max ${ms(away.refused.maxMs)}`,
    },
    {
      name: 'the sale goes on after the return',
      isKept: shopping.every((action) => newIn(after, action) > 0),
      detail: counted(after),
    },
    {
      name: 'tables and snapshots catch up',
      isKept: seen.tablesCaughtUpMs !== null && seen.snapshotsCaughtUpMs !== null,
      detail: `tables after ${ms(seen.tablesCaughtUpMs)}, snapshots after ${ms(seen.snapshotsCaughtUpMs)}`,
    },
    {
      name: `memory grows by less than ${memoryGrowthMbMax} MB`,
      isKept: grownMb < memoryGrowthMbMax,
      detail: `${seen.memoryBeforeMb.toFixed(0)} MB before, ${grownMb.toFixed(0)} MB more at most`,
    },
    {
      name: 'the log is no flood',
      isKept: lines <= linesSpared + away.seconds * linesPerSecondMax,
      detail: `${lines} warnings and errors`,
    },
    {
      name: 'every request is answered, by the same server, and nothing but refusals above 499',
      isKept: report.isSameServer && failures + unanswered === 0,
      detail: `${unanswered} without an answer, ${failures} answered with 500 or the like`,
    },
    {
      name: 'what was promised to buyers',
      isKept: isEveryPromiseKept(crowd) && crowd.sold === crowd.units,
      detail: `${crowd.promises.filter(({ isKept }) => isKept === false).length} of ${crowd.promises.length} promises broken, ${crowd.sold} of ${crowd.units} units sold, ${crowd.oversold} oversold`,
    },
  ];
}

/** The journal is away: nothing can be promised, and service comes back by itself at once. */
function silentRules({ phases, firstNewMs }: OutageReport, counted: (phase: PhaseRow) => string): Rule[] {
  return [
    {
      name: 'nothing new is acknowledged while the journal is away',
      isKept: phases.away.acknowledged.count === 0,
      detail: counted(phases.away),
    },
    {
      name: `service within ${resumeMsMax} ms of the return`,
      isKept: firstNewMs !== null && firstNewMs <= resumeMsMax,
      detail: `first new acknowledgement after ${ms(firstNewMs)}`,
    },
  ];
}

function goesOnRules({ phases }: OutageReport, counted: (phase: PhaseRow) => string): Rule[] {
  return [
    {
      name: 'joins, holds and checkouts go on while PostgreSQL is away',
      isKept: shopping.every((action) => phases.away.actions[action].acknowledged.count > 0),
      detail: counted(phases.away),
    },
  ];
}

export function outageText(report: OutageReport): string {
  const { plan, phases, seen } = report;
  const lines = [
    `${plan.store} away for ${plan.seconds} s in the middle of a drop: ${plan.buyers} buyers, ${plan.units} units, ${plan.releasePerSecond} let in a second, seed ${plan.seed}`,
    '',
    '| phase | what | acknowledged | p50 ms | p99 ms | max ms | refused | p50 ms | p99 ms | max ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...phaseNames.flatMap((name) => phaseLines(name, phases[name])),
    '',
    '| phase | seconds | memory MB (max) | oldest position s | frames not in tables (max) | oldest unsaved change s | /readyz |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...phaseNames.map((name) => {
      const { memoryMbMax, positionAgeMsMax, lagFramesMax, snapshotAgeSecondsMax, ready } =
        seen.samples[name];
      const answers = Object.entries(ready).map(([status, times]) => `${status} x${times}`);
      return `| ${[name, phases[name].seconds.toFixed(1), memoryMbMax.toFixed(0), (positionAgeMsMax / 1_000).toFixed(1), lagFramesMax, snapshotAgeSecondsMax.toFixed(1), answers.join(', ')].join(' | ')} |`;
    }),
    '',
    `sold      ${seen.soldBefore} before, ${seen.soldAtReturn} at the return, ${report.crowd.sold} at the end`,
    `return    first new acknowledgement after ${ms(report.firstNewMs)}, first catalogue read after ${ms(report.firstBrowseMs)}`,
    `catch-up  tables after ${ms(seen.tablesCaughtUpMs)}, snapshots after ${ms(seen.snapshotsCaughtUpMs)}`,
    `memory    ${seen.memoryBeforeMb.toFixed(0)} MB before, ${seen.memoryAfterMb.toFixed(0)} MB after`,
    `readyz    named ${seen.complaints.join(', ') || 'nothing'}`,
    ...Object.entries(seen.logged).map(([message, times]) => `log       ${times} x ${message}`),
    '',
    ...checkRules(report).map(
      ({ name, isKept, detail }) => `${(isKept ? 'kept' : 'BROKEN').padEnd(8)}${name}: ${detail}`,
    ),
    '',
  ];
  return lines.join('\n');
}

function phaseLines(phase: string, { actions }: PhaseRow): string[] {
  return Object.entries(actions)
    .filter(([, { acknowledged, refused }]) => acknowledged.count + refused.count > 0)
    .map(
      ([action, { acknowledged, refused }]) =>
        `| ${[phase, action, ...cells(acknowledged), ...cells(refused)].join(' | ')} |`,
    );
}

function cells({ count, p50Ms, p99Ms, maxMs }: Summary): string[] {
  const short = (value: number | null) =>
    value === null ? '-' : value < 10 ? value.toFixed(1) : value.toFixed(0);
  return [String(count), short(p50Ms), short(p99Ms), short(maxMs)];
}
