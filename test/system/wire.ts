/** Raw connections: for what no proper client would send. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Line {
  readonly socket: Socket;
  /** What came since the last `clear`. */
  readonly got: () => string;
  readonly isClosed: () => boolean;
  clear(): void;
  /** Resolves when something came, or the connection is closed. */
  heard(): Promise<void>;
}

/** A connection that keeps what it hears and does not mind being cut. */
export async function openLine(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  let isClosed = false;
  let wake = () => {};
  socket.on('data', (bytes) => {
    got += bytes.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  await once(socket, 'connect');
  return {
    socket,
    got: () => got,
    isClosed: () => isClosed,
    clear() {
      got = '';
    },
    heard: () =>
      new Promise((resolve) => {
        wake = resolve;
        if (isClosed) resolve();
      }),
  };
}

/** Sends one request and reads its whole answer: the status, or null when the connection was closed instead. */
export async function exchange(line: Line, head: string, body: Buffer): Promise<number | null> {
  line.clear();
  line.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
  while (!isComplete(line.got()) && !line.isClosed()) await line.heard();
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(line.got())?.[1]) || null;
}

function isComplete(got: string): boolean {
  const end = got.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = Number(/^content-length: (\d+)\r$/im.exec(got.slice(0, end + 2))?.[1] ?? 0);
  return got.length >= end + 4 + length;
}

/** An upgraded connection to `/v1/live`, past every check of a client's library. */
export async function openRawSocket(port: number): Promise<Line> {
  const line = await openLine(port);
  line.socket.write(
    'GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  while (!line.got().includes('\r\n\r\n') && !line.isClosed()) await line.heard();
  return line;
}
