/**
 * Answers that are too large for memory: their body is made piece by piece, as fast as the client reads.
 *
 * 1. Nothing is asked of the maker while the connection has not taken the piece before, so a slow reader holds one.
 * 2. A reader that takes nothing for `stalledMs`, and an answer that takes longer than `wholeMs`, are cut off; so is
 *    one whose maker fails, so that no client takes a part for the whole.
 */
import type { HttpResponse } from 'uWebSockets.js';

/** How many such answers one gateway gives at once. */
export const streamsMax = 16;
const stalledMs = 30_000;
const wholeMs = 30 * 60_000;

/** One that the client has left is told so by `isAborted`: then nothing is written to it any more. */
export class StreamedAnswer {
  readonly #res: HttpResponse;
  isAborted = false;
  #onWritable: ((isWritable: boolean) => void) | null = null;

  constructor(res: HttpResponse) {
    this.#res = res;
    res.onWritable(() => {
      this.#onWritable?.(true);
      return true;
    });
  }

  abort(): void {
    this.isAborted = true;
    this.#onWritable?.(false);
  }

  /** Resolves when all is sent, or nothing can be sent any more. Throws what the maker throws, the answer cut off. */
  async send(pieces: AsyncIterable<Uint8Array>, mustClose: boolean): Promise<void> {
    const lateAtMs = performance.now() + wholeMs;
    let isWhole = false;
    try {
      for await (const piece of pieces)
        if (this.isAborted || performance.now() > lateAtMs || !(await this.#write(piece))) return;
      isWhole = true;
    } finally {
      if (!this.isAborted) {
        if (isWhole) this.#res.cork(() => this.#res.end('', mustClose));
        else this.#res.close();
      }
    }
  }

  /** Whether more can be written. */
  async #write(piece: Uint8Array): Promise<boolean> {
    // A piece of no length would end a chunked body.
    if (piece.length === 0) return true;
    let isTaken = true;
    this.#res.cork(() => {
      isTaken = this.#res.write(piece);
    });
    if (isTaken) return true;
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => this.#onWritable?.(false), stalledMs);
      this.#onWritable = (isWritable) => {
        clearTimeout(timer);
        this.#onWritable = null;
        resolve(isWritable);
      };
    });
  }
}
