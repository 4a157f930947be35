/**
 * A TCP line between the server and one of its stores that a test can hold, slow down, cut and reroute.
 *
 * 1. Bytes of one direction keep their order, whatever is done to the line.
 * 2. Held bytes outlive their sender: let go after the server's death, they reach the store late, as a network may
 *    deliver them. `drop` throws them away instead.
 * 3. What waits is bounded: beyond a megabyte the sender is not read any more.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

type Direction = 'requests' | 'replies';

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

interface Hold {
  readonly direction: Direction;
  readonly of: RegExp;
  left: number;
  only: Set<Lane> | null;
}

export class Link {
  /** Chunks that were passed on, by direction. */
  readonly passed: Record<Direction, number> = { requests: 0, replies: 0 };
  readonly #server: Server = createServer((client) => this.#connect(client));
  readonly #lanes = new Set<Lane>();
  #target: number;
  #delayMs = 0;
  #held: Hold | null = null;
  #losing: RegExp | null = null;
  #lostReplies = 0;

  private constructor(targetPort: number) {
    this.#target = targetPort;
  }

  static async open(targetPort: number): Promise<Link> {
    const link = new Link(targetPort);
    await new Promise<void>((done) => link.#server.listen(0, '127.0.0.1', done));
    return link;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections whose reply was swallowed. */
  get lostReplies(): number {
    return this.#lostReplies;
  }

  /** Waiting because of the hold. */
  get heldBytes(): number {
    return this.#heldLanes().reduce((bytes, lane) => bytes + lane.bytes, 0);
  }

  /** Appends to the journal that wait because of the hold, or whose answers do. */
  get heldAppends(): number {
    return this.#heldLanes().reduce((count, { unanswered, direction, queue }) => {
      const waiting = direction === 'requests' ? queue.filter(({ bytes }) => isAppend(bytes)).length : 0;
      return count + unanswered + waiting;
    }, 0);
  }

  /** Where new connections go. */
  retarget(port: number): void {
    this.#target = port;
  }

  /**
   * From now on bytes of this direction wait, after `chunks` more of them, on connections whose first words match
   * (a Redis connection's name, a PostgreSQL connection's application_name).
   */
  hold(direction: Direction, of = /(?:)/, chunks = 0): void {
    this.#held = { direction, of, left: chunks, only: null };
  }

  /** From now on the hold is for the connections that there are: a successor's are free. */
  confine(): void {
    if (this.#held) this.#held.only = new Set(this.#heldLanes());
  }

  /** Lets everything go on. */
  release(): void {
    this.#held = null;
    this.#losing = null;
    for (const lane of this.#lanes) this.#pump(lane);
  }

  /** Throws away what is held, with its connections, and holds no more. */
  drop(): void {
    this.cut();
    this.#held = null;
  }

  /** Every chunk comes so much later. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Cuts all connections; new ones may come. */
  cut(): void {
    for (const { from, to } of this.#lanes) {
      from.destroy();
      to.destroy();
    }
    this.#lanes.clear();
  }

  /** The next replies are swallowed and their connections cut: done, and nobody was told. */
  loseReplies(of = /(?:)/): void {
    this.#losing = of;
  }

  close(): Promise<void> {
    this.#held = null;
    this.cut();
    return new Promise((done) => this.#server.close(() => done()));
  }

  #connect(client: Socket): void {
    let hello = '';
    const store = connect(this.#target, '127.0.0.1');
    client.on('data', (bytes) => {
      if (hello.length < helloBytesMax) hello += bytes.toString('latin1', 0, helloBytesMax);
    });
    this.#openLane(client, store, 'requests', () => hello);
    this.#openLane(store, client, 'replies', () => hello);
  }

  #openLane(from: Socket, to: Socket, direction: Direction, hello: () => string): void {
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
    this.#lanes.add(lane);
    from.setNoDelay(true);
    from.on('data', (bytes) => this.#take(lane, bytes));
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
      this.#lanes.delete(lane);
    });
  }

  #take(lane: Lane, bytes: Buffer): void {
    if (lane.direction === 'replies' && this.#losing?.test(lane.hello())) {
      this.#lostReplies++;
      lane.from.destroy();
      lane.to.destroy();
      return;
    }
    lane.queue.push({ bytes, dueMs: performance.now() + this.#delayMs });
    lane.bytes += bytes.length;
    if (lane.bytes > laneBytesMax) lane.from.pause();
    if (lane.queue.length === 1) this.#pump(lane);
  }

  #pump(lane: Lane): void {
    if (lane.timer) clearTimeout(lane.timer);
    lane.timer = null;
    while (lane.queue.length > 0 && !this.#isHeld(lane)) {
      const waitMs = lane.queue[0]!.dueMs - performance.now();
      if (waitMs > 0) {
        lane.timer = setTimeout(() => this.#pump(lane), waitMs);
        return;
      }
      this.#pass(lane, lane.queue.shift()!.bytes);
    }
    if (lane.queue.length > 0) return;
    if (lane.isEnded) lane.to.end();
    else if (lane.from.isPaused()) lane.from.resume();
  }

  #pass(lane: Lane, bytes: Buffer): void {
    const held = this.#held;
    lane.bytes -= bytes.length;
    if (held?.direction === lane.direction && held.of.test(lane.hello())) held.left--;
    this.passed[lane.direction]++;
    if (lane.to.writable) lane.to.write(bytes);
    if (lane.direction === 'replies') lane.unanswered = 0;
    const answers = lane.direction === 'requests' ? this.#partnerOf(lane) : null;
    if (answers && isAppend(bytes)) answers.unanswered++;
  }

  #isHeld(lane: Lane): boolean {
    const held = this.#held;
    if (held === null || held.direction !== lane.direction || held.left > 0) return false;
    return held.only?.has(lane) ?? held.of.test(lane.hello());
  }

  #heldLanes(): Lane[] {
    return [...this.#lanes].filter((lane) => this.#isHeld(lane));
  }

  #partnerOf(lane: Lane): Lane | null {
    for (const other of this.#lanes) if (other.from === lane.to && other.to === lane.from) return other;
    return null;
  }
}
