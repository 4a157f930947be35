/**
 * The frames of a peer (see peer.ts), one msgpack array each. The first one each way is a hello. Every other one begins
 * with the number of bytes that its sender has received so far, followed by messages, possibly none.
 */
import { Packr } from 'msgpackr';
import type { Code } from './codes.ts';
import type { AnyCommand } from './command.ts';

/** Raised whenever a frame no longer means what it meant. */
export const wireVersion = 1;
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
export type Message =
  | Request
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
  return index === 0 || (Array.isArray(part) && part[0] >= 0 && part[0] <= 2);
}
