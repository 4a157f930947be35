/** The list "Changes": who changed what, when, the newest first. */
import { useEffect } from 'preact/hooks';
import type { SaleChange } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';
import { serverNow } from '../clock.ts';
import { count, none } from '../format.ts';
import { useWatched } from '../parts/watched.ts';
import { session } from '../session.ts';
import { opsWords } from '../words-ops.ts';
import { utcMoment } from './ops-format.ts';
import { pathOf } from './ops-one.ts';

const everyMs = 4_000;

/** `revision`: another number when something was just changed from here. */
export function Changes({ saleId, revision }: { readonly saleId: string; readonly revision: number }) {
  const { changes } = opsWords;
  const { value, error, reload } = useWatched(
    `changes ${saleId}`,
    async (abort) => (await get<{ items: readonly SaleChange[] }>(`${pathOf(saleId)}/changes`, abort)).items,
    everyMs,
  );
  useEffect(() => {
    if (revision > 0) reload();
  }, [revision, reload]);
  const items = (value ?? []).toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <section class="panel changes">
      <h2 id="changes">{changes.title}</h2>
      {value?.length === 0 && <p class="quiet">{changes.none}</p>}
      {value === null && error !== null && <p class="quiet">{changes.notTold}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <ol aria-labelledby="changes" tabIndex={0}>
        {items.map((change) => (
          <li key={`${change.at} ${change.change}`}>
            <time dateTime={change.at}>{utcMoment(change.at, serverNow())}</time>
            <span>{changes.by(whatOf(change), whoOf(change))}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** A later version may know other changes and other rates. */
function whatOf({ change, holds, rates }: SaleChange): string {
  const { changes } = opsWords;
  const kind: string = change;
  if (kind === 'paused') return holds ? changes.pausedWithHolds : changes.paused;
  if (kind !== 'rates') return changes.kinds[kind] ?? kind.replaceAll('_', ' ');
  const written = Object.entries(rates ?? {}).map(([name, { from, to }]) =>
    opsWords.rates.change(changes.rates[name] ?? name, figure(from), figure(to)),
  );
  return written.join(', ');
}

function figure(value: number | null): string {
  return value === null ? none : count(value);
}

function whoOf({ actor: { accountId, role } }: SaleChange): string {
  const { changes } = opsWords;
  if (accountId === session.value?.accountId) return changes.you;
  return role === 'seller' ? changes.seller : changes.other(role, accountId.slice(-6));
}
