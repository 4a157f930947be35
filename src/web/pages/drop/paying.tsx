/** A payment that is on its way: nothing to do, and nothing that could be done twice. */
import { useEffect, useState } from 'preact/hooks';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';

const slowMs = 6_000;

export function Paying({ drop }: { readonly drop: Drop }) {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowMs);
    return () => clearTimeout(timer);
  }, []);
  const { paying } = words;
  const isReviewed = (drop.state.order as { review?: boolean } | null)?.review === true;
  return (
    <section class="paying">
      <h2 tabIndex={-1}>{paying.title}</h2>
      <p>{paying.text}</p>
      <p class="quiet" role="status">
        {isReviewed ? paying.review : isSlow ? paying.slow : ''}
      </p>
      <p class="quiet small">
        {paying.reload} <a href="/orders">{words.receipt.orders}</a>
      </p>
    </section>
  );
}
