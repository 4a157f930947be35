/** Which page an address has. Each area is loaded when it is first wanted. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { giveAnswers, knownAnswer } from './answers.ts';
import { call } from './api.ts';
import type { PageModule, PageProps } from './page-module.ts';
import { NotHere } from './pages/not-here.tsx';
import { Header } from './parts/page.tsx';
import { Trouble } from './parts/trouble.tsx';
import { address, match, path } from './router.ts';

type Load = () => Promise<PageModule>;

const pages: readonly (readonly [pattern: string, load: Load])[] = [
  ['/', () => import('./pages/home.tsx')],
  ['/search', () => import('./pages/search.tsx')],
  ['/category/{slug}', () => import('./pages/category.tsx')],
  ['/products/{productId}', () => import('./pages/product.tsx')],
  ['/drops', () => import('./pages/drops.tsx')],
  ['/drops/{saleId}', () => import('./pages/drop.tsx')],
  ['/register', () => import('./pages/register.tsx')],
  ['/account', () => import('./pages/account.tsx')],
  ['/cart', () => import('./pages/cart.tsx')],
  ['/checkout', () => import('./pages/checkout.tsx')],
  ['/orders', () => import('./pages/orders.tsx')],
  ['/orders/{orderId}', () => import('./pages/order.tsx')],
  ['/sell', () => import('./pages/sell.tsx')],
  ['/sell/drops/new', () => import('./pages/sell-new-drop.tsx')],
  ['/sell/products/new', () => import('./pages/sell-new-listing.tsx')],
  ['/sell/products/{productId}', () => import('./pages/sell-listing.tsx')],
  ['/sell/imports', () => import('./pages/sell-imports.tsx')],
  ['/sell/coupons', () => import('./pages/sell-coupons.tsx')],
  ['/sell/promotions', () => import('./pages/sell-coupons.tsx')],
  ['/sell/price-rules', () => import('./pages/sell-coupons.tsx')],
  ['/signin', () => import('./pages/sign-in.tsx')],
  ['/verify', () => import('./pages/verify.tsx')],
  ['/reset', () => import('./pages/reset.tsx')],
  ['/admin', () => import('./pages/admin.tsx')],
  ['/admin/accounts', () => import('./pages/admin-accounts.tsx')],
  ['/admin/audit', () => import('./pages/admin-audit.tsx')],
  ['/admin/listings', () => import('./pages/admin-listings.tsx')],
  ['/admin/sellers', () => import('./pages/admin-sellers.tsx')],
  ['/admin/rates', () => import('./pages/admin-rates.tsx')],
  ['/ops', () => import('./pages/ops.tsx')],
  ['/ops/drops/{saleId}', () => import('./pages/ops-drop.tsx')],
];

function find(actual: string) {
  for (const [pattern, load] of pages) {
    const params = match(pattern, actual);
    if (params !== null) return { pattern, load, params };
  }
  return null;
}

interface LoadedPage {
  readonly pattern: string;
  readonly Page: ComponentType<PageProps>;
}

let first: LoadedPage | null = null;

/** Loads the page of this address, with what it reads: until then what the server has drawn stands there. */
export async function prepare(): Promise<void> {
  const found = find(path.value);
  if (found === null) return;
  const { default: Page, reads } = await found.load();
  first = { pattern: found.pattern, Page };
  const unknown = (reads?.(found.params, address.value.searchParams) ?? []).filter(
    (wanted) => knownAnswer(wanted) === null,
  );
  // What fails is tried again by the page.
  await Promise.all(
    unknown.map((wanted) =>
      call('GET', wanted)
        .then((answer) => giveAnswers({ [wanted]: answer }))
        .catch(() => {}),
    ),
  );
}

export function App() {
  const found = find(path.value);
  const [loaded, setLoaded] = useState(first);
  const [error, setError] = useState<unknown>(null);
  const pattern = found?.pattern ?? null;
  const load = found?.load;
  // The pattern says which page it is.
  useEffect(() => {
    let isWanted = true;
    setError(null);
    load?.().then(
      ({ default: Page }) => isWanted && setLoaded({ pattern: pattern!, Page }),
      (reason) => isWanted && setError(reason),
    );
    return () => {
      isWanted = false;
    };
  }, [pattern]);
  if (found === null) return <NotHere />;
  // A part of an earlier build, after the server was updated: loading the page again brings the new one.
  if (error !== null) return <Trouble error={error} onRetry={() => location.reload()} />;
  // The page's own header takes the place of this one, without moving.
  if (loaded === null || loaded.pattern !== pattern) return <Header />;
  const { Page } = loaded;
  return <Page key={path.value} params={found.params} />;
}
