/**
 * A few places over all gateway threads of the process, for work that takes seconds of a core and hundreds of megabytes.
 *
 * Each place holds the thread that has it, so that a thread which died in one gives it back when it starts again.
 */
export const placesMax = 2;

export class Places {
  readonly #words: Int32Array;
  readonly #own: number;

  /** `words`: shared memory that was zero at first. */
  constructor(words: Int32Array, thread: number) {
    this.#words = words;
    this.#own = thread + 1;
    for (let place = 0; place < words.length; place++) Atomics.compareExchange(words, place, this.#own, 0);
  }

  /** false: there is none at the moment. */
  enter(): boolean {
    return this.#swap(0, this.#own);
  }

  leave(): void {
    this.#swap(this.#own, 0);
  }

  /** Of the first place that holds the one number. */
  #swap(from: number, to: number): boolean {
    for (let place = 0; place < this.#words.length; place++)
      if (Atomics.compareExchange(this.#words, place, from, to) === from) return true;
    return false;
  }
}
