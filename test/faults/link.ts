/**
 * A TCP line between the server and one of its stores that a test can hold, slow down, cut and reroute.
 *
 * 1. Bytes of one direction keep their order, whatever is done to the line.
 * 2. Held bytes outlive their sender: let go after the server's death, they reach the store late, as a network may
 *    deliver them. `drop` throws them away instead.
 * 3. What waits is bounded: beyond a megabyte the sender is not read any more.
 */
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'requests' | 'replies';

export interface LinkState {
  /** Chunks that were passed on, by direction. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Connections whose reply was swallowed. */
  readonly lostReplies: number;
  /** Waiting because of the hold. */
  readonly heldBytes: number;
  /** Appends to the journal that wait because of the hold, or whose answers do. */
  readonly heldAppends: number;
}

export interface Link extends LinkState {
  readonly port: number;
  /** Where new connections go. */
  retarget(port: number): void;
  /**
   * From now on bytes of this direction wait, after `chunks` more of them, on connections whose first words match
   * (a Redis connection's name, a PostgreSQL connection's application_name).
   */
  hold(direction: Direction, of?: RegExp, chunks?: number): void;
  /** From now on the hold is for the connections that there are: a successor's are free. */
  confine(): void;
  /** Lets everything go on. */
  release(): void;
  /** Throws away what is held, with its connections, and holds no more. */
  drop(): void;
  /** Every chunk comes so much later. */
  delay(ms: number): void;
  /** Cuts all connections; new ones may come. */
  cut(): void;
  /** The next replies are swallowed and their connections cut: done, and nobody was told. */
  loseReplies(of?: RegExp): void;
  close(): Promise<void>;
}

interface Lane {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  readonly hello: () => string;
  queue: { readonly bytes: Buffer; readonly dueMs: number }[];
  bytes: number;
  timer: NodeJS.Timeout | null;
  isEnded: boolean;
  /** Appends that were passed on since this lane last passed an answer. */
  unanswered: number;
}

/** How an append looks on the way to Redis or to PostgreSQL, among the questions on the same connection. */
const append = /xadd|journal-append/i;
const isAppend = (bytes: Buffer) => append.test(bytes.toString('latin1'));

const laneBytesMax = 1024 * 1024;
const helloBytesMax = 2_048;

export async function openLink(targetPort: number): Promise<Link> {
  let target = targetPort;
  let delayMs = 0;
  let held: { direction: Direction; of: RegExp; left: number; only: Set<Lane> | null } | null = null;
  let losing: RegExp | null = null;
  let lostReplies = 0;
  const passed = { requests: 0, replies: 0 };
  const lanes = new Set<Lane>();

  const isHeld = (lane: Lane) =>
    held !== null &&
    held.direction === lane.direction &&
    held.left <= 0 &&
    (held.only?.has(lane) ?? held.of.test(lane.hello()));

  function partnerOf(lane: Lane): Lane | null {
    for (const other of lanes) if (other.from === lane.to && other.to === lane.from) return other;
    return null;
  }

  function pump(lane: Lane): void {
    if (lane.timer) clearTimeout(lane.timer);
    lane.timer = null;
    while (lane.queue.length > 0 && !isHeld(lane)) {
      const { bytes, dueMs } = lane.queue[0]!;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        lane.timer = setTimeout(() => pump(lane), waitMs);
        return;
      }
      lane.queue.shift();
      lane.bytes -= bytes.length;
      if (held?.direction === lane.direction && held.of.test(lane.hello())) held.left--;
      passed[lane.direction]++;
      if (lane.to.writable) lane.to.write(bytes);
      if (lane.direction === 'replies') lane.unanswered = 0;
      const answers = lane.direction === 'requests' ? partnerOf(lane) : null;
      if (answers && isAppend(bytes)) answers.unanswered++;
    }
    if (lane.queue.length > 0) return;
    if (lane.isEnded) lane.to.end();
    else if (lane.from.isPaused()) lane.from.resume();
  }

  function take(lane: Lane, bytes: Buffer): void {
    if (lane.direction === 'replies' && losing?.test(lane.hello())) {
      lostReplies++;
      lane.from.destroy();
      lane.to.destroy();
      return;
    }
    lane.queue.push({ bytes, dueMs: performance.now() + delayMs });
    lane.bytes += bytes.length;
    if (lane.bytes > laneBytesMax) lane.from.pause();
    if (lane.queue.length === 1) pump(lane);
  }

  function openLane(from: Socket, to: Socket, direction: Direction, hello: () => string): Lane {
    const lane: Lane = {
      from,
      to,
      direction,
      hello,
      queue: [],
      bytes: 0,
      timer: null,
      isEnded: false,
      unanswered: 0,
    };
    lanes.add(lane);
    from.setNoDelay(true);
    from.on('data', (bytes) => take(lane, bytes));
    from.on('error', () => {});
    from.on('close', () => {
      lane.isEnded = true;
      // Held bytes are still delivered when the line is let go; without any, the other side hears of the end now.
      if (lane.queue.length === 0) to.end();
    });
    to.on('close', () => {
      lane.queue = [];
      lane.bytes = 0;
      if (lane.timer) clearTimeout(lane.timer);
      lanes.delete(lane);
    });
    return lane;
  }

  const server = createServer((client) => {
    let hello = '';
    const store = connect(target, '127.0.0.1');
    client.on('data', (bytes) => {
      if (hello.length < helloBytesMax) hello += bytes.toString('latin1', 0, helloBytesMax);
    });
    openLane(client, store, 'requests', () => hello);
    openLane(store, client, 'replies', () => hello);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  const pumpAll = () => {
    for (const lane of lanes) pump(lane);
  };
  const cutAll = () => {
    for (const { from, to } of lanes) {
      from.destroy();
      to.destroy();
    }
    lanes.clear();
  };

  return {
    port: (server.address() as { port: number }).port,
    passed,
    get lostReplies() {
      return lostReplies;
    },
    get heldBytes() {
      let bytes = 0;
      for (const lane of lanes) if (isHeld(lane)) bytes += lane.bytes;
      return bytes;
    },
    get heldAppends() {
      let count = 0;
      for (const lane of lanes) {
        if (!isHeld(lane)) continue;
        count += lane.unanswered;
        if (lane.direction === 'requests') count += lane.queue.filter(({ bytes }) => isAppend(bytes)).length;
      }
      return count;
    },
    retarget(port) {
      target = port;
    },
    hold(direction, of = /(?:)/, chunks = 0) {
      held = { direction, of, left: chunks, only: null };
    },
    confine() {
      if (held) held.only = new Set([...lanes].filter(isHeld));
    },
    release() {
      held = null;
      losing = null;
      pumpAll();
    },
    drop() {
      cutAll();
      held = null;
    },
    delay(ms) {
      delayMs = ms;
    },
    cut: cutAll,
    loseReplies(of = /(?:)/) {
      losing = of;
    },
    close() {
      held = null;
      cutAll();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
