/** The checkout of a cart: where it goes, how it travels, what pays, and what it comes to. The order's page is the receipt. */
import './checkout.css';
import { useEffect, useState } from 'preact/hooks';
import { cart, cartError, readCart, useCart } from '../cart.ts';
import { money } from '../format.ts';
import { Page } from '../parts/page.tsx';
import { readPayments } from '../parts/payments.ts';
import { Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { cartWords } from '../words-cart.ts';
import { CheckoutDesk } from './checkout/desk.ts';
import { CheckoutForm } from './checkout/form.tsx';
import { Sum } from './checkout/sum.tsx';

const text = cartWords.checkout;

export default function CheckoutPage() {
  useCart();
  const accountId = session.value?.accountId ?? null;
  return accountId === null ? <Nothing /> : <Checkout accountId={accountId} key={accountId} />;
}

function Checkout({ accountId }: { readonly accountId: string }) {
  const [desk] = useState(() => new CheckoutDesk(accountId));
  const { value } = cart;
  const isEmpty = value?.items.length === 0;
  useEffect(() => {
    void readPayments();
    desk.resume();
    return () => desk.end();
  }, []);
  const version = value?.version ?? null;
  useEffect(() => {
    if (version !== null && !isEmpty) desk.askAgain();
  }, [version]);
  const total = desk.quote.value?.total;
  if (isEmpty && !desk.isPaying.value) return <Nothing />;
  const error = cartError.value;
  return (
    <Page
      heading={text.title}
      title={`${total === undefined ? text.title : text.tab(money(total))} – ${words.brand}`}
      kind="checkout-page"
      about={{ isUnlisted: true }}
    >
      {value === null ? (
        error === null ? (
          <div class="skeleton" />
        ) : (
          <Trouble error={error} onRetry={() => void readCart()} />
        )
      ) : (
        <div class="checkout">
          <CheckoutForm desk={desk} />
          <Sum desk={desk} value={value} />
        </div>
      )}
    </Page>
  );
}

function Nothing() {
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="checkout-page">
      <section class="empty">
        <h2>{cartWords.empty}</h2>
        <p>{cartWords.emptyText}</p>
        <a class="button" href="/search">
          {cartWords.toShop}
        </a>
      </section>
    </Page>
  );
}
