/** Which page an address has. Each area is loaded when it is first wanted. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { NotHere } from './pages/not-here.tsx';
import { Header } from './parts/page.tsx';
import { Trouble } from './parts/trouble.tsx';
import { match, path } from './router.ts';

export interface PageProps {
  readonly params: Readonly<Record<string, string>>;
}

type Load = () => Promise<{ readonly default: ComponentType<PageProps> }>;

const pages: readonly (readonly [pattern: string, load: Load])[] = [
  ['/', () => import('./pages/home.tsx')],
  ['/drops', () => import('./pages/drops.tsx')],
  ['/drops/{saleId}', () => import('./pages/drop.tsx')],
  ['/register', () => import('./pages/register.tsx')],
  ['/account', () => import('./pages/account.tsx')],
  ['/orders', () => import('./pages/orders.tsx')],
  ['/orders/{orderId}', () => import('./pages/order.tsx')],
  ['/sell', () => import('./pages/sell.tsx')],
  ['/sell/drops/new', () => import('./pages/sell-new-drop.tsx')],
  ['/sell/products/new', () => import('./pages/sell-new-listing.tsx')],
  ['/sell/products/{productId}', () => import('./pages/sell-listing.tsx')],
  ['/sell/imports', () => import('./pages/sell-imports.tsx')],
  ['/signin', () => import('./pages/sign-in.tsx')],
  ['/verify', () => import('./pages/verify.tsx')],
  ['/reset', () => import('./pages/reset.tsx')],
  ['/admin', () => import('./pages/admin.tsx')],
  ['/admin/accounts', () => import('./pages/admin-accounts.tsx')],
  ['/admin/audit', () => import('./pages/admin-audit.tsx')],
  ['/admin/listings', () => import('./pages/admin-listings.tsx')],
  ['/admin/sellers', () => import('./pages/admin-sellers.tsx')],
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

export function App() {
  const found = find(path.value);
  const [loaded, setLoaded] = useState<{ pattern: string; Page: ComponentType<PageProps> } | null>(null);
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
