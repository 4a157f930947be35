/** Latencies of a run: all of them are kept, so that quantiles are values that were measured. */
import { quantile } from '../measure.ts';

export class Latencies {
  #ms = new Float64Array(1 << 16);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#ms.length) {
      const more = new Float64Array(this.#ms.length * 2);
      more.set(this.#ms);
      this.#ms = more;
    }
    this.#ms[this.#count++] = ms;
  }

  /** In the order of the shares; null when there is none. */
  quantiles(...shares: readonly number[]): number[] | null {
    if (this.#count === 0) return null;
    const sorted = this.#ms.slice(0, this.#count).sort();
    return shares.map((share) => quantile(sorted, share));
  }
}
