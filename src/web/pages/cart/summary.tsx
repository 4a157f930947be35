/** What the cart comes to, before it is known where it goes. */
import type { Cart } from '../../../market/cart/schemas.ts';
import { money } from '../../format.ts';
import { CouponCodes } from '../../parts/coupon-codes.tsx';
import { cartWords as text } from '../../words-cart.ts';

export function Summary({ value }: { readonly value: Cart }) {
  const { subtotal, discount, currency, exchangeRate = {} } = value;
  return (
    <section class="sum-card" aria-labelledby="summary">
      <h2 id="summary">{text.summary}</h2>
      <dl class="sum">
        <div>
          <dt>{text.subtotal}</dt>
          <dd>{money(subtotal)}</dd>
        </div>
        {discount.amount > 0 && (
          <div>
            <dt>{text.discount}</dt>
            <dd>{`−${money(discount)}`}</dd>
          </div>
        )}
      </dl>
      {Object.entries(exchangeRate).map(([from, rate]) => (
        <p class="quiet small" key={from}>
          {text.exchanged(from, rate, currency ?? '')}
        </p>
      ))}
      <CouponCodes codes={value.couponCodes} />
      <a class="button primary" href="/checkout">
        {text.toCheckout}
      </a>
      <p class="quiet small">{text.beforeShipping}</p>
      <p class="small">
        <strong>{text.notHeld}</strong>. {text.notHeldText}
      </p>
    </section>
  );
}
