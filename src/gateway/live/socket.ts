/**
 * One client on the live endpoint, and how frames are sent to it.
 *
 * 1. After its close nothing is sent: `ws` is null then, since uWS throws on a closed socket.
 * 2. What is personal arrives or the socket ends with 4008; positions are last-value-wins and are left out while the
 *    client is slow.
 * 3. Everything a socket can make us keep is bounded. Idle, it is this object and two map entries.
 */
import type { WebSocket } from 'uWebSockets.js';
import type { ClientAddress } from '../client-address.ts';
import { TokenBucket } from '../limiter.ts';
import type { Identity } from '../route.ts';
import type { Group } from './audiences.ts';
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
const frameBucket = new TokenBucket(20, 60);
/** Frames that make no sense, before the socket is closed. */
const strikesMax = 5;
/** Above this a slow client gets no more corrections of its position. */
const positionBufferBytesMax = 16 * 1024;

/** What a socket is subscribed to. The channel hears of the socket's close. */
export interface Subscription {
  readonly name: string;
  readonly channel: { leave(socket: LiveSocket, subscription: Subscription): void };
  /** With whom it is sent what everybody is sent. */
  readonly group?: Group;
}

/** What hangs on the connection: uWS copies its fields, so an object of a class must be one of them. */
export interface SocketData {
  readonly socket: LiveSocket;
}

export class LiveSocket {
  /** null before it opens and once it is closed. */
  ws: WebSocket<SocketData> | null = null;
  readonly isBinary: boolean;
  readonly client: ClientAddress;
  readonly openedAtMs: number;
  /** As the latest token says: the socket lives no longer than that. */
  identity: Identity | null = null;
  /** Empty for most sockets but for one. */
  readonly subscriptions: Subscription[] = [];
  openRequests = 0;
  /** Since when broadcasts have been dropped, 0 when none is. */
  slowSinceMs = 0;
  #strikes = 0;
  /** When its bucket of frames would be full again. */
  #framesFullAtMs: number;

  constructor(isBinary: boolean, client: ClientAddress, nowMs: number) {
    this.isBinary = isBinary;
    this.client = client;
    this.openedAtMs = nowMs;
    this.#framesFullAtMs = nowMs;
  }

  /** Counts a frame; false when there were too many. */
  takeFrame(nowMs: number): boolean {
    const fullAtMs = frameBucket.after(this.#framesFullAtMs, nowMs);
    if (frameBucket.waitMs(fullAtMs, nowMs) > 0) return false;
    this.#framesFullAtMs = fullAtMs;
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

  /** From now on it gets what is sent to the group. */
  join({ name }: Group): void {
    this.ws?.subscribe(name);
  }

  part({ name }: Group): void {
    this.ws?.unsubscribe(name);
  }

  end(code: number, reason: string): void {
    this.ws?.end(code, reason);
  }
}
