/**
 * Which addresses have a saved actor that is not in memory: hashes of 52 bits in an open-addressing table, 16 bytes an
 * actor. A false hit (1 in 10^9 at a million actors) costs one look into the store; there is no false miss.
 */

/** Two FNV-1a hashes of `kind/key`: 20 bits of one before 32 of the other, a positive integer below 2^52. */
export function addressHash(kind: string, key: string): number {
  const text = `${kind}/${key}`;
  let low = 0x811c9dc5;
  let high = 0x050c5d1f;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code ^ (i & 0xff), 0x01000197);
  }
  return ((high >>> 0) % 0x100000) * 0x100000000 + (low >>> 0) + 1;
}

export class PassivatedFilter {
  #slots = new Float64Array(16);
  size = 0;

  add(hash: number): void {
    if ((this.size + 1) * 2 > this.#slots.length) this.#grow();
    const slot = this.#slotOf(hash);
    if (this.#slots[slot] === hash) return;
    this.#slots[slot] = hash;
    this.size++;
  }

  clear(): void {
    this.#slots = new Float64Array(16);
    this.size = 0;
  }

  has(hash: number): boolean {
    return this.size > 0 && this.#slots[this.#slotOf(hash)] === hash;
  }

  #slotOf(hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = Math.imul(hash % 0x100000000, 0x9e3779b1) >>> 0;
    for (slot &= mask; this.#slots[slot] !== 0 && this.#slots[slot] !== hash; ) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    for (const hash of old) if (hash !== 0) this.#slots[this.#slotOf(hash)] = hash;
  }
}
