/** The operator's console: one screen that says whether all is good, and what to do first when it is not. */
import type { Overview } from '../../ops/schemas.ts';
import { serverNow, tick } from '../clock.ts';
import { count, none, rate } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { ConnectionState } from '../parts/connection.tsx';
import { Figure } from '../parts/figure.tsx';
import type { History } from '../parts/history.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { opsWords } from '../words-ops.ts';
import { AsOf, isOld } from './ops-age.tsx';
import { DropsTable } from './ops-drops.tsx';
import { type ShardRow, useOverview, useShards } from './ops-engine.ts';
import { dayAndTime, milliseconds } from './ops-format.ts';
import { Health, problemsOf } from './ops-health.tsx';
import { type Drops, sum, useDrops, useOpsHistory } from './ops-running.ts';
import { Shards } from './ops-shards.tsx';
import './ops.css';

export default function OpsPage() {
  return (
    <Needs roles={['operator', 'admin']}>
      <Console />
    </Needs>
  );
}

function Console() {
  const shards = useShards();
  const overview = useOverview();
  const drops = useDrops();
  const history = useOpsHistory(drops, slowestCommitMs(shards?.rows ?? []));
  const times = [shards?.asOfMs ?? null, overview.asOfMs, drops.statuses.asOfMs];
  const known = times.filter((time) => time !== null);
  const problems = problemsOf(overview.value, known.length > 0 ? Math.max(...known) : null);
  const isGood = overview.value !== null && problems.length === 0;
  const state = problems[0]?.what ?? (isGood ? opsWords.health.good : null);
  return (
    <Page
      heading={opsWords.title}
      title={state === null ? opsWords.title : `${state} – ${opsWords.title}`}
      kind="ops"
      aside={
        <>
          <Clock />
          <AsOf times={times} />
          <ConnectionState />
        </>
      }
    >
      <Health overview={overview.value} problems={problems} />
      <div class="ops-grid">
        <Vitals overview={overview.value} isStale={isOld(overview.asOfMs)} />
        <Shards rows={shards?.rows ?? null} problems={problems} />
        <DropsTable drops={drops} />
      </div>
      <Charts history={history} drops={drops} />
    </Page>
  );
}

/** Of shards that commit: what one at rest says of its last commits may be long ago. */
function slowestCommitMs(rows: readonly ShardRow[]): number | null {
  const busy = rows.filter(({ shard, isSilent }) => shard.commandsPerSecond > 0 && !isSilent);
  return busy.length === 0 ? null : Math.max(...busy.map(({ shard }) => shard.commitP99Ms));
}

function Clock() {
  void tick.value;
  return <p class="ops-clock quiet">{dayAndTime(serverNow())}</p>;
}

/** Counted are orders that came to a status: all of them to the first one, each at last to one of the others. */
const lastStatuses = ['confirmed', 'payment_failed', 'expired', 'cancelled'];

function Vitals({ overview, isStale }: { readonly overview: Overview | null; readonly isStale: boolean }) {
  const { vitals } = opsWords;
  const orders = overview?.orders.byStatus ?? null;
  const payments = overview?.payments.byResult ?? null;
  const open = orders && (orders.pending ?? 0) - sum(lastStatuses, (status) => orders[status] ?? 0);
  const declined = payments && (payments.declined ?? 0);
  const letters = overview?.deadLetters ?? null;
  return (
    <div class={`vitals ${isStale ? 'stale' : ''}`}>
      <Figure
        label={vitals.oversold}
        value={count(overview?.oversoldUnits)}
        kind={`big ${zeroKind(overview?.oversoldUnits)}`}
      />
      <Figure
        label={vitals.orders}
        value={count(orders && (orders.confirmed ?? 0))}
        note={open === null ? '' : vitals.open(count(Math.max(0, open)))}
      />
      <Figure
        label={vitals.payments}
        value={count(payments && (payments.captured ?? 0))}
        note={declined === null ? '' : vitals.declined(count(declined))}
      />
      <Figure
        label={vitals.deadLetters}
        value={count(letters)}
        kind={letters ? 'attention' : ''}
        note={letters === null ? '' : letters === 0 ? vitals.deadLettersNone : vitals.deadLettersSome}
      />
      <Figure
        label={vitals.mismatch}
        value={count(overview?.inventoryMismatch)}
        kind={zeroKind(overview?.inventoryMismatch)}
        note={vitals.mismatchNote}
      />
      <p class="vitals-note quiet">{overview === null ? '' : vitals.sinceStart}</p>
    </div>
  );
}

/** What must read 0. */
function zeroKind(value: number | undefined): string {
  return value === undefined ? 'unknown' : value === 0 ? 'zero' : 'not-zero';
}

function shortMs(value: number): string {
  return value < 100 ? rate(value) : count(value);
}

const chartHeight = 180;
const commitLimit = { value: 100, text: opsWords.charts.limit };

function Charts({ history, drops }: { readonly history: History; readonly drops: Drops }) {
  void history.revision.value;
  const { charts } = opsWords;
  const [queue, admissions, stock, p99] = [0, 1, 2, 3].map((line) => history.last(line));
  const units = sum(
    drops.rows.filter(({ asOfMs }) => asOfMs !== null),
    (row) => row.units,
  );
  const isSlow = (p99 ?? 0) > commitLimit.value;
  const rows = [
    { label: charts.queue, line: 0, text: charts.waiting(count(queue)), format: count },
    { label: charts.admissions, line: 1, text: charts.perSecond(rate(admissions)), format: rate },
    {
      ...{ label: charts.stock, line: 2, format: count },
      text: stock == null ? none : charts.left(count(stock), count(units)),
    },
    {
      ...{ label: charts.p99, line: 3, format: shortMs, limit: commitLimit },
      text: isSlow ? charts.over(milliseconds(p99)) : milliseconds(p99),
    },
  ];
  return (
    <section class={`charts ${isOld(drops.statuses.asOfMs) ? 'stale' : ''}`} aria-label={charts.name}>
      {rows.map(({ label, text, ...more }) => (
        <div key={label} class="chart-box">
          <p class="chart-head">
            <span>{label}</span>
            <b>{text}</b>
          </p>
          <Chart label={label} history={history} {...more} height={chartHeight} hasTimes />
        </div>
      ))}
    </section>
  );
}
