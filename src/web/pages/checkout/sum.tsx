/** What is bought and what it comes to, as the quote explains it. */
import type { Cart } from '../../../market/cart/schemas.ts';
import { count, money } from '../../format.ts';
import { CouponCodes } from '../../parts/coupon-codes.tsx';
import { Picture } from '../../parts/picture.tsx';
import { QuoteFigures } from '../../parts/quote-figures.tsx';
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
      {quote === null ? <p class="quiet">{text.counting}</p> : <QuoteFigures quote={quote} />}
    </section>
  );
}
