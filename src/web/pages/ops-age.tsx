/** How old figures are: none is older than 2 seconds unsaid. */
import { serverNow, tick } from '../clock.ts';
import { utcTime } from '../format.ts';
import { connection } from '../live.ts';
import { opsWords } from '../words-ops.ts';

const freshMs = 2_000;

/** Read while something is drawn, it draws it again as time passes. Figures of a lost connection are old from the start. */
export function isOld(asOfMs: number | null): boolean {
  void tick.value;
  if (asOfMs === null) return false;
  const isLost = connection.value === 'reconnecting' || connection.value === 'polling';
  return isLost || serverNow() - asOfMs > freshMs;
}

/** Its room is kept while there is nothing to say. */
export function AsOf({ times }: { readonly times: readonly (number | null)[] }) {
  const old = times.filter((asOfMs): asOfMs is number => isOld(asOfMs) && asOfMs !== null);
  return <p class="as-of">{old.length > 0 ? opsWords.asOf(utcTime(Math.min(...old))) : ''}</p>;
}
