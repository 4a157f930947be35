/** One order: its state in words, what was ordered, where it goes, what it cost and what came back. */
import './order.css';
import type { Order } from '../../market/orders/schemas.ts';
import { ApiError, get } from '../api.ts';
import { moment, money } from '../format.ts';
import { addressLines } from '../parts/address-fields.tsx';
import { BoughtPicture } from '../parts/bought-picture.tsx';
import { KeepOrder } from '../parts/keep-order.tsx';
import { Page } from '../parts/page.tsx';
import { usePolled } from '../parts/polled.ts';
import { SignInForm } from '../parts/sign-in-form.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { session } from '../session.ts';
import { words } from '../words.ts';
import { peopleWords } from '../words-people.ts';
import { NotHere } from './not-here.tsx';
import { CancelOrder } from './order-cancel.tsx';
import { OrderSum } from './order-sum.tsx';
import { hasRefund, kindOf, stateOf } from './order-words.ts';

const text = peopleWords.order;
/** While it may change at any moment, and afterwards. */
const busySeconds = 2;
const calmSeconds = 30;

export default function OrderPage({ params }: { readonly params: Readonly<Record<string, string>> }) {
  if (session.value === null)
    return (
      <Page heading={words.signIn.title} title={`${words.signIn.title} – ${words.brand}`} kind="plain">
        <p>{peopleWords.orders.needed}</p>
        <SignInForm />
      </Page>
    );
  return <OneOrder orderId={params.orderId!} key={session.value.accountId} />;
}

/** Nothing of it is left to happen soon. */
function pauseOf(order: Order | null): number {
  if (order === null) return calmSeconds;
  const isRefunding = order.status === 'cancelled' && order.paymentStatus === 'captured';
  return kindOf(order) === 'busy' || isRefunding ? busySeconds : calmSeconds;
}

function OneOrder({ orderId }: { readonly orderId: string }) {
  const path = `/v1/orders/${encodeURIComponent(orderId)}`;
  const { value: order, error, reload } = usePolled(path, (signal) => get<Order>(path, signal), pauseOf);
  if (error instanceof ApiError && error.status === 404) return <NotHere />;
  if (order === null)
    return (
      <Page heading={text.loading} title={`${text.loading} – ${words.brand}`} kind="order">
        {error === null ? <div class="skeleton" /> : <Trouble error={error} onRetry={reload} />}
      </Page>
    );
  const { name, meaning } = stateOf(order);
  const title = text.title(order.orderNumber);
  return (
    <Page
      heading={
        <>
          {text.loading} <span class="order-number">{order.orderNumber}</span>
        </>
      }
      title={`${name} – ${title}`}
      kind="order"
      aside={<p class="quiet">{text.placed(moment(order.createdAt))}</p>}
    >
      {error !== null && <Trouble error={error} onRetry={reload} />}
      <div class="order-columns">
        <div class="order-main">
          <section class="card" aria-labelledby="state">
            <h2 id="state" class={`order-state ${kindOf(order)}`} tabIndex={-1}>
              {arrivalOf(order) ?? name}
            </h2>
            <p>{arrivalOf(order) === null ? meaning : `${name}. ${meaning}`}</p>
            <Failure order={order} />
            <Lines order={order} />
            <Refund order={order} />
            <CancelOrder order={order} onChange={reload} />
          </section>
        </div>
        <div class="order-side">
          <OrderSum order={order} />
          <section aria-labelledby="goes-to">
            <h2 id="goes-to">{text.goesTo}</h2>
            <address>
              {addressLines(order.shippingAddress).map((line) => (
                <span key={line}>{line}</span>
              ))}
            </address>
          </section>
          <p>
            <a href="/orders">{text.all}</a>
          </p>
        </div>
        <div class="order-keep">
          <KeepOrder name={order.shippingAddress.name} />
        </div>
      </div>
    </Page>
  );
}

const weekdays = new Intl.DateTimeFormat('en-US', {
  ...{ weekday: 'long', month: 'long', day: 'numeric', timeZone: 'UTC' },
});

/** The day is what a buyer wants to know of an order that comes; null: there is none to wait for. */
function arrivalOf({ status, estimatedDelivery }: Order): string | null {
  if (estimatedDelivery === null || (status !== 'confirmed' && status !== 'shipped')) return null;
  return text.arrives(weekdays.format(new Date(`${estimatedDelivery}T00:00:00Z`)));
}

function Failure({ order: { failure } }: { readonly order: Order }) {
  if (!failure?.declineCode) return null;
  const reason = text.reasons[failure.declineCode] ?? failure.declineCode.replaceAll('_', ' ');
  return <p>{text.declined(reason)}</p>;
}

function Lines({ order }: { readonly order: Order }) {
  return (
    <ul class="order-lines" aria-label={text.items}>
      {order.lines.map((line) => (
        <li key={line.sku}>
          <BoughtPicture line={line} />
          <span class="what">
            <strong>{line.title}</strong>
            <span class="quiet">{text.sku(line.sku, line.quantity)}</span>
          </span>
          <span class="price">{money(line.lineTotal)}</span>
        </li>
      ))}
    </ul>
  );
}

function Refund({ order }: { readonly order: Order }) {
  if (order.disputed != null && order.disputed.amount > 0)
    return <p class="notice">{text.disputed(money(order.disputed))}</p>;
  if (hasRefund(order))
    return (
      <p class="notice good">
        <strong>{text.refunded(money(order.refunded))}</strong>
        <span>{text.refundedText}</span>
      </p>
    );
  const isDue = order.status === 'cancelled' && order.paymentStatus === 'captured';
  return isDue ? <p class="notice">{text.refundDue}</p> : null;
}
