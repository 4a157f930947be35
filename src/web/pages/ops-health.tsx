/** What is wrong since when, what to do first, why it is not worse, and when the next step holds. */
import { useEffect } from 'preact/hooks';
import type { Overview, Problem as TheirProblem } from '../../ops/schemas.ts';
import { serverNow, tick } from '../clock.ts';
import { utcTime } from '../format.ts';
import { opsWords } from '../words-ops.ts';
import { milliseconds, span, utcMoment } from './ops-format.ts';
import './ops-health.css';

/** What nobody but the browser knows has no code. */
export type Problem = Omit<TheirProblem, 'code'>;

/** Silence that a slow moment does not explain. */
const silentMs = 5_000;

/** What the server says, and what only the browser can know: that nothing answers. */
export function problemsOf(overview: Overview | null, asOfMs: number | null): readonly Problem[] {
  void tick.value;
  const { lost } = opsWords;
  const told = overview?.health.problems ?? [];
  if (asOfMs === null || serverNow() - asOfMs < silentMs) return told;
  const since = new Date(asOfMs).toISOString();
  const silence = navigator.onLine
    ? { since, what: lost.what, doFirst: lost.doFirst, safe: lost.safe }
    : { since, what: lost.offlineWhat, doFirst: lost.offlineDoFirst, safe: lost.offlineSafe };
  return [silence, ...told];
}

/** Troubles that are over, so that whoever looks again knows what happened meanwhile. */
let lastTrouble: { readonly what: string; readonly since: string; readonly untilMs: number } | null = null;
let before: readonly Problem[] = [];
const openedAtMs = Date.now();

function remember(problems: readonly Problem[]): void {
  const over = before.filter(({ what }) => !problems.some((each) => each.what === what));
  const [ended] = over;
  if (ended) lastTrouble = { what: ended.what, since: ended.since, untilMs: serverNow() };
  before = problems;
}

export function Health({
  overview,
  problems,
}: {
  readonly overview: Overview | null;
  readonly problems: readonly Problem[];
}) {
  useEffect(() => remember(problems), [problems]);
  const { health } = opsWords;
  const isGood = overview !== null && problems.length === 0;
  return (
    <section
      class={`health ${problems.length > 0 ? 'wrong' : isGood ? 'good' : 'unknown'}`}
      role="status"
      aria-label={health.name}
    >
      {problems.length > 0 ? (
        <ul class="troubles">
          {problems.map((problem) => (
            <Trouble key={`${problem.what} ${problem.shard}`} problem={problem} />
          ))}
        </ul>
      ) : (
        <p class="health-state">{isGood ? health.good : health.notTold}</p>
      )}
      <p class="health-more">
        {problems.length === 0 && <span>{isGood ? memory() : health.notToldText} </span>}
        {overview !== null && <Facts overview={overview} />}
      </p>
    </section>
  );
}

function memory(): string {
  const { health } = opsWords;
  if (lastTrouble === null) return health.noneSeen(utcTime(openedAtMs));
  const { what, since, untilMs } = lastTrouble;
  return health.last(what, utcMoment(since, serverNow()), utcMoment(untilMs, serverNow()));
}

function Trouble({ problem }: { readonly problem: Problem }) {
  const { health } = opsWords;
  const { what, since, doFirst, safe, until, shard } = problem;
  const nowMs = serverNow();
  const deadline = until ? utcMoment(until, nowMs) : null;
  return (
    <li>
      <p class="trouble-what">
        {what}
        <span class="trouble-since">
          {shard != null && `${health.shard(shard)} · `}
          {health.since(utcMoment(since, nowMs))}
          <span aria-hidden="true">{health.ago(span(nowMs - Date.parse(since)))}</span>
        </span>
      </p>
      <p>
        <b>
          {health.first} {doFirst}
        </b>{' '}
        {safe}{' '}
        {deadline !== null &&
          (Date.parse(until!) > nowMs ? health.until(deadline) : <b>{health.untilPassed(deadline)}</b>)}
      </p>
    </li>
  );
}

/** Journal, durability, lag and sale mode. The lag moves: it is shown, not read. */
function Facts({ overview: { journal, saleMode } }: { readonly overview: Overview }) {
  const { health } = opsWords;
  return (
    <span class="quiet">
      {health.journal(health.kinds[journal.kind] ?? journal.kind)} · {journal.durability}
      <span aria-hidden="true"> · {health.lag(milliseconds(journal.lagMs))}</span>
      {` · ${health.saleMode(saleMode)}`}
    </span>
  );
}
