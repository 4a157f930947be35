/**
 * A WebSocket client that costs little: one frame a message, text only, and the mask that it must send is zero (RFC 6455
 * asks clients for an unpredictable one because of proxies; there is none here).
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const textFrame = 0x81;
const pongFrame = 0x8a;
const maskBit = 0x80;
const longest = 65_535;

/** A frame of a client. */
export function frameOf(text: string, first = textFrame): Buffer {
  const length = Buffer.byteLength(text);
  if (length > longest) throw new Error(`a frame of ${length} bytes is too long`);
  const head = length < 126 ? 6 : 8;
  const frame = Buffer.alloc(head + length);
  frame[0] = first;
  if (length < 126) frame[1] = maskBit | length;
  else {
    frame[1] = maskBit | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.write(text, head);
  return frame;
}

/** The first whole frame of a server in `bytes` from `at`; null: there is more to come. */
export function readFrame(bytes: Buffer, at: number): { opcode: number; start: number; end: number } | null {
  if (bytes.length < at + 2) return null;
  const short = bytes[at + 1]! & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at + head) return null;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const start = at + head;
  return bytes.length < start + length ? null : { opcode: bytes[at]! & 0x0f, start, end: start + length };
}

export interface LiveEvents {
  /** The bytes are valid until it returns. */
  onText(bytes: Buffer, start: number, end: number): void;
  onEnd(why: string): void;
}

const none = Buffer.alloc(0);
/** All sockets of the process read into it, one after the other. */
const shared = Buffer.allocUnsafe(256 * 1024);

export class LiveSocket {
  readonly #socket: Socket;
  readonly #events: LiveEvents;
  #rest: Buffer = none;
  #isOpen = false;

  constructor(url: string, events: LiveEvents, onOpen: () => void) {
    this.#events = events;
    const { hostname, port } = new URL(url);
    const onread = {
      buffer: shared,
      callback: (count: number) => {
        this.#receive(shared.subarray(0, count), onOpen);
        return true;
      },
    };
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread }, () => {
      const key = randomBytes(16).toString('base64');
      const head = [
        'GET /v1/live HTTP/1.1',
        `Host: ${hostname}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
      ];
      const lines = [...head, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13'];
      this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
    this.#socket.on('error', (error) => events.onEnd(error.message));
    this.#socket.on('end', () => events.onEnd('closed by the server'));
  }

  send(text: string): void {
    this.#socket.write(frameOf(text));
  }

  close(): void {
    this.#socket.removeAllListeners().on('error', () => {});
    this.#socket.destroy();
  }

  #receive(chunk: Buffer, onOpen: () => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#isOpen) {
      const headEnd = bytes.indexOf('\r\n\r\n');
      if (headEnd < 0) {
        this.#rest = Buffer.from(bytes);
        return;
      }
      const status = bytes.toString('latin1', 9, 12);
      if (status !== '101') {
        this.#events.onEnd(`the upgrade was answered ${status}`);
        return;
      }
      this.#isOpen = true;
      at = headEnd + 4;
      onOpen();
    }
    for (let frame = readFrame(bytes, at); frame !== null; frame = readFrame(bytes, at)) {
      at = frame.end;
      if (frame.opcode === 1) this.#events.onText(bytes, frame.start, frame.end);
      else if (frame.opcode === 9)
        this.#socket.write(frameOf(bytes.toString('latin1', frame.start, frame.end), pongFrame));
      else if (frame.opcode === 8) this.#events.onEnd(`closed with ${bytes.readUInt16BE(frame.start)}`);
    }
    this.#rest = at === bytes.length ? none : Buffer.from(bytes.subarray(at));
  }
}

/** Sockets that have shown their tokens, and what they hear after that goes to `events(index)`. */
export async function openSockets(
  url: string,
  tokens: readonly string[],
  events: (index: number) => LiveEvents,
): Promise<LiveSocket[]> {
  const sockets: LiveSocket[] = [];
  const atOnce = 100;
  for (let from = 0; from < tokens.length; from += atOnce) {
    const portion = tokens.slice(from, from + atOnce);
    sockets.push(...(await Promise.all(portion.map((token, n) => openSocket(url, token, events(from + n))))));
  }
  return sockets;
}

function openSocket(url: string, accessToken: string, events: LiveEvents): Promise<LiveSocket> {
  return new Promise((resolve, reject) => {
    let isReady = false;
    const socket: LiveSocket = new LiveSocket(
      url,
      {
        onText(bytes, start, end) {
          if (isReady) return events.onText(bytes, start, end);
          const said = bytes.toString('utf8', start, end);
          if (said.includes('"type":"error"')) return reject(new Error(said));
          // Some servers talk to whoever listens, known or not.
          if (!said.includes('"type":"ready"')) return;
          isReady = true;
          resolve(socket);
        },
        onEnd(why) {
          if (isReady) events.onEnd(why);
          else reject(new Error(why));
        },
      },
      () => socket.send(JSON.stringify({ type: 'authenticate', accessToken })),
    );
  });
}
