/** What is open, what opens next, and what can be had without a line. */
import './home.css';
import type { Sale } from '../../market/sales/schemas.ts';
import { knownAnswer } from '../answers.ts';
import { count, moment, money, time } from '../format.ts';
import type { Reads } from '../page-module.ts';
import { useAnswer } from '../parts/answer.ts';
import { Branches } from '../parts/branches.tsx';
import { type CategoryTree, categoriesPath, type ProductPage, productsPath } from '../parts/catalogue.ts';
import { DropRows } from '../parts/drop-rows.tsx';
import { Figure } from '../parts/figure.tsx';
import { Page } from '../parts/page.tsx';
import { Picture } from '../parts/picture.tsx';
import { usePolled } from '../parts/polled.ts';
import { ProductGrid } from '../parts/product-grid.tsx';
import {
  type DropPage,
  dropsPath,
  imageOf,
  priceOf,
  readDrops,
  sorted,
  unitsLeftOf,
  unitsOf,
} from '../parts/sales.ts';
import { Timer } from '../parts/timer.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';
import { shopWords } from '../words-shop.ts';

const text = peopleWords.home;
const nextMax = 5;
const alsoMax = 4;

const newestPath = `${productsPath}?limit=8`;

export const reads: Reads = () => [dropsPath, newestPath, categoriesPath];

export default function Home() {
  const known = knownAnswer<DropPage>(dropsPath);
  const drops = usePolled(dropsPath, readDrops, 10, known && { ...known, value: known.value.body });
  const products = useAnswer<ProductPage>(newestPath);
  const tree = useAnswer<CategoryTree>(categoriesPath);
  // All at once: what comes later would push down what is being read.
  const isReady = [drops, products, tree].every(({ value, error }) => value !== null || error !== null);
  const categories = tree.value?.items.filter(({ productCount }) => productCount > 0) ?? [];
  return (
    <Page
      heading={words.brand}
      title={tabTitle(drops.value?.items ?? [])}
      kind="home"
      about={{ description: shopWords.home.about, canonical: '/' }}
    >
      {!isReady && <div class="skeleton" role="status" aria-label={text.loading} />}
      {isReady && drops.value === null && <Trouble error={drops.error} onRetry={drops.reload} />}
      {isReady && drops.value !== null && <Doors drops={drops.value.items} />}
      {isReady && products.value !== null && products.value.items.length > 0 && (
        <section class="shelf" aria-labelledby="products">
          <div class="section-head">
            <h2 id="products">{text.products}</h2>
            <a href="/search">{shopWords.home.all}</a>
          </div>
          {categories.length > 0 && <Branches categories={categories} label={shopWords.home.categories} />}
          <ProductGrid products={products.value.items} label={text.products} />
        </section>
      )}
    </Page>
  );
}

function tabTitle(drops: readonly Sale[]): string {
  const { open, next } = sorted(drops);
  const state = open[0] ? text.openNow : next[0] ? `${text.next}: ${moment(next[0].startsAt)}` : null;
  return state === null ? words.brand : `${state} – ${words.brand}`;
}

function Doors({ drops }: { readonly drops: readonly Sale[] }) {
  const { open, next } = sorted(drops);
  const [first, ...others] = [...open, ...next];
  if (first === undefined)
    return (
      <section class="empty">
        <h2>{text.noDrops}</h2>
        <p>{text.noDropsMore}</p>
        <a class="button" href="/sell/drops/new">
          {text.sell}
        </a>
      </section>
    );
  const also = others.filter((drop) => open.includes(drop)).slice(0, alsoMax);
  const after = others.filter((drop) => next.includes(drop)).slice(0, nextMax);
  return (
    <div class="doors">
      <section aria-labelledby="first">
        <h2 id="first">{open.length > 0 ? text.openNow : text.firstNext}</h2>
        <Featured drop={first} />
      </section>
      <div class="timetable">
        {also.length > 0 && (
          <section aria-labelledby="also">
            <h2 id="also">{text.alsoOpen}</h2>
            <DropRows drops={also} label={text.alsoOpen} />
          </section>
        )}
        <section aria-labelledby="next">
          <div class="section-head">
            <h2 id="next">{text.next}</h2>
            <a href="/drops">{text.allDrops}</a>
          </div>
          {after.length > 0 ? (
            <DropRows drops={after} label={text.next} />
          ) : (
            <p class="quiet">{text.nothingNext}</p>
          )}
        </section>
      </div>
    </div>
  );
}

function stateOf({ phase, startsAt }: Sale): string {
  switch (phase) {
    case 'active':
      return text.openSince(time(startsAt));
    case 'paused':
      return text.paused;
    case 'sold_out':
      return text.soldOut;
    case 'prequeue':
      return text.lineOpen;
    default:
      return text.scheduled;
  }
}

function Featured({ drop }: { readonly drop: Sale }) {
  const isBefore = drop.phase === 'scheduled' || drop.phase === 'prequeue';
  const left = unitsLeftOf(drop);
  const units = unitsOf(drop);
  const href = `/drops/${drop.saleId}`;
  return (
    <article class={`featured ${drop.phase}`}>
      <div class="featured-picture">
        <Picture url={imageOf(drop)} title={drop.title} />
      </div>
      <div class="featured-text">
        <p class="state">{stateOf(drop)}</p>
        <h3>
          <a href={href}>{drop.title}</a>
        </h3>
        <p>
          <strong>{money(priceOf(drop))}</strong>
          <span class="quiet">
            {` · ${words.drops.units(units, count(units))} · ${text.each(drop.items[0]?.purchaseLimit ?? 1)}`}
          </span>
        </p>
        {isBefore ? (
          <Timer label={text.startsIn} until={drop.startsAt} />
        ) : (
          left !== null && <Figure label={text.unitsLeft} value={count(left)} />
        )}
        <a class={`button ${drop.phase === 'scheduled' ? '' : 'primary'}`} href={href}>
          {drop.phase === 'scheduled' ? text.seeDrop : text.goToDoor}
        </a>
      </div>
    </article>
  );
}
