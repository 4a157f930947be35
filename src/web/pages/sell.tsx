/** A seller's shop: what was sold, the listings, the drops, and the sums of their orders. */
import './sell.css';
import type { ComponentChildren } from 'preact';
import type { Product } from '../../market/catalog/schemas.ts';
import type { Sale, SaleStatus } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';
import { count, moment, money, none } from '../format.ts';
import { availableOf, imageOf } from '../parts/catalogue.ts';
import { Figure } from '../parts/figure.tsx';
import { type List, useList } from '../parts/list.ts';
import { Needs } from '../parts/needs.tsx';
import { Page } from '../parts/page.tsx';
import { Picture } from '../parts/picture.tsx';
import { usePolled } from '../parts/polled.ts';
import { priceOf, readDrops, unitsOf } from '../parts/sales.ts';
import { Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { listingWords } from '../words-listing.ts';
import { sellerWords } from '../words-seller.ts';
import { SellHere, Standing, useStanding } from './sell-standing.tsx';

const text = sellerWords.shop;
const pollSeconds = 5;
const fewMax = 10;
/** Drops of which the numbers are read at each look. */
const dropsMax = 20;

interface OwnDrop {
  readonly drop: Sale;
  /** null: not read. */
  readonly status: SaleStatus | null;
}

export default function SellPage() {
  return (
    <Needs roles={['seller', 'admin']} otherwise={<SellHere />}>
      <Shop accountId={session.value?.accountId ?? ''} />
    </Needs>
  );
}

/** The newest ones, with their numbers. */
async function readOwnDrops(accountId: string, signal: AbortSignal): Promise<readonly OwnDrop[]> {
  const { items } = await readDrops(signal, `/v1/sales?seller=${accountId}&limit=${dropsMax}`);
  return Promise.all(
    items.map(async (drop) => ({
      drop,
      status: await get<SaleStatus>(`/v1/sales/${drop.saleId}/status`, signal).catch(() => null),
    })),
  );
}

function Shop({ accountId }: { readonly accountId: string }) {
  const listings = useList<Product>('/v1/products', `?seller=${accountId}&status=any&limit=20`);
  const drops = usePolled(`drops of ${accountId}`, (signal) => readOwnDrops(accountId, signal), pollSeconds);
  const standing = useStanding();
  // All at once: what comes later would push down what is being read.
  const isReady =
    (drops.value !== null || drops.error !== null) &&
    (listings.items !== null || listings.error !== null) &&
    (standing.value !== null || standing.error !== null);
  const isSuspended = standing.value?.status === 'suspended';
  const newDrop = (
    <div class="buttons">
      <a class="button" href="/sell/products/new">
        {text.newListing}
      </a>
      <a class="button" href="/sell/coupons">
        {text.discounts}
      </a>
      <a class="button" href="/sell/imports">
        {text.imports}
      </a>
      <a class="button primary" href="/sell/drops/new">
        {text.newDrop}
      </a>
    </div>
  );
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="sell" aside={newDrop}>
      {drops.error !== null && <Trouble error={drops.error} onRetry={drops.reload} />}
      {isReady ? (
        <>
          {isSuspended && <Standing standing={standing} />}
          <Sold drops={drops.value ?? []} />
          <div class="sell-columns">
            <Drops drops={drops.value} />
            <Orders drops={drops.value} />
            <Listings list={listings} />
          </div>
          {!isSuspended && <Standing standing={standing} />}
        </>
      ) : (
        <div class="skeleton" />
      )}
    </Page>
  );
}

function soldOf({ status }: OwnDrop): number {
  return status?.items.reduce((sum, { sold }) => sum + sold, 0) ?? 0;
}

/** null: nothing was sold. */
function takingsOf({ drop, status }: OwnDrop) {
  const amount = (status?.items ?? []).reduce((sum, { sku, sold }) => {
    const price = drop.items.find((item) => item.sku === sku)?.price;
    return sum + sold * (price?.amount ?? 0);
  }, 0);
  return amount === 0 ? null : { amount, currency: priceOf(drop).currency };
}

/** One figure for each currency. */
function Sold({ drops }: { readonly drops: readonly OwnDrop[] }) {
  const sums = new Map<string, number>();
  for (const each of drops) {
    const value = takingsOf(each);
    if (value !== null) sums.set(value.currency, (sums.get(value.currency) ?? 0) + value.amount);
  }
  const units = drops.reduce((sum, each) => sum + soldOf(each), 0);
  const usual = drops[0] ? priceOf(drops[0].drop).currency : null;
  if (sums.size === 0 && usual !== null) sums.set(usual, 0);
  const shown = [...sums].map(([currency, amount]) => money({ amount, currency })).join(' + ');
  return (
    <Figure
      label={text.sold}
      value={shown || none}
      kind="huge sold"
      note={drops.length === 0 ? '' : text.soldNote(words.drops.units(units, count(units)), drops.length)}
    />
  );
}

