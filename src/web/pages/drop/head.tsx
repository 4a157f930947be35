/** Beside the title: what it costs, how many there are, and the state of the connection. */
import { ConnectionState } from '../../parts/connection.tsx';
import { session } from '../../session.ts';
import { eachText, priceText, unitsText } from './shown.ts';
import type { Sale } from './state.ts';

export function Head({ sale }: { readonly sale: Sale }) {
  return (
    <>
      <p class="facts">{[priceText(sale), unitsText(sale), eachText(sale)].filter(Boolean).join(' · ')}</p>
      <ConnectionState isPolled={session.value === null} />
    </>
  );
}
