/** One drop in the console: its figures, three charts on one clock, its door, its rates and who changed them. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Sale, SaleStatus } from '../../market/sales/schemas.ts';
import { ApiError } from '../api.ts';
import { serverNow } from '../clock.ts';
import { count, none, rate, share } from '../format.ts';
import { Chart } from '../parts/chart.tsx';
import { ConnectionState } from '../parts/connection.tsx';
import { Figure } from '../parts/figure.tsx';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { opsWords } from '../words-ops.ts';
import { NotHere } from './not-here.tsx';
import { AsOf, isOld } from './ops-age.tsx';
import { Changes } from './ops-changes.tsx';
import { Door } from './ops-door.tsx';
import { Phase } from './ops-drops.tsx';
import { useOpsTopic } from './ops-engine.ts';
import { utcMoment } from './ops-format.ts';
import { type OneDrop, useOneDrop } from './ops-one.ts';
import { RatesForm } from './ops-rates.tsx';
import { phaseWord, sum } from './ops-running.ts';
import './ops.css';
import './ops-drop.css';

export default function OpsDropPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  return (
    <Needs roles={['operator', 'admin']}>
      <Drop saleId={params.saleId!} />
    </Needs>
  );
}

function Drop({ saleId }: { readonly saleId: string }) {
  useOpsTopic();
  const drop = useOneDrop(saleId);
  const { terms, status, history } = drop;
  const [acts, setActs] = useState(0);
  const { value, error } = terms;
  if (value === null && error instanceof ApiError && (error.status === 404 || error.status === 400))
    return <NotHere />;
  const phase = status.value?.phase ?? value?.sale.phase ?? null;
  const title = value?.sale.title ?? opsWords.title;
  const onAnswer = () => {
    setActs((before) => before + 1);
    terms.reload();
    status.reload();
  };
  return (
    <Page
      heading={title}
      title={phase === null ? title : `${phaseWord(phase)} – ${title}`}
      kind="ops"
      aside={<Head sale={value?.sale ?? null} phase={phase} asOfMs={status.asOfMs} />}
    >
      {value === null && error !== null && <Trouble error={error} onRetry={onAnswer} />}
      <div class="ops-drop">
        <div class={`drop-figures ${isOld(status.asOfMs) ? 'stale' : ''}`}>
          <Tally status={status.value} />
          <Shares status={status.value} soldPerSecond={history.fallPerSecond(2, paceSeconds)} />
        </div>
        <div class="controls">
          {value !== null && phase !== null && (
            <>
              <Door terms={value} phase={phase} status={status.value} onAnswer={onAnswer} />
              {phase !== 'ended' && <RatesForm terms={value} status={status.value} onAnswer={onAnswer} />}
            </>
          )}
          <Changes saleId={saleId} revision={acts} />
        </div>
        <Tiers drop={drop} />
      </div>
    </Page>
  );
}

interface HeadProps {
  readonly sale: Sale | null;
  readonly phase: string | null;
  readonly asOfMs: number | null;
}

function Head({ sale, phase, asOfMs }: HeadProps) {
  const { drop, back } = opsWords;
  const nowMs = serverNow();
  const times = () => {
    if (sale === null) return '';
    const { startsAt, endsAt, queueing } = sale;
    const start = utcMoment(startsAt, nowMs);
    const opening = Date.parse(startsAt) > nowMs ? drop.opens(start) : drop.opened(start);
    const method: string = queueing.method;
    return `${opening} · ${drop.ends(utcMoment(endsAt, nowMs))} · ${drop.methods[method] ?? method}`;
  };
  return (
    <>
      <p class="drop-phase">{phase !== null && <Phase phase={phase} />}</p>
      <p class="quiet">{times()}</p>
      <p>
        <a href="/ops">{back}</a>
      </p>
      <AsOf times={[asOfMs]} />
      <ConnectionState />
    </>
  );
}

function Tally({ status }: { readonly status: SaleStatus | null }) {
  const { figures } = opsWords.drop;
  const items = status?.items ?? null;
  const all = (of: (item: SaleStatus['items'][number]) => number) => count(items && sum(items, of));
  return (
    <div class="tally">
      <Figure label={figures.waiting} value={count(status?.queueLength)} kind="first" />
      <Figure label={figures.admitted} value={count(status?.activeAdmissions)} />
      <Figure label={figures.joined} value={count(status?.joined)} />
      <Figure label={figures.completed} value={count(status?.completed)} />
      <Figure label={figures.letPass} value={count(status?.expired)} />
      <Figure label={figures.left} value={count(status?.left)} />
      <Figure label={figures.available} value={all(({ available }) => available)} />
      <Figure label={figures.held} value={all(({ held }) => held)} />
      <Figure label={figures.sold} value={all(({ sold }) => sold)} />
      <Figure
        label={figures.oversold}
        value={count(status?.oversold)}
        kind={status === null ? '' : status.oversold === 0 ? 'zero' : 'not-zero'}
      />
    </div>
  );
}

/** How the units are shared out, as a bar and as text. */
function Shares({
  status,
  soldPerSecond,
}: {
  readonly status: SaleStatus | null;
  readonly soldPerSecond: number | null;
}) {
  const { shares } = opsWords.drop;
  const items = status?.items ?? [];
  const parts = [
    { kind: 'sold', units: sum(items, ({ sold }) => sold), text: shares.sold },
    { kind: 'held', units: sum(items, ({ held }) => held), text: shares.held },
    { kind: 'free', units: sum(items, ({ available }) => available), text: shares.available },
  ];
  const units = sum(parts, (part) => part.units);
  return (
    <div>
      <div class="shares" aria-hidden="true">
        {parts.map(({ kind, units: part }) => (
          <span key={kind} class={kind} style={{ flexGrow: part }} hidden={part === 0} />
        ))}
      </div>
      <p class="keys">
        {parts.map(({ kind, units: part, text }) => (
          <span key={kind}>
            <i class={kind} />
            {text(units === 0 ? none : share(part / units))}
          </span>
        ))}
        <span class="till">{status === null ? '' : lastUnit(status, soldPerSecond)}</span>
      </p>
    </div>
  );
}

