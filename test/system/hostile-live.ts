/** Broken frames: on signed-in sockets, and against the WebSocket protocol itself. */
import { WebSocket } from 'ws';
import { type Answers, inLanes, type Victim } from './hostile-answers.ts';
import { broken, brokenFrames, type Pick, packed, seededFor, unpacked, uuidOf } from './mutations.ts';
import { checkoutBody } from './shop.ts';
import { openRawSocket } from './wire.ts';

const framesPerSocket = 14;
const socketsPerAccount = 6;
/** One socket in so many sends all its frames at once; the others wait for each answer. */
const hastyOneIn = 8;
/** A frame without an answer ends its socket's turn after this. */
const answerMsMax = 5_000;

const goodFrames = (accessToken: string, saleId: string, sku: string, pick: Pick) => [
  { type: 'subscribe', id: 'a', saleId },
  { type: 'join', id: 1, saleId },
  { type: 'hold', id: 'c', saleId, holdId: uuidOf(pick), sku, quantity: 1, admissionToken: 'a.b' },
  { type: 'checkout', id: 'd', ...checkoutBody([uuidOf(pick)]), idempotencyKey: 'k' },
  { type: 'release', id: 'e', holdId: uuidOf(pick) },
  { type: 'authenticate', accessToken },
];

/** Signed-in sockets that send broken frames until they are thrown out: each frame counts with its answer. */
export async function sendFrames(
  victim: Victim,
  amount: number,
  seed: number,
  answers: Answers,
): Promise<void> {
  const { saleId, sku } = victim.drop;
  const people = [victim.buyer, ...victim.others];
  let sent = 0;
  // A socket sends one frame at least, so there are never more sockets than frames.
  await inLanes(amount, people.length * socketsPerAccount, async (n, lane) => {
    if (sent >= amount) return;
    const { token } = people[lane % people.length]!;
    const frames = goodFrames(token, saleId, sku, seededFor(seed, -1));
    const pick = seededFor(seed, n);
    const isBinary = n % 2 === 1;
    const live = await openLive(victim.port, token, isBinary);
    if (live === null) {
      answers.note('live sockets that did not get in');
      return;
    }
    const isHasty = pick(hastyOneIn) === 0;
    const name = `frames, ${isBinary ? 'msgpack' : 'text'}${isHasty ? ', at once' : ''}`;
    const waiting: Promise<string>[] = [];
    for (let frame = 0; frame < framesPerSocket && live.isOpen(); frame++) {
      const { bytes } = broken(frames[pick(frames.length)]!, pick, (thing) => packed(thing, isBinary));
      sent++;
      waiting.push(live.send(bytes));
      if (!isHasty) await waiting.at(-1);
    }
    for (const answer of waiting) answers.count(name, await answer);
    answers.note(`live sockets closed with ${await live.close()}`);
  });
}

interface Live {
  isOpen(): boolean;
  /** The next answer: a reply's status, an error's code, how the socket was closed, or `none`. */
  send(bytes: Buffer): Promise<string>;
  close(): Promise<number>;
}

/** A socket that has signed in, or null. */
async function openLive(port: number, accessToken: string, isBinary: boolean): Promise<Live | null> {
  const protocols = isBinary ? ['doorbuster.msgpack.v1'] : [];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/live`, protocols, { perMessageDeflate: false });
  const waiting: ((answer: string) => void)[] = [];
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) =>
    socket.once('close', (code) => {
      // The first of those who wait is the one that did it; the others were not heard any more.
      for (const [index, settle] of waiting.splice(0).entries())
        settle(index === 0 ? `close ${code}` : 'none');
      resolve(code);
    }),
  );
  socket.on('message', (bytes: Buffer) => {
    const frame = unpacked(bytes, isBinary);
    if (frame?.type === 'reply') waiting.shift()?.(String(frame.status));
    else if (frame?.type === 'error') waiting.shift()?.(`error ${frame.code}`);
    else if (frame?.type === 'ready') waiting.shift()?.('ready');
  });
  const send = (bytes: Buffer) =>
    new Promise<string>((resolve) => {
      const timer = setTimeout(() => {
        socket.terminate();
        resolve('none');
      }, answerMsMax);
      waiting.push((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      socket.send(bytes, { binary: isBinary });
    });
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed]);
  if (socket.readyState !== WebSocket.OPEN) return null;
  if ((await send(packed({ type: 'authenticate', accessToken }, isBinary))) !== 'ready') return null;
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send,
    close() {
      socket.close();
      return closed;
    },
  };
}

/** Broken on the level of the protocol. */
export async function sendRawFrames(
  victim: Victim,
  amount: number,
  seed: number,
  answers: Answers,
): Promise<void> {
  await inLanes(amount, 20, async (n) => {
    const line = await openRawSocket(victim.port);
    if (!line.got().includes('101 Switching Protocols'))
      throw new Error(`no upgrade: ${line.got().slice(0, 100)}`);
    line.clear();
    line.socket.end(brokenFrames(seededFor(seed, n)));
    while (!line.isClosed()) await line.heard();
    answers.count('frames against the protocol', closeOf(line.got()));
  });
}

/** The code of the server's close frame, if there was one. */
function closeOf(got: string): string {
  const at = got.lastIndexOf('\x88');
  const bytes = Buffer.from(got.slice(at + 1), 'latin1');
  return at >= 0 && bytes.length >= 3 && bytes[0]! >= 2 ? `close ${bytes.readUInt16BE(1)}` : 'closed';
}
