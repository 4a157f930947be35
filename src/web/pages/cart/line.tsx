/** One line: how many, at what price, and whether there are so many. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CartItem } from '../../../market/cart/schemas.ts';
import { removeLine, setQuantity } from '../../cart.ts';
import { count, money } from '../../format.ts';
import { refusedAddition } from '../../parts/cart-refusals.ts';
import { Picture } from '../../parts/picture.tsx';
import { cartWords as text } from '../../words-cart.ts';

/** Whoever types, or presses the arrows, has done so then. */
const settleMs = 400;
const quantityMax = 99;

export function CartLine({ item }: { readonly item: CartItem }) {
  const { sku, productId, title, imageUrl, unitPrice, lineTotal } = item;
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async () => {
    setProblem(null);
    // What had the focus is gone then.
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    await removeLine(sku).catch((error) => setProblem(refusedAddition(error)));
  };
  return (
    <li class={`cart-line ${item.availability}`}>
      <Picture url={imageUrl} title={title} />
      <div class="cart-what">
        <a href={`/products/${productId}?sku=${encodeURIComponent(sku)}`}>{title}</a>
        <span class="quiet small">{text.each(money(unitPrice))}</span>
        <span class="cart-stock small">{stockOf(item)}</span>
      </div>
      <Quantity item={item} onProblem={setProblem} />
      <b class="cart-total">{money(lineTotal)}</b>
      <button type="button" class="link" aria-label={text.remove(title)} onClick={() => void remove()}>
        {text.removeShort}
      </button>
      {problem !== null && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </li>
  );
}

function stockOf({ availability, available }: CartItem): string {
  switch (availability) {
    case 'gone':
      return text.gone;
    case 'insufficient':
      return text.insufficient(available, count(available));
    case 'low':
      return text.low(count(available));
    default:
      return text.ok;
  }
}

interface QuantityProps {
  readonly item: CartItem;
  readonly onProblem: (problem: string | null) => void;
}

function Quantity({ item: { sku, title, quantity }, onProblem }: QuantityProps) {
  // What is typed and not sent; null: what the cart says.
  const [typed, setTyped] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = async (value: string) => {
    clearTimeout(timer.current);
    const wanted = Number(value);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > quantityMax) {
      onProblem(text.quantityWrong);
      return;
    }
    onProblem(null);
    try {
      if (wanted !== quantity) await setQuantity(sku, wanted);
    } catch (error) {
      onProblem(refusedAddition(error));
    }
    setTyped((now) => (now === value ? null : now));
  };
  const type = (value: string) => {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void send(value), settleMs);
  };
  return (
    <label class="cart-quantity">
      <span aria-hidden="true" class="quiet small">
        {text.quantityLabel}
      </span>
      <input
        type="number"
        inputMode="numeric"
        min={1}
        max={quantityMax}
        step={1}
        aria-label={text.quantity(title)}
        value={typed ?? String(quantity)}
        onInput={(event) => type(event.currentTarget.value)}
        onBlur={() => {
          if (typed !== null) void send(typed);
        }}
      />
    </label>
  );
}
