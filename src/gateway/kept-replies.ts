/**
 * Answers to public reads that are kept ready to be sent, as bytes, within a bound; those that were asked for last stay.
 *
 * 1. An answer is dropped when what it shows changes, by whoever knows: `forget`, `forgetAll`. One that is being made at
 *    that moment is given to those who wait for it and not kept, because it may show what was before.
 * 2. Nothing is kept, and nothing is answered from what was kept, unless somebody keeps saying that all changes are
 *    known (`renew`): for `trustedMs` from then on.
 * 3. Whoever asks for the same at the same time waits for one making.
 */
import { LRUCache } from 'lru-cache';
import type { Reply } from './route.ts';

const trustedMs = 2_000;
/** For what changes without anybody saying so. */
const keptMs = 60_000;
/** Beside its bytes: its key, its headers, its place in the map. */
const overheadBytes = 512;

export class KeptReplies {
  readonly #kept: LRUCache<string, Reply>;
  readonly #making = new Map<string, Promise<Reply>>();
  #trustedUntilMs = 0;
  hits = 0;
  misses = 0;

  constructor(bytesMax: number) {
    this.#kept = new LRUCache({
      maxSize: bytesMax,
      // Once more for its compressed copies.
      sizeCalculation: ({ body }) => overheadBytes + 2 * (body instanceof Uint8Array ? body.length : 0),
      ttl: keptMs,
    });
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  /** All changes up to now are known. */
  renew(): void {
    const nowMs = performance.now();
    if (nowMs > this.#trustedUntilMs) this.forgetAll();
    this.#trustedUntilMs = nowMs + trustedMs;
  }

  forget(key: string): void {
    this.#kept.delete(key);
    this.#making.delete(key);
  }

  forgetAll(): void {
    this.#kept.clear();
    this.#making.clear();
  }

  /** The kept answer, or a new one. What `make` refuses is not kept. */
  async get<Answer extends Reply>(key: string, make: () => Promise<Answer>): Promise<Answer> {
    if (performance.now() > this.#trustedUntilMs) return make();
    // Under one key there are only answers of one route.
    const kept = this.#kept.get(key) as Answer | undefined;
    if (kept !== undefined) {
      this.hits += 1;
      return kept;
    }
    this.misses += 1;
    const running = (this.#making.get(key) as Promise<Answer> | undefined) ?? this.#make(key, make);
    return running;
  }

  #make<Answer extends Reply>(key: string, make: () => Promise<Answer>): Promise<Answer> {
    const making = make().then(encoded);
    this.#making.set(key, making);
    const isCurrent = () => this.#making.get(key) === making && this.#making.delete(key);
    making.then(
      (answer) => {
        if (isCurrent()) this.#kept.set(key, answer);
      },
      () => isCurrent(),
    );
    return making;
  }
}

/** The body as the bytes that are sent. */
function encoded<Answer extends Reply>(answer: Answer): Answer {
  if (answer.body === undefined) return answer;
  return { ...answer, body: Buffer.from(JSON.stringify(answer.body)) };
}
