/** What is not as it was when it was added: prices, units, what is gone. */
import type { CartItem } from '../../../market/cart/schemas.ts';
import { count, money } from '../../format.ts';
import { cartWords as text } from '../../words-cart.ts';

export function Changes({ items }: { readonly items: readonly CartItem[] }) {
  const sentences = items.flatMap((item) =>
    sentencesOf(item).map((sentence) => [item.sku, sentence] as const),
  );
  if (sentences.length === 0) return null;
  return (
    <section class="notice" aria-labelledby="changed">
      <h2 id="changed">{text.changed}</h2>
      <ul>
        {sentences.map(([sku, sentence]) => (
          <li key={`${sku} ${sentence}`}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

function sentencesOf({ title, unitPrice, priceAtAdd, available, availability }: CartItem): string[] {
  const { changes } = text;
  if (availability === 'gone') return [changes.gone(title)];
  const price = unitPrice.amount > priceAtAdd.amount ? changes.dearer : changes.cheaper;
  return [
    ...(unitPrice.amount === priceAtAdd.amount ? [] : [price(title, money(unitPrice), money(priceAtAdd))]),
    ...(availability !== 'insufficient'
      ? []
      : [available === 0 ? changes.soldOut(title) : changes.few(title, count(available))]),
  ];
}
