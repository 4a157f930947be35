/**
 * Where the crowd's live sockets come from: bounded handshakes, authentication, and one reader for broadcasts.
 *
 * 1. At most 100 handshakes are under way over the whole crowd.
 * 2. Broadcasts are the same bytes for everybody: each is parsed once, every receipt counts for the age of positions.
 */
import WebSocket from 'ws';
import type { AttemptListener } from './attempts.ts';
import type { Body, Client } from './client.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import { type Hall, type LiveHandlers, LiveSocket } from './live-socket.ts';
import type { Tally } from './statistics.ts';

export interface LiveParts {
  /** The HTTP origin. */
  readonly url: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly tally: Tally;
  readonly random: () => number;
  /** Hears of every request over a socket. */
  readonly onAttempt?: AttemptListener | undefined;
}

export interface LiveHall {
  /** Resolves when the socket is ready, or was refused so often that the buyer will poll instead. */
  open(handlers: LiveHandlers): Promise<LiveSocket>;
  readonly socketsUp: number;
}

const handshakesMax = 100;
const handshakeTimeoutMs = 10_000;
const frameBytesMax = 256 * 1024;

export function createLiveHall(parts: LiveParts): LiveHall {
  const address = `${parts.url.replace(/^http/, 'ws')}/v1/live`;
  const takeBroadcast = createBroadcastReader(parts.ledger);
  let handshakes = 0;
  const hall: Hall = {
    client: parts.client,
    clock: parts.clock,
    tally: parts.tally,
    random: parts.random,
    onAttempt: parts.onAttempt,
    takeBroadcast,
    socketsUp: 0,
    async connect(accessToken) {
      while (handshakes >= handshakesMax) await parts.clock.pause(20);
      handshakes++;
      try {
        return await handshake(address, accessToken, parts.tally);
      } finally {
        handshakes--;
      }
    },
  };
  return {
    async open(handlers) {
      const socket = new LiveSocket(hall, handlers);
      await socket.connect();
      return socket;
    },
    get socketsUp() {
      return hall.socketsUp;
    },
  };
}

/** One connection, from opening to `ready`; null when it failed. */
function handshake(address: string, accessToken: string, tally: Tally): Promise<WebSocket | null> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, {
      perMessageDeflate: false,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: frameBytesMax,
      skipUTF8Validation: true,
    });
    const timer = setTimeout(() => socket.terminate(), handshakeTimeoutMs);
    const settle = (outcome: WebSocket | null) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    // An error is always followed by a close, also later, when nobody waits for this promise any more.
    socket.on('error', () => settle(null));
    socket.once('close', () => settle(null));
    socket.once('open', () => socket.send(JSON.stringify({ type: 'authenticate', accessToken })));
    socket.once('message', (data: Buffer) => {
      const frame = parseFrame(data);
      if (frame?.type === 'ready') {
        settle(socket);
        return;
      }
      tally.add(`live: ${frame?.code ?? frame?.type ?? 'unreadable frame'} instead of ready`);
      socket.terminate();
    });
  });
}

export function parseFrame(data: Buffer): Body | null {
  try {
    return JSON.parse(data.toString());
  } catch {
    return null;
  }
}

const servingMark = Buffer.from('"type":"queue.serving"');

/** Answers whether the frame was a `queue.serving`. */
function createBroadcastReader(ledger: Ledger): (data: Buffer) => boolean {
  let last: Buffer | null = null;
  let nowServing = 0;
  let asOfMs = 0;
  return (data) => {
    if (!last?.equals(data)) {
      if (data.subarray(0, servingMark.length + 1).indexOf(servingMark) < 0) return false;
      const frame = parseFrame(data);
      if (!frame) return false;
      last = Buffer.from(data);
      nowServing = frame.nowServing;
      asOfMs = Date.parse(frame.asOf);
    }
    ledger.seeServing(nowServing, asOfMs);
    return true;
  };
}
