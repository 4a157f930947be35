/** Where the product is sold now or next: its drop. */
import type { Sale } from '../../../market/sales/schemas.ts';
import { moment, money } from '../../format.ts';
import { sorted } from '../../parts/sales.ts';
import { shopWords } from '../../words-shop.ts';

const text = shopWords.product;

/** The one that is open, else the next one; null: there is none. */
export function dropFor(drops: readonly Sale[]): Sale | null {
  const { open, next } = sorted(drops);
  return open[0] ?? next[0] ?? null;
}

interface WhereProps {
  readonly drop: Sale | null;
  readonly sku: string;
}

export function Where({ drop, sku }: WhereProps) {
  if (drop === null) return <p class="where quiet">{text.noDrop}</p>;
  const item = drop.items.find((each) => each.sku === sku);
  const isDoor = drop.phase === 'active' || drop.phase === 'prequeue';
  return (
    <section class={`where ${drop.phase}`} aria-labelledby="where">
      <h2 id="where">{text.where}</h2>
      <p>
        {stateOf(drop)}
        {item !== undefined && (
          <>
            {' '}
            <strong>{text.atDrop(money(item.price))}</strong>
          </>
        )}
      </p>
      <a class={`button ${isDoor ? 'primary' : ''}`} href={`/drops/${drop.saleId}`}>
        {isDoor ? text.goToDoor : text.seeDrop}
      </a>
    </section>
  );
}

function stateOf({ phase, startsAt }: Sale): string {
  switch (phase) {
    case 'active':
      return text.openDrop;
    case 'paused':
      return text.pausedDrop;
    case 'sold_out':
      return text.soldOutDrop;
    case 'prequeue':
      return text.lineOpen(moment(startsAt));
    default:
      return text.nextDrop(moment(startsAt));
  }
}
