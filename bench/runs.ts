/** Runs of arms against each other: what each took, by thread, and how they are shown in a table. */
import { type ArmRun, type Ratio, seriesOf } from './measure.ts';

/** All threads and processes of the arm together, stores included and the load generator not. */
export function serverUs({ us }: Pick<ArmRun, 'us'>): number {
  return Object.values(us).reduce((sum, one) => sum + one, 0);
}

/** null: there is no such run. */
export function medianOf(
  runs: readonly ArmRun[],
  arm: string,
  connections: number,
  figure: (run: ArmRun) => number,
): number | null {
  const of = runs.filter((run) => run.arm === arm && run.connections === connections);
  return of.length === 0 ? null : seriesOf(arm, '', of.map(figure)).median;
}

/** What one run came to, for whoever waits. */
export function told(run: Omit<ArmRun, 'arm'>): string {
  const { perSecond, p50Ms, p99Ms, clientUs, foreignCores, errors } = run;
  return `${Math.round(perSecond)}/s, p50 ${p50Ms.toFixed(2)}, p99 ${p99Ms.toFixed(1)} ms, ${serverUs(run).toFixed(1)} us + client ${clientUs.toFixed(1)}, others ${foreignCores.toFixed(2)} cores${errors > 0 ? `, ${errors} ERRORS` : ''}`;
}

/** What `ours` must reach at so many connections: a rate, over another arm's, or us each of a thread or of `server`. */
export interface Bound {
  readonly connections: number;
  readonly over?: string;
  readonly us?: string;
  readonly rate?: true;
  readonly wanted: string;
}

/** Those bounds that were measured, and `ours` over `before` wherever there are both. */
export function boundsOf(runs: readonly ArmRun[], bounds: readonly Bound[]): Ratio[] {
  type Figures = readonly number[] | null;
  const of = (arm: string, count: number, figure: (run: ArmRun) => number): Figures => {
    const found = runs.filter((run) => run.arm === arm && run.connections === count).map(figure);
    return found.length === 0 ? null : found;
  };
  const rate = (arm: string, count: number) => of(arm, count, ({ perSecond }) => perSecond);
  const cost = (arm: string, count: number, part: string) =>
    of(arm, count, (run) => (part === 'server' ? serverUs(run) : (run.us[part] ?? 0)));
  const median = (figures: readonly number[]) => seriesOf('', '', figures).median;
  const found: Ratio[] = [];
  const push = (name: string, figures: Figures, wanted: string) => {
    if (figures !== null) found.push({ name, value: median(figures), wanted, rounds: figures });
  };
  /** The ratio of the medians, and that of each round. */
  const divide = (name: string, a: Figures, b: Figures, wanted: string) => {
    if (a === null || b === null) return;
    const rounds = a.slice(0, b.length).map((one, round) => one / b[round]!);
    found.push({ name, value: median(a) / median(b), wanted, rounds });
  };
  for (const { connections, over, us, rate: isRate, wanted } of bounds) {
    const at = `${connections} connections`;
    if (isRate) push(`each second, ${at}`, rate('ours', connections), wanted);
    if (over !== undefined)
      divide(`ours / ${over}, ${at}`, rate('ours', connections), rate(over, connections), wanted);
    if (us !== undefined) push(`${us}, us each, ${at}`, cost('ours', connections, us), wanted);
  }
  for (const count of new Set(runs.map(({ connections }) => connections))) {
    const what = `ours / before, ${count} connections`;
    divide(`${what}, requests/s`, rate('ours', count), rate('before', count), 'more than 1');
    const costs = [cost('ours', count, 'server'), cost('before', count, 'server')] as const;
    divide(`${what}, processor time`, ...costs, 'less than 1');
  }
  return found;
}

/** A thread that is at its end. */
const saturated = 0.9;
/** What costs less than this has no column of its own. */
const shownUs = 0.25;

/** Medians, a line an arm and number of connections. */
export function runsTable(runs: readonly ArmRun[]): string[] {
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  const counts = [...new Set(runs.map(({ connections }) => connections))].sort((a, b) => a - b);
  const head = [
    'conn',
    'arm',
    'requests/s (spread)',
    'p50 ms',
    'p99 ms',
    'server us (spread)',
    'client us',
    'idle',
    'others',
  ];
  const rows = [head];
  const notes: string[] = [];
  for (const count of counts) {
    for (const arm of arms) {
      const of = runs.filter((run) => run.arm === arm && run.connections === count);
      if (of.length === 0) continue;
      const series = (figure: (run: ArmRun) => number) => seriesOf(arm, '', of.map(figure));
      const rate = series(({ perSecond }) => perSecond);
      const cost = series(serverUs);
      const median = (figure: (run: ArmRun) => number, digits: number) =>
        series(figure).median.toFixed(digits);
      rows.push([
        String(count),
        arm,
        `${round(rate.median)} (${round(rate.min)}-${round(rate.max)})`,
        median(({ p50Ms }) => p50Ms, 2),
        median(({ p99Ms }) => p99Ms, 1),
        `${cost.median.toFixed(1)} (${cost.min.toFixed(1)}-${cost.max.toFixed(1)})`,
        median(({ clientUs }) => clientUs, 1),
        median(({ idleCores }) => idleCores, 2),
        median(({ foreignCores }) => foreignCores, 2),
      ]);
      notes.push(`${count} ${arm}: ${partsOf(of)}`);
    }
  }
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    ...rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    ),
    ...notes,
  ];
}

/** us a request by thread, dearest first, with its share of a core; what saturated is named. */
function partsOf(of: readonly ArmRun[]): string {
  const median = (figure: (run: ArmRun) => number) => seriesOf('', '', of.map(figure)).median;
  const parts = [...new Set(of.flatMap(({ us }) => Object.keys(us)))]
    .map((name) => ({
      name,
      us: median((run) => run.us[name] ?? 0),
      busy: median((run) => run.busy[name] ?? 0),
    }))
    .sort((a, b) => b.us - a.us);
  const shown = parts.filter(({ us }) => us >= shownUs);
  const full = parts.filter(({ busy }) => busy >= saturated).map(({ name }) => name);
  if (median(({ clientBusy }) => clientBusy) >= saturated) full.push('client');
  const perCommit = of.every((run) => run.perCommit !== null) ? median((run) => run.perCommit!) : null;
  const errors = of.reduce((sum, run) => sum + run.errors, 0);
  return [
    shown.map(({ name, us, busy }) => `${name} ${us.toFixed(1)} us ${Math.round(busy * 100)} %`).join(', '),
    ...(perCommit === null ? [] : [`${perCommit.toFixed(1)} requests an XADD`]),
    full.length > 0 ? `saturated: ${full.join(', ')}` : 'no thread saturated',
    ...(errors > 0 ? [`${errors} ERRORS`] : []),
  ].join('; ');
}

const round = (value: number) => Math.round(value).toLocaleString('en-US');
