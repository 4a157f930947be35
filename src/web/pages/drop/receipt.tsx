/** What was bought: the slip, torn off. A guest may keep it. */
import { count, date, moment, money } from '../../format.ts';
import { addressLines } from '../../parts/address-fields.tsx';
import { Figure } from '../../parts/figure.tsx';
import { KeepOrder } from '../../parts/keep-order.tsx';
import { payments } from '../../parts/payments.ts';
import { Picture } from '../../parts/picture.tsx';
import { session } from '../../session.ts';
import { words as common } from '../../words.ts';
import { words } from '../../words-drop.ts';
import { peopleWords } from '../../words-people.ts';
import { Steps } from './place.tsx';
import type { Order, Sale } from './state.ts';

interface Props {
  readonly sale: Sale;
  readonly order: Order;
}

export function Receipt({ sale, order }: Props) {
  const { receipt } = words;
  return (
    <div class="receipt-grid">
      <Slip sale={sale} order={order} />
      <div class="side">
        <KeepOrder name={order.shippingAddress.name} />
        <section>
          <h3 id="after">{receipt.next}</h3>
          <Steps steps={receipt.steps} labelledBy="after" />
        </section>
      </div>
    </div>
  );
}

function Slip({ sale, order }: Props) {
  const { receipt, held } = words;
  return (
    <section class="slip-card">
      <div>
        <h2 tabIndex={-1}>{receipt.title}</h2>
        <p class="quiet small">{receipt.paidOn(moment(order.createdAt))}</p>
        {session.value?.account === null && (
          <p class="small">
            <a href="#keep-order">{common.keepOrder.form}</a> {receipt.keepWhy}
          </p>
        )}
      </div>
      <Figure label={receipt.total} value={money(order.total)} kind="sum-figure" />
      <hr />
      {order.lines.map((line) => (
        <div class="buying" key={line.holdId}>
          <Picture url={sale.items.find(({ sku }) => sku === line.sku)?.imageUrl} title={line.title} />
          <div>
            <b>{line.title}</b>
            <p class="quiet small">{words.units(line.quantity, count(line.quantity))}</p>
          </div>
          <span>{money(line.lineTotal)}</span>
        </div>
      ))}
      <dl class="sum">
        <Row
          label={held.shippingOf(peopleWords.order.methods[order.shippingMethod] ?? order.shippingMethod)}
          value={order.shipping}
        />
        <Row label={receipt.discount} value={order.discount} isOptional />
        <Row label={receipt.tax} value={order.tax} isOptional />
      </dl>
      <hr />
      <Figure label={receipt.number} value={order.orderNumber} kind="words" />
      <p>
        {order.estimatedDelivery !== null && (
          <span class="quiet small">
            {receipt.arrives(date(`${order.estimatedDelivery}T12:00:00`))}
            <br />
          </span>
        )}
        {addressLines(order.shippingAddress).join(', ')}
      </p>
      {payments.value === 'sandbox' && <p class="sandbox">{held.sandboxDone}</p>}
      <a class="button ink" href={`/orders/${order.orderId}`}>
        {receipt.see}
      </a>
    </section>
  );
}

interface RowProps {
  readonly label: string;
  readonly value: Order['shipping'];
  readonly isOptional?: boolean;
}

function Row({ label, value, isOptional = false }: RowProps) {
  if (value === null || (isOptional && value.amount === 0)) return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value.amount === 0 ? words.held.free : money(value)}</dd>
    </div>
  );
}
