/** What a checkout comes to, row by row, as its quote explains it. */
import type { Quote } from '../../market/checkout/schemas.ts';
import { money } from '../format.ts';
import { cartWords } from '../words-cart.ts';

const text = cartWords.checkout;

export function QuoteFigures({ quote }: { readonly quote: Quote }) {
  const { subtotal, discount, shipping, shippingMethod, tax, rounding, total, lines } = quote;
  const isInside = lines.every((line) => line.tax.inclusive);
  const rows: readonly (readonly [string, string])[] = [
    [cartWords.subtotal, money(subtotal)],
    ...(discount.amount === 0 ? [] : [[cartWords.discount, `−${money(discount)}`] as const]),
    ...(shippingMethod === null
      ? []
      : [
          [
            text.shippingOf(text.method(shippingMethod)),
            shipping.amount === 0 ? text.free : money(shipping),
          ] as const,
        ]),
    ...(tax.amount === 0 ? [] : [[isInside ? text.taxInside : text.tax, money(tax)] as const]),
    ...(rounding.amount === 0 ? [] : [[text.rounding, money(rounding)] as const]),
  ];
  return (
    <dl class="sum">
      {rows.map(([name, amount]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{amount}</dd>
        </div>
      ))}
      <div class="total">
        <dt>{text.total}</dt>
        <dd>{money(total)}</dd>
      </div>
    </dl>
  );
}
