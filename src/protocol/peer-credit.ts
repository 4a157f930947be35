/**
 * How much of what was sent has arrived at the other side, and has to be acknowledged to it: totals of bytes since the
 * wire began, so that an acknowledgement counts for all that came before.
 */
const ackAfterBytes = 256 * 1024;

export class PeerCredit {
  readonly #unackedBytesMax: number;
  #sent = 0;
  #acked = 0;
  #received = 0;
  #told = 0;
  #ackAfter = ackAfterBytes;

  constructor(unackedBytesMax: number) {
    this.#unackedBytesMax = unackedBytesMax;
  }

  /** The other side has stopped reading for too long, or cannot keep up. */
  get isSpent(): boolean {
    return this.#sent - this.#acked > this.#unackedBytesMax;
  }

  /** So much has come that the other side must hear of it, even when there is nothing else to say. */
  get isAckDue(): boolean {
    return this.#received - this.#told >= this.#ackAfter;
  }

  /** What the next frame acknowledges. */
  get receivedBytes(): number {
    return this.#received;
  }

  /** The other side's bound: it must hear often enough to stay below. */
  greet(unackedBytesMax: number): void {
    this.#ackAfter = Math.min(ackAfterBytes, unackedBytesMax / 4);
  }

  /** A frame has gone, and with it the acknowledgement of all that came. */
  posted(bytes: number): void {
    this.#sent += bytes;
    this.#told = this.#received;
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  /** False when that cannot be: more than was sent, or less than was acknowledged before. */
  acknowledged(bytes: number): boolean {
    if (!(bytes >= this.#acked && bytes <= this.#sent)) return false;
    this.#acked = bytes;
    return true;
  }
}
