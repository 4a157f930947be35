/** The wires between two threads: over a port from one worker to another, or in memory inside one. */
import type { Wire } from '../protocol/wire.ts';

/** The part of `node:worker_threads`' MessagePort that a wire needs. */
interface ThreadPort {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
  on(event: 'message', handler: (value: Uint8Array) => void): unknown;
  close(): void;
}

/** Buffers are moved, not copied. */
export function portWire(port: ThreadPort): Wire {
  return {
    post(bytes) {
      const copy = copyOf(bytes);
      port.postMessage(copy, [copy.buffer]);
    },
    receive: (handler) => void port.on('message', handler),
    close: () => port.close(),
  };
}

/**
 * What is posted has been received when `post` returns: a frame already waits for the end of a turn before it is posted,
 * and a second turn would only make it later. What comes before the other end listens is kept for it.
 */
export function memoryWires(): [Wire, Wire] {
  const [one, other] = [new MemoryEnd(), new MemoryEnd()];
  one.other = other;
  other.other = one;
  return [one, other];
}

class MemoryEnd implements Wire {
  other: MemoryEnd | null = null;
  #handler: ((bytes: Uint8Array) => void) | null = null;
  #early: Uint8Array[] = [];

  post(bytes: Uint8Array): void {
    if (this.other) this.other.#take(copyOf(bytes));
  }

  receive(handler: (bytes: Uint8Array) => void): void {
    this.#handler = handler;
    for (const bytes of this.#early.splice(0)) handler(bytes);
  }

  close(): void {
    if (this.other) this.other.other = null;
    this.other = null;
  }

  #take(bytes: Uint8Array): void {
    if (this.#handler) this.#handler(bytes);
    else this.#early.push(bytes);
  }
}

/** The packer goes on using its buffer, and who reads keeps views of what came. Buffer.slice would be no copy. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
