/**
 * A Fenwick (binary indexed) tree of counts over 1-based positions: change one and rank any in O(log n).
 * Source: Fenwick, "A New Data Structure for Cumulative Frequency Tables", 1994.
 */
export class Fenwick {
  #tree: Int32Array;

  constructor(capacity: number) {
    this.#tree = new Int32Array(capacity + 1);
  }

  get capacity(): number {
    return this.#tree.length - 1;
  }

  add(position: number, delta: number): void {
    for (let i = position; i < this.#tree.length; i += i & -i) this.#tree[i]! += delta;
  }

  /** Room for twice as many positions; a capacity that is a power of two stays one. */
  grow(): void {
    const { capacity } = this;
    const grown = new Int32Array(capacity * 2 + 1);
    grown.set(this.#tree);
    // The only new node whose range begins before the new positions.
    grown[capacity * 2] = this.prefix(capacity);
    this.#tree = grown;
  }

  /** The sum over positions 1 … `position`. */
  prefix(position: number): number {
    let total = 0;
    for (let i = Math.min(position, this.capacity); i > 0; i -= i & -i) total += this.#tree[i]!;
    return total;
  }

  /** A tree of `capacity` positions in which `isSet(position)` counts one; O(n). */
  static build(capacity: number, isSet: (position: number) => boolean): Fenwick {
    const made = new Fenwick(capacity);
    const tree = made.#tree;
    for (let i = 1; i <= capacity; i++) {
      if (isSet(i)) tree[i]! += 1;
      const parent = i + (i & -i);
      if (parent <= capacity) tree[parent]! += tree[i]!;
    }
    return made;
  }
}
