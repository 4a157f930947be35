/** The list "Changes": who changed what, when. */
import { get } from '../api.ts';
import { serverNow } from '../clock.ts';
import type { History } from '../parts/history.ts';
import { useWatched } from '../parts/watched.ts';
import { opsWords } from '../words-ops.ts';
import { utcMoment } from './ops-format.ts';
import { pathOf } from './ops-one.ts';

interface Change {
  readonly at: string;
  readonly what: string;
  readonly who: string | null;
}

const everyMs = 4_000;

export function Changes({ saleId, history }: { readonly saleId: string; readonly history: History }) {
  void history.revision.value;
  const { changes } = opsWords;
  const told = useWatched(
    `changes ${saleId}`,
    async (abort) => (await get<{ items: readonly Told[] }>(`${pathOf(saleId)}/changes`, abort)).items,
    everyMs,
  );
  const isTold = told.value !== null;
  const items = told.value?.map(changeOf) ?? seenIn(history);
  return (
    <section class="panel changes">
      <h2 id="changes">{changes.title}</h2>
      {!isTold && told.error !== null && <p class="quiet">{changes.notTold}</p>}
      {items.length === 0 && <p class="quiet">{isTold ? changes.none : changes.nothingSeen}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <ol aria-labelledby="changes" tabIndex={0}>
        {items.map(({ at, what, who }) => (
          <li key={`${at} ${what}`}>
            <time dateTime={at}>{utcMoment(at, serverNow())}</time>
            <span>{who === null ? what : changes.by(what, who)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function seenIn({ happenings }: History): Change[] {
  return happenings
    .map(({ atMs, text }) => ({ at: new Date(atMs).toISOString(), what: text, who: null }))
    .toReversed();
}

type Told = Readonly<Record<string, unknown>>;

function changeOf(told: Told): Change {
  return { at: String(told.at), what: whatOf(told), who: null };
}

function whatOf(told: Told): string {
  return String(told.what ?? told.change ?? '');
}
