/**
 * Keys of limits as two 32-bit numbers. The seeds come from the gateway's secret: nobody outside can choose a key
 * that meets another's bucket, and all threads (and all processes with the same secret) find the same one.
 */
import { deriveKey } from './derive-key.ts';

export interface Hashed {
  readonly lo: number;
  /** Never 0, which marks an empty place. */
  readonly hi: number;
}

export class KeyHash {
  readonly #seedLo: number;
  readonly #seedHi: number;

  constructor(secret: string) {
    const seeds = deriveKey(secret, 'limits v1');
    this.#seedLo = seeds.readInt32LE(0);
    this.#seedHi = seeds.readInt32LE(4);
  }

  of(key: string): Hashed {
    let lo = this.#seedLo ^ key.length;
    let hi = this.#seedHi;
    // Each character goes into one of the two, which is half the work, and both into both at the end.
    for (let i = 0; i < key.length; i += 2) {
      lo = Math.imul(lo ^ key.charCodeAt(i), 0x9e3779b1);
      lo ^= lo >>> 15;
      if (i + 1 < key.length) hi = Math.imul(hi ^ key.charCodeAt(i + 1), 0x85ebca77);
      hi ^= hi >>> 13;
    }
    lo = Math.imul(lo ^ hi ^ (hi >>> 16), 0xc2b2ae3d);
    lo ^= lo >>> 13;
    hi = Math.imul(hi ^ lo ^ (lo >>> 16), 0x27d4eb2f);
    return { lo: lo ^ (lo >>> 15), hi: hi ^ (hi >>> 13) || 1 };
  }
}
