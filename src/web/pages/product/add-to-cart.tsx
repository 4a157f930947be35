/** Puts the chosen variant into the cart, and says what is in it then. */
import { useState } from 'preact/hooks';
import type { Variant } from '../../../market/catalog/schemas.ts';
import { addToCart } from '../../cart.ts';
import { count } from '../../format.ts';
import { refusedAddition } from '../../parts/cart-refusals.ts';
import { cartWords as text } from '../../words-cart.ts';

interface AddToCartProps {
  readonly title: string;
  readonly variant: Variant;
}

type State =
  | { readonly kind: 'idle' | 'busy' }
  | { readonly kind: 'added'; readonly sku: string; readonly units: number }
  | { readonly kind: 'refused'; readonly why: string };

export function AddToCart({ title, variant }: AddToCartProps) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const { sku, inStock } = variant;
  const add = async () => {
    setState({ kind: 'busy' });
    try {
      const { items } = await addToCart(sku, 1);
      const units = items.find((item) => item.sku === sku)?.quantity ?? 0;
      setState({ kind: 'added', sku, units });
    } catch (error) {
      setState({ kind: 'refused', why: refusedAddition(error) });
    }
  };
  if (!inStock) return null;
  const isBusy = state.kind === 'busy';
  return (
    <div class="to-cart">
      {/* Not disabled while it is busy: that would take the focus away. */}
      <button
        type="button"
        class="primary"
        aria-disabled={isBusy}
        onClick={() => {
          if (!isBusy) void add();
        }}
      >
        {isBusy ? text.adding : text.add}
      </button>
      <p role="status" class="added">
        {state.kind === 'added' && (
          <>
            {text.added(title, count(state.units))} <a href="/cart">{text.see}</a>
          </>
        )}
      </p>
      {state.kind === 'refused' && (
        <p class="problem" role="alert">
          {state.why}
        </p>
      )}
    </div>
  );
}
