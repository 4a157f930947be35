/** The table "Drops". */
import { serverNow } from '../clock.ts';
import { count } from '../format.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { opsWords } from '../words-ops.ts';
import { isOld } from './ops-age.tsx';
import { utcMoment } from './ops-format.ts';
import { type DropRow, type Drops, phaseWord } from './ops-running.ts';

export function DropsTable({ drops: { rows, list } }: { readonly drops: Drops }) {
  const { name, columns, empty, slow } = opsWords.drops;
  const oldest = Math.max(0, ...rows.map(({ asOfMs }) => (asOfMs === null ? 0 : serverNow() - asOfMs)));
  const isSlow = oldest > 2_000 && !rows.every(({ asOfMs }) => asOfMs === null || isOld(asOfMs));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <div class="ops-table drops" tabIndex={0}>
      <table aria-label={name}>
        <thead>
          <tr>
            <th scope="col">{columns.drop}</th>
            <th scope="col">{columns.phase}</th>
            <th scope="col" class="number">
              {columns.waiting}
            </th>
            <th scope="col" class="number">
              {columns.left}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.sale.saleId} row={row} />
          ))}
        </tbody>
      </table>
      {list.value?.length === 0 && <p class="quiet">{empty}</p>}
      {list.value === null && list.error !== null && <p class="quiet">{sentenceOf(list.error)}</p>}
      {isSlow && <p class="quiet">{slow(count(Math.ceil(oldest / 1000)))}</p>}
    </div>
  );
}

function Row({ row: { sale, phase, waiting, left, asOfMs } }: { readonly row: DropRow }) {
  return (
    <tr class={isOld(asOfMs) ? 'old' : ''}>
      <th scope="row">
        <a href={`/ops/drops/${encodeURIComponent(sale.saleId)}`} title={sale.title}>
          {sale.title}
        </a>
      </th>
      <td>
        <Phase phase={phase} startsAt={sale.startsAt} />
      </td>
      <td class="number">{count(waiting)}</td>
      <td class="number">{count(left)}</td>
    </tr>
  );
}

/** A word and a shape, never colour alone. */
export function Phase({ phase, startsAt }: { readonly phase: string; readonly startsAt?: string }) {
  const isToCome = phase === 'scheduled' && startsAt !== undefined;
  const text = isToCome ? utcMoment(startsAt, serverNow()) : phaseWord(phase);
  return <span class={`phase ${phase}`}>{text}</span>;
}
