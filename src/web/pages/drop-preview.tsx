/** How the drop will go, by what is in the form now. */
import type { Product } from '../../market/catalog/schemas.ts';
import { count, date, moment, money, none, rate, timeOfDay, wait } from '../format.ts';
import { Figure } from '../parts/figure.tsx';
import { words } from '../words.ts';
import { sellerWords } from '../words-seller.ts';
import { draft, type Fields, priceOf, timesOf, wholeOf } from './drop-draft.ts';
import { variantOf } from './drop-fields.tsx';
import { type Forecast, forecast, leftAfter } from './forecast.ts';

const text = sellerWords.preview;
const dayMs = 86_400_000;

/** null: something that it takes is missing. */
function forecastOf(fields: Fields): Forecast | null {
  const [units, releasePerSecond, activeLimit, admissionSeconds] = [
    ...[fields.units, fields.release, fields.activeLimit, fields.admission].map(wholeOf),
  ];
  if (!units || !releasePerSecond || !activeLimit || !admissionSeconds) return null;
  return forecast({ units, releasePerSecond, activeLimit, admissionSeconds });
}

export function DropPreview({ products }: { readonly products: readonly Product[] }) {
  const { fields } = draft.value;
  const future = forecastOf(fields);
  const { startsAtMs, endsAtMs } = timesOf(fields, Date.now());
  const lastMs = future === null ? null : startsAtMs + future.lastUnitSeconds * 1000;
  const unsold =
    future !== null && lastMs! > endsAtMs ? leftAfter(future, (endsAtMs - startsAtMs) / 1000) : 0;
  return (
    <section class="preview" aria-labelledby="preview">
      <h2 id="preview">{text.title}</h2>
      <Figure
        label={text.last}
        value={lastMs === null ? none : timeOfDay(lastMs)}
        kind="last-unit"
        note={future === null ? text.nothing : afterOf(future, lastMs!)}
      />
      <Curve future={future} startsAtMs={startsAtMs} />
      <div class="pair roomy figures">
        <Figure
          label={text.people}
          value={future === null ? none : rate(future.peoplePerSecond)}
          note={slowedNote(future, fields)}
        />
        <Figure
          label={text.waits}
          value={future === null ? none : wait(future.lastUnitSeconds)}
          note={text.waitsNote}
        />
      </div>
      <p class="assumed">{text.assumed}</p>
      {future !== null && unsold >= 1 && <p class="notice caution">{text.tooLong(count(unsold))}</p>}
      {future !== null && unsold < 1 && (
        <p class="notice">
          <strong>{text.room(count(future.people))}</strong>
          <span>{text.roomNote}</span>
        </p>
      )}
      <Card fields={fields} isKnown={variantOf(products, fields.sku) !== null} />
    </section>
  );
}

function afterOf({ lastUnitSeconds }: Forecast, lastMs: number): string {
  const after = text.after(wait(lastUnitSeconds));
  return lastMs - Date.now() < dayMs ? after : text.onDay(after, date(new Date(lastMs).toISOString()));
}

function slowedNote(future: Forecast | null, fields: Fields): string {
  if (future === null || future.peoplePerSecondLater > 0.95 * future.peoplePerSecond) return '';
  return text.slowed(count(wholeOf(fields.activeLimit)), rate(future.peoplePerSecondLater));
}

const [width, height] = [400, 120];
const pointsMax = 200;

/** Units over time; the figures beside it say the same. */
function Curve({ future, startsAtMs }: { readonly future: Forecast | null; readonly startsAtMs: number }) {
  const { lastUnitSeconds = 1, curve = [] } = future ?? {};
  const units = curve[0]?.[1] ?? 1;
  const every = Math.max(1, Math.floor(curve.length / pointsMax));
  const points = curve
    .filter((_, index) => index % every === 0 || index === curve.length - 1)
    .map(([at, left]) => `${(at / lastUnitSeconds) * width} ${height - (left / units) * height}`);
  const line = `M${points.join('L')}`;
  return (
    <div class="curve" aria-hidden="true">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {points.length > 1 && (
          <>
            <path class="below" d={`${line}L${width} ${height}L0 ${height}Z`} />
            <path class="line" d={line} />
          </>
        )}
      </svg>
      <span class="top">{future === null ? '' : count(units)}</span>
      <span class="from">{future === null ? '' : timeOfDay(startsAtMs)}</span>
      <span class="to">{future === null ? '' : timeOfDay(startsAtMs + lastUnitSeconds * 1000)}</span>
    </div>
  );
}

/** As it will stand in the timetable. */
function Card({ fields, isKnown }: { readonly fields: Fields; readonly isKnown: boolean }) {
  const units = wholeOf(fields.units);
  const price = money(isKnown ? priceOf(fields) : null);
  return (
    <div class="drop-card">
      <strong>{fields.title.trim() || text.untitled}</strong>
      <span class="quiet">{text.card(price, words.drops.units(units ?? 0, count(units)))}</span>
      <span>
        {fields.starts === ''
          ? text.opensNow
          : text.opens(moment(new Date(timesOf(fields, Date.now()).startsAtMs).toISOString()))}
      </span>
    </div>
  );
}
