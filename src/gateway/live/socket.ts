/**
 * One client on the live endpoint, and how frames are sent to it.
 *
 * 1. After its close nothing is sent: `ws` is null then, since uWS throws on a closed socket.
 * 2. What is personal arrives or the socket ends with 4008; positions are last-value-wins and are left out while the
 *    client is slow.
 * 3. Everything a socket can make us keep is bounded. Idle, it is this object and two map entries.
 */
import type { WebSocket } from 'uWebSockets.js';
import type { Watch } from '../../market/waiting-room/live-view.ts';
import type { Identity } from '../route.ts';
import { encode } from './codec.ts';

export const closeCodes = {
  goingAway: 1001,
  notUtf8: 1007,
  tooBig: 1009,
  internalError: 1011,
  unauthenticated: 4001,
  forbidden: 4003,
  tooSlow: 4008,
  replaced: 4009,
  rateLimited: 4029,
} as const;

/** Frames a second that a client may send, and at once. */
const framesPerSecond = 20;
const framesBurst = 60;
/** Frames that make no sense, before the socket is closed. */
const strikesMax = 5;
/** Above this a slow client gets no more corrections of its position. */
const positionBufferBytesMax = 16 * 1024;

/** What hangs on the connection: uWS copies its fields, so an object of a class must be one of them. */
export interface SocketData {
  readonly socket: LiveSocket;
}

export class LiveSocket {
  /** null before it opens and once it is closed. */
  ws: WebSocket<SocketData> | null = null;
  readonly isBinary: boolean;
  readonly address: string;
  readonly openedAtMs: number;
  identity: Identity | null = null;
  /** Sales watched; shared by nobody, empty for most of a socket's life but one. */
  watches: Watch[] = [];
  /** Frames that came while the token was being checked. */
  stash: Record<string, unknown>[] | null = null;
  openRequests = 0;
  /** Since when broadcasts have been dropped, 0 when none is. */
  slowSinceMs = 0;
  #strikes = 0;
  #credit = framesBurst;
  #creditAtMs: number;

  constructor(isBinary: boolean, address: string, nowMs: number) {
    this.isBinary = isBinary;
    this.address = address;
    this.openedAtMs = nowMs;
    this.#creditAtMs = nowMs;
  }

  /** Counts a frame; false when there were too many. */
  takeFrame(nowMs: number): boolean {
    this.#credit = Math.min(
      framesBurst,
      this.#credit + ((nowMs - this.#creditAtMs) * framesPerSecond) / 1000,
    );
    this.#creditAtMs = nowMs;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }

  /** Counts a frame that made no sense; false when there were too many. */
  takeStrike(): boolean {
    this.#strikes += 1;
    return this.#strikes <= strikesMax;
  }

  /** Sends a frame that must arrive. */
  send(frame: object): void {
    if (this.ws === null) return;
    // 2: dropped, because the client has not read what was sent before.
    if (this.ws.send(encode(frame, this.isBinary), this.isBinary) === 2)
      this.end(closeCodes.tooSlow, 'too slow');
  }

  /** Sends a frame that a later one replaces. */
  sendPosition(frame: object): boolean {
    if (this.ws === null || this.ws.getBufferedAmount() > positionBufferBytesMax) return false;
    return this.ws.send(encode(frame, this.isBinary), this.isBinary) !== 2;
  }

  end(code: number, reason: string): void {
    this.ws?.end(code, reason);
  }
}
