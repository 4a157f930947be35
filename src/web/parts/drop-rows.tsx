/** Drops as a timetable: when, what, how many, at what price. */
import './drop-rows.css';
import type { Sale } from '../../market/sales/schemas.ts';
import { serverNow, tick } from '../clock.ts';
import { count, money, shortDate, time, timetable, wait } from '../format.ts';
import { words } from '../words.ts';
import { Picture } from './picture.tsx';
import { imageOf, priceOf, unitsOf } from './sales.ts';

export function DropRows({ drops, label }: { readonly drops: readonly Sale[]; readonly label: string }) {
  return (
    <ul class="drop-rows" aria-label={label}>
      {drops.map((drop) => (
        <li key={drop.saleId}>
          <a href={`/drops/${drop.saleId}`}>
            <When drop={drop} />
            <Picture url={imageOf(drop)} title={drop.title} />
            <span class="what">
              <strong>{drop.title}</strong>
              <span class="quiet">{words.drops.units(unitsOf(drop), count(unitsOf(drop)))}</span>
            </span>
            <span class="price">{money(priceOf(drop))}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function When({ drop: { phase, startsAt } }: { readonly drop: Sale }) {
  const text = words.drops;
  const lines: readonly [string, string] =
    phase === 'scheduled' || phase === 'prequeue'
      ? startLines(startsAt, phase === 'prequeue')
      : phase === 'active'
        ? [text.open, text.since(time(startsAt))]
        : phase === 'ended'
          ? [text.ended, shortDate(startsAt)]
          : [text.phases[phase] ?? phase, ''];
  const isDoor = phase === 'active' || phase === 'prequeue';
  return (
    <span class={`when ${isDoor ? 'door' : ''}`}>
      <strong>{lines[0]}</strong>
      {lines[1] && <span class="quiet">{lines[1]}</span>}
    </span>
  );
}

function startLines(startsAt: string, isLineOpen: boolean): readonly [string, string] {
  void tick.value;
  const nowMs = serverNow();
  const { when, more } = timetable(startsAt, nowMs);
  if (isLineOpen) return [when, words.drops.lineOpen];
  if (more !== '') return [when, more];
  return [when, words.drops.in(wait((Date.parse(startsAt) - nowMs) / 1000))];
}
