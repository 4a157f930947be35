/** A client of the live endpoint: remembers every frame, waits for those to come, and asks requests. */
import { Packr, Unpackr } from 'msgpackr';
import { WebSocket } from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
export type AnyFrame = any;

export interface LiveClient {
  readonly socket: WebSocket;
  readonly frames: AnyFrame[];
  send(frame: object | string | Uint8Array): void;
  /** Sends a request and waits for its reply. */
  ask(type: string, fields?: object): Promise<AnyFrame>;
  /** The first frame that fits, that came already or is to come. */
  frame(fits: (frame: AnyFrame) => boolean, limitMs?: number): Promise<AnyFrame>;
  /** The code of the close, when it comes. */
  readonly closed: Promise<number>;
  close(): void;
}

const plain = { useRecords: false, mapsAsObjects: true } as const;
const packr = new Packr(plain);
const unpackr = new Unpackr(plain);

/** Rejects with the HTTP status when the upgrade is refused. */
export async function connect(
  port: number,
  protocols: string[] = [],
  headers: Record<string, string> = {},
): Promise<LiveClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/live`, protocols, { headers });
  const isBinary = () => socket.protocol === 'doorbuster.msgpack.v1';
  const frames: AnyFrame[] = [];
  const waiting = new Set<() => void>();
  let nextId = 1;

  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data: Buffer, isData: boolean) => {
    if (isData !== isBinary()) throw new Error('a frame of the wrong kind');
    frames.push(isData ? unpackr.unpack(data) : JSON.parse(data.toString()));
    for (const look of [...waiting]) look();
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('unexpected-response', (_, response) => reject(new Error(String(response.statusCode))));
    socket.on('error', reject);
  });
  // A connection that is cut is seen by its close.
  socket.on('error', () => {});

  const client: LiveClient = {
    socket,
    frames,
    closed,
    send(frame) {
      if (typeof frame === 'string' || frame instanceof Uint8Array) socket.send(frame);
      else socket.send(isBinary() ? packr.pack(frame) : JSON.stringify(frame));
    },
    ask(type, fields = {}) {
      const id = `request-${nextId++}`;
      client.send({ type, id, ...fields });
      return client.frame((frame) => frame.type === 'reply' && frame.id === id);
    },
    frame(fits, limitMs = 10_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not within ${limitMs} ms: ${fits}; came: ${JSON.stringify(frames.slice(-5))}`));
        }, limitMs);
        function look(): void {
          const found = frames.find(fits);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        }
        waiting.add(look);
        look();
      });
    },
    close: () => socket.close(),
  };
  return client;
}

export const ofType = (type: string) => (frame: AnyFrame) => frame.type === type;

export async function authenticated(
  port: number,
  visitor: { readonly token: string },
  protocols: string[] = [],
  headers: Record<string, string> = {},
): Promise<LiveClient> {
  const client = await connect(port, protocols, headers);
  client.send({ type: 'authenticate', accessToken: visitor.token });
  await client.frame(ofType('ready'));
  return client;
}
