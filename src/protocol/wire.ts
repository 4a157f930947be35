/** Carries byte strings one way and the other, each whole and in order: between two threads, later over a socket. */
export interface Wire {
  post(bytes: Uint8Array): void;
  receive(handler: (bytes: Uint8Array) => void): void;
  close(): void;
}
