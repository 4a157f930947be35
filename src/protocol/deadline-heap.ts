/**
 * Deadlines of many items, in order: a binary min-heap with lazy deletion.
 *
 * 1. Order is total: by deadline, then by the item's serial. So it does not depend on how the heap was filled, and
 *    a heap rebuilt from a snapshot answers like the original.
 * 2. An entry is live while `isLive(item, deadlineMs)` says so. Dead entries stay inside until they reach the top;
 *    `prune` removes those, after which `topMs` is the deadline of a live item.
 * 3. `upTo` looks without changing anything: an actor's `decide` may use it.
 */

export interface Serial {
  readonly serial: number;
}

export class DeadlineHeap<Item extends Serial> {
  readonly #deadlinesMs: number[] = [];
  readonly #items: Item[] = [];
  readonly #isLive: (item: Item, deadlineMs: number) => boolean;

  constructor(isLive: (item: Item, deadlineMs: number) => boolean) {
    this.#isLive = isLive;
  }

  /** The earliest deadline, Infinity when empty. Of a live item, if the heap was pruned since the last change. */
  get topMs(): number {
    return this.#deadlinesMs.length === 0 ? Number.POSITIVE_INFINITY : this.#deadlinesMs[0]!;
  }

  /** Entries inside, dead ones included. */
  get size(): number {
    return this.#items.length;
  }

  push(deadlineMs: number, item: Item): void {
    let at = this.#items.length;
    this.#deadlinesMs.push(deadlineMs);
    this.#items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Removes dead entries from the top. */
  prune(): void {
    while (this.#items.length > 0 && !this.#isLive(this.#items[0]!, this.#deadlinesMs[0]!)) this.#pop();
  }

  /** Removes and returns the first live item with a deadline at or before `limitMs`, or null. */
  take(limitMs: number): Item | null {
    this.prune();
    if (this.#items.length === 0 || this.#deadlinesMs[0]! > limitMs) return null;
    const item = this.#items[0]!;
    this.#pop();
    return item;
  }

  /** Removes every dead entry, wherever it is. Costs as much as filling the heap anew. */
  compact(): void {
    const deadlinesMs = this.#deadlinesMs.splice(0);
    const items = this.#items.splice(0);
    for (const [index, item] of items.entries())
      if (this.#isLive(item, deadlinesMs[index]!)) this.push(deadlinesMs[index]!, item);
  }

  /** Removes every entry whose deadline is at or before `limitMs`. */
  dropUpTo(limitMs: number): void {
    while (this.#items.length > 0 && this.#deadlinesMs[0]! <= limitMs) this.#pop();
    this.prune();
  }

  /** The first `count` live items with a deadline at or before `limitMs`, in order. */
  upTo(limitMs: number, count: number): Item[] {
    const found: Item[] = [];
    // The frontier holds heap slots that may come next, the nearest one last: taking the k first costs k log k.
    const frontier: number[] = [];
    if (this.size > 0 && this.topMs <= limitMs) frontier.push(0);
    while (frontier.length > 0 && found.length < count) {
      const slot = frontier.pop()!;
      if (this.#isLive(this.#items[slot]!, this.#deadlinesMs[slot]!)) found.push(this.#items[slot]!);
      for (let child = 2 * slot + 1; child <= 2 * slot + 2; child++) {
        if (child < this.#items.length && this.#deadlinesMs[child]! <= limitMs) this.#insert(frontier, child);
      }
    }
    return found;
  }

  #insert(frontier: number[], slot: number): void {
    let low = 0;
    let high = frontier.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(slot, frontier[middle]!)) low = middle + 1;
      else high = middle;
    }
    frontier.splice(low, 0, slot);
  }

  #pop(): void {
    const lastDeadlineMs = this.#deadlinesMs.pop()!;
    const lastItem = this.#items.pop()!;
    const size = this.#items.length;
    if (size === 0) return;
    this.#deadlinesMs[0] = lastDeadlineMs;
    this.#items[0] = lastItem;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && this.#isBefore(child + 1, child)) child++;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#deadlinesMs[a]! - this.#deadlinesMs[b]!;
    return difference < 0 || (difference === 0 && this.#items[a]!.serial < this.#items[b]!.serial);
  }

  #swap(a: number, b: number): void {
    const deadlineMs = this.#deadlinesMs[a]!;
    this.#deadlinesMs[a] = this.#deadlinesMs[b]!;
    this.#deadlinesMs[b] = deadlineMs;
    const item = this.#items[a]!;
    this.#items[a] = this.#items[b]!;
    this.#items[b] = item;
  }
}