const roundToMs = 10_000;
/** How long the pace is looked at that says when the last unit goes. */
const paceSeconds = 60;

function lastUnit({ items, phase }: SaleStatus, soldPerSecond: number | null): string {
  const { shares } = opsWords.drop;
  const available = sum(items, (item) => item.available);
  const isOpen = phase !== 'ended' && phase !== 'scheduled';
  if (available === 0 && isOpen)
    return sum(items, ({ held }) => held) > 0 ? shares.mayComeBack : shares.noneLeft;
  if (phase !== 'active' || soldPerSecond === null || soldPerSecond <= 0) return '';
  const atMs = serverNow() + (available / soldPerSecond) * 1000;
  return shares.lastUnit(utcMoment(Math.round(atMs / roundToMs) * roundToMs, serverNow()));
}

function Tiers({ drop: { history, status } }: { readonly drop: OneDrop }) {
  void history.revision.value;
  const { charts } = opsWords;
  const [queue, admissions, stock, held] = [0, 1, 2, 3].map((line) => history.last(line));
  return (
    <section class={`tiers ${isOld(status.asOfMs) ? 'stale' : ''}`} aria-label={charts.name}>
      <Tier label={charts.queue}>
        <Chart label={charts.queue} history={history} line={0} format={count} height={104} />
      </Tier>
      <Tier label={charts.admissions}>
        <Chart label={charts.admissions} history={history} line={1} format={rate} height={104} />
      </Tier>
      <Tier label={charts.stock}>
        <Chart
          label={charts.stock}
          history={history}
          line={2}
          second={3}
          format={count}
          height={126}
          hasTimes
        />
      </Tier>
      <p class="keys">
        <span>
          {charts.last} {charts.waiting(count(queue))}
        </span>
        <span>{charts.perSecond(rate(admissions))}</span>
        <span>{charts.available(count(stock))}</span>
        <span>{charts.held(count(held))}</span>
      </p>
      {status.value !== null && status.value.items.length > 1 && <Items status={status.value} />}
    </section>
  );
}

function Tier({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <h2 class="tier-head">{label}</h2>
      {children}
    </div>
  );
}

function Items({ status }: { readonly status: SaleStatus }) {
  const { items, itemColumns: columns } = opsWords.drop;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <div class="ops-table" tabIndex={0}>
      <table aria-label={items}>
        <thead>
          <tr>
            {Object.entries(columns).map(([key, text]) => (
              <th key={key} scope="col" class={key === 'sku' ? '' : 'number'}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {status.items.map(({ sku, quantity, available, held, sold }) => (
            <tr key={sku}>
              <th scope="row">{sku}</th>
              <td class="number">{count(quantity)}</td>
              <td class="number">{count(available)}</td>
              <td class="number">{count(held)}</td>
              <td class="number">{count(sold)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