interface TableProps {
  readonly id: string;
  readonly title: string;
  readonly heads: readonly (readonly [text: string, isNumber: boolean])[];
  readonly empty: string;
  /** null: not read yet. */
  readonly rows: readonly { readonly key: string; readonly cells: readonly ComponentChildren[] }[] | null;
}

/** The first cell of a row names it. On a phone a row is a card, and each cell says what it is. */
function Table({ id, title, heads, empty, rows }: TableProps) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="scroll">
        <table aria-labelledby={id}>
          <thead>
            <tr>
              {heads.map(([head, isNumber]) => (
                <th key={head} scope="col" class={isNumber ? 'number' : ''}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows?.map(({ key, cells: [first, ...others] }) => (
              <tr key={key}>
                <th scope="row">{first}</th>
                {others.map((cell, index) => (
                  <td key={heads[index + 1]![0]} class={heads[index + 1]![1] ? 'number' : ''}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows?.length === 0 && <p class="quiet">{empty}</p>}
    </section>
  );
}

function Drops({ drops }: { readonly drops: readonly OwnDrop[] | null }) {
  const rows = drops?.map((each) => {
    const { drop, status } = each;
    const phase = status?.phase ?? drop.phase;
    return {
      key: drop.saleId,
      cells: [
        <a key="link" href={`/drops/${drop.saleId}`}>
          {drop.title}
        </a>,
        <span key="state" class="drop-state">
          <strong>{text.phases[phase] ?? phase}</strong>
          <span class="quiet">{moment(drop.startsAt)}</span>
        </span>,
        status === null ? none : text.soldOf(count(soldOf(each)), count(unitsOf(drop))),
        status === null ? none : count(status.queueLength),
      ],
    };
  });
  const heads = [
    [text.drop, false],
    [text.state, false],
    [text.soldUnits, true],
    [text.inLine, true],
  ] as const;
  return <Table {...{ id: 'drops', title: text.drops, heads, empty: text.noDrops, rows: rows ?? null }} />;
}

function Orders({ drops }: { readonly drops: readonly OwnDrop[] | null }) {
  const rows = drops
    ?.filter(({ status }) => status !== null && status.completed > 0)
    .map((each) => ({
      key: each.drop.saleId,
      cells: [each.drop.title, count(each.status!.completed), count(soldOf(each)), money(takingsOf(each))],
    }));
  const heads = [
    [text.drop, false],
    [text.buyers, true],
    [text.units, true],
    [text.value, true],
  ] as const;
  return (
    <div>
      <Table {...{ id: 'orders', title: text.orders, heads, empty: text.noOrders, rows: rows ?? null }} />
      <p class="field-note">{text.ordersNote}</p>
    </div>
  );
}

function Listings({ list }: { readonly list: List<Product> }) {
  const rows = list.items?.map((product) => ({
    key: product.productId,
    cells: [
      <span key="name" class="listing">
        <Picture url={imageOf(product)} title={product.title} />
        <span>
          <a href={`/sell/products/${product.productId}`}>{product.title}</a>
          <span class="quiet">{text.variants(product.variants.length)}</span>
        </span>
      </span>,
      <span key="status" class={`listing-state ${product.status}`}>
        {listingWords.status.names[product.status]?.[0] ?? product.status}
      </span>,
      money(product.priceFrom),
      <Stock key="stock" available={availableOf(product)} />,
    ],
  }));
  const heads = [
    [text.product, false],
    [text.status, false],
    [text.price, true],
    [text.inStock, true],
  ] as const;
  return (
    <div>
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      <Table
        {...{ id: 'listings', title: text.listings, heads, empty: text.noListings, rows: rows ?? null }}
      />
      {list.more !== null && (
        <button type="button" disabled={list.isBusy} onClick={list.more}>
          {text.moreListings}
        </button>
      )}
    </div>
  );
}

function Stock({ available }: { readonly available: number | null }) {
  if (available === null) return <span class="quiet">{none}</span>;
  if (available <= 0) return <span class="out">{text.soldOut}</span>;
  if (available <= fewMax) return <span class="few">{text.few(count(available))}</span>;
  return <span>{count(available)}</span>;
}
