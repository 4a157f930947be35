/** The cart: what has changed, the lines, and what they come to. Another tab or device changes it at once, too. */
import './cart.css';
import type { Cart } from '../../market/cart/schemas.ts';
import { cart, cartError, readCart, useCart } from '../cart.ts';
import { count } from '../format.ts';
import { ConnectionState } from '../parts/connection.tsx';
import { Page } from '../parts/page.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { cartWords as text } from '../words-cart.ts';
import { Changes } from './cart/changes.tsx';
import { CartLine } from './cart/line.tsx';
import { Summary } from './cart/summary.tsx';

export default function CartPage() {
  useCart();
  const { value } = cart;
  const isNobodys = session.value === null;
  const title = value === null ? text.title : text.tab(text.items(value.itemCount, count(value.itemCount)));
  return (
    <Page
      heading={text.title}
      title={`${title} – ${words.brand}`}
      kind="cart"
      aside={isNobodys ? null : <ConnectionState />}
      about={{ isUnlisted: true }}
    >
      {isNobodys || value?.items.length === 0 ? <Empty /> : <Content value={value} />}
    </Page>
  );
}

function Content({ value }: { readonly value: Cart | null }) {
  const error = cartError.value;
  if (value === null)
    return error === null ? (
      <div class="skeleton" />
    ) : (
      <Trouble error={error} onRetry={() => void readCart()} />
    );
  return (
    <>
      <Changes items={value.items} />
      <div class="cart-columns">
        <ul class="cart-lines" aria-label={text.list}>
          {value.items.map((item) => (
            <CartLine key={item.sku} item={item} />
          ))}
        </ul>
        <Summary value={value} />
      </div>
    </>
  );
}

function Empty() {
  return (
    <section class="empty">
      <h2>{text.empty}</h2>
      <p>{text.emptyText}</p>
      <a class="button" href="/search">
        {text.toShop}
      </a>
    </section>
  );
}
