/** How much there is, in words; the colour only underlines them. */
import './facts.css';
import type { Stock } from './catalogue.ts';

interface StockLineProps {
  readonly stock: Stock;
  /** Says nothing of what is in stock. */
  readonly isShort?: boolean;
}

export function StockLine({ stock: { kind, words, more }, isShort = false }: StockLineProps) {
  if (isShort && kind === 'in') return <span class="stock" />;
  return (
    <span class={`stock ${kind}`}>
      <span class="stock-words">{words}</span>
      {more !== null && <span class="quiet">{more}</span>}
    </span>
  );
}
