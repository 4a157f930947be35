/** What every page has: the way to its content, the header, one `main` with one `h1`, and its title in the tab. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { cartCount } from '../cart-count.ts';
import { count } from '../format.ts';
import { path } from '../router.ts';
import { hasRole, isSignedIn } from '../session.ts';
import { words } from '../words.ts';
import { Door } from './door.tsx';
import { type Head, useHead } from './head.ts';
import { SearchBox } from './search-box.tsx';

interface PageProps {
  /** The `h1`. */
  readonly heading: ComponentChildren;
  /** Of the tab: begins with the state. */
  readonly title: string;
  /** Marks the page in its styles. */
  readonly kind?: string;
  /** Beside the heading: the connection's state. */
  readonly aside?: ComponentChildren;
  /** Before the heading: the way here. */
  readonly above?: ComponentChildren;
  /** What search engines read. */
  readonly about?: Omit<Head, 'title'>;
  readonly children: ComponentChildren;
}

/** The first page of a visit is read from its beginning, each later one from its heading. */
let isFirst = true;

export function Page({ heading, title, kind = '', aside, above, about = {}, children }: PageProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) h1.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  useHead({ title, ...about });
  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <Header />
      <main id="main" tabIndex={-1} class={`page ${kind}`}>
        {above}
        <div class="page-head">
          <h1 ref={h1} tabIndex={-1}>
            {heading}
          </h1>
          {aside}
        </div>
        {children}
      </main>
    </>
  );
}

export function Header() {
  const isWork = /^\/(?:ops|sell|admin)(?:\/|$)/.test(path.value);
  const isShop = /^\/(?:$|search$|category\/|products\/)/.test(path.value);
  const { header } = words;
  return (
    <header class={`header ${isShop ? 'shop' : isWork ? 'work' : ''}`}>
      <a class="brand" href="/">
        <Door />
        <span class="brand-name">{words.brand}</span>
      </a>
      {!isWork && <SearchBox />}
      <nav aria-label={header.menu}>
        {!isWork && <CartLink />}
        {!isWork && <HeaderLink href="/orders" text={header.orders} />}
        {isSignedIn.value ? (
          <>
            {hasRole('operator', 'admin') && <HeaderLink href="/ops" text={header.console} isWide />}
            {hasRole('seller', 'admin') && <HeaderLink href="/sell" text={header.shop} isWide />}
            <HeaderLink href="/account" text={header.account} />
          </>
        ) : (
          <HeaderLink
            href={`/signin?next=${encodeURIComponent(path.value)}`}
            text={isWork ? header.account : header.signIn}
          />
        )}
      </nav>
    </header>
  );
}

/** Its name is what it leads to; how much is in it is said besides. */
function CartLink() {
  const units = cartCount.value;
  const isHere = path.value === '/cart';
  return (
    <a href="/cart" {...(units > 0 && { 'aria-describedby': 'cart-units' })} {...(isHere && hereNow)}>
      {words.header.cart}
      {units > 0 && (
        <span class="cart-units" aria-hidden="true">
          {count(units)}
        </span>
      )}
      {units > 0 && (
        <span id="cart-units" hidden>
          {words.header.units(units, count(units))}
        </span>
      )}
    </a>
  );
}

const hereNow = { 'aria-current': 'page' as const };

/** `isWide`: left out where there is no room; the account page has it, too. */
function HeaderLink({ href, text, isWide = false }: { href: string; text: string; isWide?: boolean }) {
  const isHere = path.value === href;
  return (
    <a href={href} class={isWide ? 'wide' : ''} {...(isHere && hereNow)}>
      {text}
    </a>
  );
}
