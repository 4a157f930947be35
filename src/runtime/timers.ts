/** Deadlines of actors: a binary heap with lazy deletion, read by one timer of the shard. */

export interface Timed {
  /** The deadline that counts; entries in the heap with another time are leftovers. */
  deadlineMs: number;
}

export class Timers<Owner extends Timed> {
  #heap: { atMs: number; owner: Owner }[] = [];

  /** Sets the owner's only deadline; Infinity takes it away. */
  arm(owner: Owner, atMs: number): void {
    if (owner.deadlineMs === atMs) return;
    owner.deadlineMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const heap = this.#heap;
    heap.push({ atMs, owner });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.atMs <= heap[i]!.atMs) break;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  /** The earliest time at which somebody may be due. */
  get nextMs(): number {
    this.#dropLeftovers();
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes out the next owner that is due, in order of time; its deadline is then Infinity. */
  takeDue(nowMs: number): Owner | null {
    this.#dropLeftovers();
    const top = this.#heap[0];
    if (!top || top.atMs > nowMs) return null;
    this.#pop();
    top.owner.deadlineMs = Number.POSITIVE_INFINITY;
    return top.owner;
  }

  #dropLeftovers(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.owner.deadlineMs !== this.#heap[0]!.atMs) this.#pop();
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (let child = 2 * i + 1; child <= 2 * i + 2 && child < heap.length; child++) {
        if (heap[child]!.atMs < heap[least]!.atMs) least = child;
      }
      if (least === i) return;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}
