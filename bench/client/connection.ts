/** A kept HTTP connection with one request under way at a time, as cheap as sockets of Node can be: no pool, no streams. */
import { connect, type Socket } from 'node:net';

export type Answered = (status: number, body: string) => void;

const readBytes = 64 * 1024;
/** `HTTP/1.1 `: the status follows. */
const statusAt = 9;

/** The length of a body by its head; null where the head does not say it. */
export function contentLength(head: string): number | null {
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  return length === undefined ? null : Number(length);
}

export class HttpConnection {
  readonly #socket: Socket;
  #answered: Answered | null = null;
  #received = '';

  /** `onEnd`: it broke, or the server closed it. */
  constructor(url: string, onConnect: () => void, onEnd: (why: string) => void) {
    const { hostname, port } = new URL(url);
    const buffer = Buffer.allocUnsafe(readBytes);
    const onread = {
      buffer,
      callback: (count: number) => {
        this.#receive(buffer.toString('latin1', 0, count));
        return true;
      },
    };
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread }, onConnect);
    this.#socket.on('error', (error) => onEnd(error.message));
    this.#socket.on('end', () => onEnd('closed by the server'));
  }

  get isBusy(): boolean {
    return this.#answered !== null;
  }

  /** `request`: the whole of it, head and body. */
  ask(request: string, answered: Answered): void {
    this.#answered = answered;
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#socket.removeAllListeners('error').on('error', () => {});
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = contentLength(this.#received.slice(0, headEnd)) ?? 0;
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const status = Number(this.#received.slice(statusAt, statusAt + 3));
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = this.#received.slice(end);
    const answered = this.#answered!;
    this.#answered = null;
    answered(status, body);
  }
}

/** `headers`: whole lines without their ends. */
export function requestText(
  method: string,
  path: string,
  headers: readonly string[],
  body: string | null,
): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers];
  if (body !== null)
    lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}
