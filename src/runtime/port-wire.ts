/** The wire between two threads. */
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
      // The packer goes on using its buffer: copy this message out (Buffer.slice would be no copy), hand the copy over.
      const copy = new Uint8Array(bytes);
      port.postMessage(copy, [copy.buffer]);
    },
    receive: (handler) => void port.on('message', handler),
    close: () => port.close(),
  };
}
