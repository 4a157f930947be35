/** What an order costs, line by line, and what came back of it. */
import type { Order } from '../../market/orders/schemas.ts';
import { money } from '../format.ts';
import { Figure } from '../parts/figure.tsx';
import { peopleWords } from '../words-people.ts';
import { hasRefund, kindOf } from './order-words.ts';

const text = peopleWords.order;

function headingOf(order: Order): string {
  if (order.paymentStatus === 'captured') return text.paid;
  return kindOf(order) === 'bad' && !hasRefund(order) ? text.notCharged : text.sum;
}

export function OrderSum({ order }: { readonly order: Order }) {
  const units = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const method = text.methods[order.shippingMethod] ?? order.shippingMethod;
  const isFree = order.shipping?.amount === 0;
  const rows: readonly (readonly [what: string, amount: string])[] = [
    [text.subtotal(units), money(order.subtotal)],
    ...(order.discount && order.discount.amount > 0
      ? [[text.discount, `−${money(order.discount)}`] as const]
      : []),
    [text.shipping(method), isFree ? text.free : money(order.shipping)],
    [text.tax, money(order.tax)],
  ];
  return (
    <section class="card" aria-labelledby="sum">
      <h2 id="sum">{headingOf(order)}</h2>
      <dl class="order-sum">
        {rows.map(([what, amount]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{amount}</dd>
          </div>
        ))}
      </dl>
      <Figure label={text.total} value={money(order.total)} kind="total" />
      {hasRefund(order) && (
        <dl class="order-sum back">
          <div>
            <dt>{text.refundedLabel}</dt>
            <dd>{`−${money(order.refunded)}`}</dd>
          </div>
        </dl>
      )}
    </section>
  );
}
