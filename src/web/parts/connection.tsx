/** The state of the live connection, in words that change only with it. */
import { connection } from '../live.ts';
import { words } from '../words.ts';

/** `isPolled`: who has no connection, because it is only for people with a place, asks again and again all the same. */
export function ConnectionState({ isPolled = false }: { readonly isPolled?: boolean }) {
  const isQuiet = connection.value === 'off' && isPolled;
  const state = isQuiet ? 'polling' : connection.value;
  return (
    <p class={`connection ${isQuiet ? 'off' : state}`} role="status" aria-label={words.connection.name}>
      {words.connection[state]}
    </p>
  );
}
