/** Sold out: for who stands in line, with the place kept; for who came late, with what opens next. */
import { useMemo } from 'preact/hooks';
import { get } from '../../api.ts';
import { count, moment } from '../../format.ts';
import { Figure } from '../../parts/figure.tsx';
import { useLoaded } from '../../parts/loaded.ts';
import { Strip } from '../../parts/strip.tsx';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';
import { Leave, Stacks } from './place.tsx';
import { priceText, stripOf, unitsText } from './shown.ts';
import { isLive, type Sale, stockOf } from './state.ts';

export function SoldOut({ drop, sale }: { readonly drop: Drop; readonly sale: Sale }) {
  const strip = useMemo(() => stripOf(drop), [drop]);
  const { soldOut, place } = words;
  const { ticket, notice } = drop.state;
  const stock = stockOf(drop.state);
  const held = ticket !== null && isLive(ticket) ? ticket : null;
  return (
    <>
      {notice?.kind === 'taken' && (
        <div class="note bad" role="alert">
          <b>{words.taken}</b>
        </div>
      )}
      <Strip view={strip} />
      <div class="place-grid">
        <div class="numbers of-words">
          <div class="lead">
            <h2 class="shout" tabIndex={-1}>
              {soldOut.title}
            </h2>
          </div>
          {held !== null && (
            <div class="pair">
              <Figure
                label={place.number}
                value={held.ticketNumber === null ? place.byLot : count(held.ticketNumber)}
              />
              <Figure label={place.mayComeBack} value={count(stock.onHold)} />
            </div>
          )}
          <div class="chance">
            <Stacks sale={sale} stock={{ ...stock, left: 0, onHold: 0 }} ahead={null} isOver />
          </div>
          <div class="why">
            <p>
              <b>{soldOut.notCharged}</b>{' '}
              {drop.state.phase === 'sold_out' && soldOut.went(count(stock.quantity))}
            </p>
            {held !== null && (
              <>
                <p class="quiet">
                  {stock.onHold ? soldOut.back(stock.onHold, count(stock.onHold)) : soldOut.backUnknown}{' '}
                  {soldOut.until(moment(sale.endsAt))}
                </p>
                <div class="acts">
                  {held.status === 'admitted' && (
                    <button type="button" onClick={() => drop.hear({ type: 'stock', hasUnits: true })}>
                      {soldOut.lookAgain}
                    </button>
                  )}
                  <Leave drop={drop} ticket={held} />
                </div>
              </>
            )}
          </div>
        </div>
        <NextDrops besides={sale.saleId} />
      </div>
    </>
  );
}

const shownMax = 3;
const listMax = 50;

/** Those that open next, then those that are open. */
export function NextDrops({ besides }: { readonly besides: string }) {
  const { soldOut } = words;
  const { value } = useLoaded('next drops', (abort) =>
    get<{ items: Sale[] }>(`/v1/sales?limit=${listMax}`, abort),
  );
  const rank = ({ phase }: Sale) => (phase === 'active' ? 1 : 0);
  const next = (value?.items ?? [])
    .filter(({ saleId, phase }) => saleId !== besides && ['scheduled', 'prequeue', 'active'].includes(phase))
    .sort((a, b) => rank(a) - rank(b) || Date.parse(a.startsAt) - Date.parse(b.startsAt))
    .slice(0, shownMax);
  return (
    <section class="next-drops">
      <h3>{soldOut.next}</h3>
      {value !== null && next.length === 0 && <p class="quiet">{soldOut.none}</p>}
      <ul>
        {next.map((sale) => (
          <li key={sale.saleId}>
            <a href={`/drops/${sale.saleId}`}>{sale.title}</a>
            <span class="quiet small">
              {sale.phase === 'active' ? words.titles.open : moment(sale.startsAt)} · {priceText(sale)} ·{' '}
              {unitsText(sale)}
            </span>
          </li>
        ))}
      </ul>
      <a href="/drops">{soldOut.all}</a>
    </section>
  );
}
