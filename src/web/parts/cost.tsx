/** A price, and the one before where it has fallen. */
import './facts.css';
import { money, share } from '../format.ts';
import { shopWords } from '../words-shop.ts';

const text = shopWords.product;

interface Priced {
  readonly amount: number;
  readonly currency: string;
}

interface CostProps {
  readonly price: Priced;
  /** null: it never cost more. */
  readonly before: Priced | null;
  /** Others cost more. */
  readonly isLowest?: boolean;
}

export function Cost({ price, before, isLowest = false }: CostProps) {
  const shown = money(price);
  if (before === null)
    return (
      <span class="cost">
        <b>{isLowest ? text.from(shown) : shown}</b>
      </span>
    );
  return (
    <span class="cost">
      <b>
        <span class="visually-hidden">{`${text.now} `}</span>
        {isLowest ? text.from(shown) : shown}
      </b>
      <s>
        <span class="visually-hidden">{`${text.before} `}</span>
        {money(before)}
      </s>
      <span class="saves">{text.saves(share(1 - price.amount / before.amount))}</span>
    </span>
  );
}
