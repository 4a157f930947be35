/**
 * Milliseconds to rest before the next try: `firstMs`, doubled as often as `times` says, and `maxMs` at the most.
 */
export function backoffMs(firstMs: number, maxMs: number, times: number): number {
  // 2 to the power of 20 is further than any bound here, and no number too large for a timer.
  return Math.min(maxMs, firstMs * 2 ** Math.min(times, 20));
}
