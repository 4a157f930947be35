/** How many units are in the cart, for the header of every tab: pages without a cart need not ask. */
import { computed } from '@preact/signals';
import { session } from './session.ts';
import { store, stored } from './stored.ts';

interface Count {
  readonly accountId: string;
  readonly units: number;
}

const name = 'cart-count';

export const cartCount = computed(() => {
  const known = stored<Count>(name).value;
  return known !== null && known.accountId === session.value?.accountId ? known.units : 0;
});

export function keepCartCount(units: number): void {
  const { value } = session;
  if (value !== null && cartCount.peek() !== units) store<Count>(name, { accountId: value.accountId, units });
}
