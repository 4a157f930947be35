/** Orders of an account, or of the guest who this browser is. */
import './orders.css';
import type { Order } from '../../market/orders/schemas.ts';
import { moment, money } from '../format.ts';
import { BoughtPicture } from '../parts/bought-picture.tsx';
import { KeepOrder } from '../parts/keep-order.tsx';
import { useList } from '../parts/list.ts';
import { Page } from '../parts/page.tsx';
import { SignInForm } from '../parts/sign-in-form.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';
import { hasRefund, kindOf, stateOf } from './order-words.ts';

const text = peopleWords.orders;

export default function OrdersPage() {
  return (
    <Page heading={text.title} title={`${text.title} – ${words.brand}`} kind="orders">
      {session.value === null ? <Stranger /> : <Orders accountId={session.value.accountId} />}
    </Page>
  );
}

function Stranger() {
  return (
    <>
      <p>{text.needed}</p>
      <SignInForm />
    </>
  );
}

function Orders({ accountId }: { readonly accountId: string }) {
  const list = useList<Order>('/v1/orders', '?limit=20', accountId);
  const { items } = list;
  return (
    <>
      {items === null && list.error === null && <div class="skeleton" />}
      {list.error !== null && <Trouble error={list.error} onRetry={list.reload} />}
      {items?.length === 0 && (
        <section class="empty">
          <h2>{text.none}</h2>
          <p>{text.noneText}</p>
          <a class="button" href="/drops">
            {text.toDrops}
          </a>
        </section>
      )}
      {items !== null && items.length > 0 && (
        <>
          <ul class="order-rows" aria-label={text.title}>
            {items.map((order) => (
              <OrderRow key={order.orderId} order={order} />
            ))}
          </ul>
          {list.more !== null && (
            <button type="button" disabled={list.isBusy} onClick={list.more}>
              {text.more}
            </button>
          )}
        </>
      )}
      {/* It says what became of it, also when the guest has an account now. */}
      {items !== null && (items.length > 0 || session.value?.account) && (
        <KeepOrder name={items[0]?.shippingAddress.name} />
      )}
    </>
  );
}

function OrderRow({ order }: { readonly order: Order }) {
  const [first, ...others] = order.lines;
  return (
    <li>
      <a href={`/orders/${order.orderId}`}>
        <BoughtPicture line={first} />
        <span class="what">
          <strong>{text.items(first?.title ?? order.orderNumber, others.length)}</strong>
          <span class="quiet">
            <span>{order.orderNumber}</span> <span>{moment(order.createdAt)}</span>
          </span>
        </span>
        <span class={`order-state ${kindOf(order)}`}>
          {stateOf(order).name}
          {hasRefund(order) && <span class="quiet">{text.refunded(money(order.refunded))}</span>}
        </span>
        <span class="price">{money(order.total)}</span>
      </a>
    </li>
  );
}
