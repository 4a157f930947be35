/** What is bought and what it comes to, as the quote explains it. */
import type { Cart } from '../../../market/cart/schemas.ts';
import type { Quote } from '../../../market/checkout/schemas.ts';
import { count, money } from '../../format.ts';
import { CouponCodes } from '../../parts/coupon-codes.tsx';
import { Picture } from '../../parts/picture.tsx';
import { cartWords } from '../../words-cart.ts';
import { words } from '../../words-drop.ts';
import type { CheckoutDesk } from './desk.ts';

const text = cartWords.checkout;

export function Sum({ desk, value }: { readonly desk: CheckoutDesk; readonly value: Cart }) {
  const quote = desk.quote.value;
  return (
    <section class="sum-card" aria-label={text.summary}>
      {value.items.map(({ sku, title, imageUrl, quantity, lineTotal }) => (
        <div class="buying" key={sku}>
          <Picture url={imageUrl} title={title} />
          <div>
            <b>{title}</b>
            <p class="quiet small">{words.units(quantity, count(quantity))}</p>
          </div>
          <span>{money(lineTotal)}</span>
        </div>
      ))}
      <CouponCodes codes={value.couponCodes} />
      {quote === null ? <p class="quiet">{text.counting}</p> : <Figures quote={quote} />}
    </section>
  );
}

function Figures({ quote }: { readonly quote: Quote }) {
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
