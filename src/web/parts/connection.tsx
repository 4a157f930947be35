/** The state of the live connection, in words that change only with it. */
import { connection } from '../live.ts';
import { words } from '../words.ts';

export function ConnectionState() {
  const state = connection.value;
  return (
    <p class={`connection ${state}`} role="status" aria-label={words.connection.name}>
      {words.connection[state]}
    </p>
  );
}
