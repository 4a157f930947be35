/** How many per second, over the last ten whole seconds; driven by the events' own times, so replay agrees. */
const windowSeconds = 10;

export class RateWindow {
  readonly #counts = new Float64Array(windowSeconds + 1);
  readonly #seconds = new Float64Array(windowSeconds + 1).fill(-1);
  #firstSecond = -1;

  add(atMs: number, count: number): void {
    const second = Math.floor(atMs / 1000);
    const slot = second % this.#counts.length;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot]! += count;
    if (this.#firstSecond < 0) this.#firstSecond = second;
  }

  /** Per second; null before anything was counted. The running second counts only while it is the only one. */
  perSecond(atMs: number): number | null {
    if (this.#firstSecond < 0) return null;
    const now = Math.floor(atMs / 1000);
    const isFirst = now <= this.#firstSecond;
    const from = Math.max(this.#firstSecond, now - windowSeconds);
    const to = isFirst ? now : now - 1;
    let total = 0;
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const second = this.#seconds[slot]!;
      if (second >= from && second <= to) total += this.#counts[slot]!;
    }
    return total / Math.max(1, to - from + 1);
  }
}
