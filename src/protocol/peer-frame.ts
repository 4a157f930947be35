/**
 * The frames of a peer (see peer.ts), one msgpack array each. The first one each way is a hello. Every other one begins
 * with the number of bytes that its sender has received so far, followed by messages, possibly none.
 */
import { Packr } from 'msgpackr';
import type { Code } from './codes.ts';
import type { AnyCommand } from './command.ts';
import type { Rows } from './rows.ts';

/** Raised whenever a frame no longer means what it meant. */
export const wireVersion = 4;
const magic = 'doorbuster';

export interface PeerName {
  readonly role: string;
  readonly index: number;
}

/** What one side takes from the other. */
export interface FrameLimits {
  readonly frameBytesMax: number;
  readonly frameMessagesMax: number;
  /** The other side should not have more than this on its way unacknowledged. */
  readonly unackedBytesMax: number;
}

export type Hello = readonly [magic: typeof magic, version: number, name: PeerName, limits: FrameLimits];

export type Request = [request: 0, id: number, kind: string, key: string, command: AnyCommand];
/** A group of commands: the fields that its rows share, and the rows. It is answered once, as `GroupAnswer`. */
export type GroupRequest = [
  group: 3,
  id: number,
  kind: string,
  key: string,
  type: string,
  shared: Rows['group'],
  count: number,
  rows: Uint8Array,
  beside?: Rows['beside'],
];
export type Message =
  | Request
  | GroupRequest
  | [answer: 1, id: number, code: Code, body: unknown]
  | [push: 2, topic: string, type: string, body: unknown];

export type Frame = [receivedBytes: number, ...messages: Message[]];

export class FrameCodec {
  // Each frame carries the shapes of its own records: no frame depends on another one.
  readonly #packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

  /** The bytes are good until the next call. */
  pack(frame: Hello | Frame): Uint8Array {
    return this.#packr.pack(frame);
  }

  /** null when the bytes are neither a hello nor a frame. */
  unpack(bytes: Uint8Array): Hello | Frame | null {
    let value: unknown;
    try {
      value = this.#packr.unpack(bytes);
    } catch {
      return null;
    }
    return isHello(value) || isFrame(value) ? value : null;
  }
}

export function hello(
  name: PeerName,
  { frameBytesMax, frameMessagesMax, unackedBytesMax }: FrameLimits,
): Hello {
  return [magic, wireVersion, name, { frameBytesMax, frameMessagesMax, unackedBytesMax }];
}

/** Another version may have put other things behind its number. */
function isHello(value: unknown): value is Hello {
  return Array.isArray(value) && value[0] === magic && typeof value[1] === 'number';
}

/** What is inside a message is taken as it is: whoever has said hello in this version keeps to it. */
function isFrame(value: unknown): value is Frame {
  return Array.isArray(value) && typeof value[0] === 'number' && value.every(isMessageOrCount);
}

function isMessageOrCount(part: unknown, index: number): boolean {
  return index === 0 || (Array.isArray(part) && part[0] >= 0 && part[0] <= 3);
}

// ----------------------------------------------------------------
// How much of what was sent has arrived at the other side, and has to be acknowledged to it: totals of bytes since the
// wire began, so that an acknowledgement counts for all that came before.

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
