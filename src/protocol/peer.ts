/**
 * How rooms in different threads (later: machines) talk: addressed requests with one answer each, and pushes.
 *
 * 1. Everything said in one turn of the event loop travels in one msgpack frame: a message alone costs as much as 32.
 *    Only a turn that exceeds what the other side takes in a frame is split over several, in order.
 * 2. Open requests are bounded; at the bound, after the time limit, or when the other side is gone, the answer is
 *    `busy`: the outcome is unknown and the same ids may be sent again.
 * 3. An answer that comes after its time limit is dropped.
 * 4. The first frame each way is a hello. What is said before the other side's hello has come waits for it. A hello of
 *    another version or from somebody else, a frame before the hello, one that exceeds the limits and one that cannot
 *    be read break the wire: it is closed for good, and the handler is told why.
 * 5. What is sent and not acknowledged is bounded: above the bound requests are `busy` at once and pushes are lost, and
 *    counted, until the other side has read on. Answers always go; the other side's open requests bound them. The bound
 *    is checked against bytes already posted; the messages of the present turn are not counted.
 * 6. A message that fits no frame is refused where it was said: a request is answered `payload_too_large`, an answer
 *    becomes `busy`, and a push is lost, and counted.
 */
import { type Answer, busy } from './answer.ts';
import type { Code } from './codes.ts';
import type { AnyCommand } from './command.ts';
import type { Push } from './decider.ts';
import {
  type Frame,
  FrameCodec,
  type FrameLimits,
  type Hello,
  hello,
  type Message,
  PeerCredit,
  type PeerName,
  wireVersion,
} from './peer-frame.ts';
import type { Scheduler } from './scheduler.ts';
import type { Wire } from './wire.ts';

export interface PeerHandler {
  /** `reply` must be called exactly once. */
  onRequest(kind: string, key: string, command: AnyCommand, reply: (code: Code, body: unknown) => void): void;
  onPush(push: Push): void;
  /** The other side does not keep to the rules, and nothing will come from it any more. */
  onBroken(reason: string): void;
}

export interface PeerLimits extends OpenRequestLimits, FrameLimits {}

/** Counts over all peers that share it. */
export interface PeerCounters {
  /** Answered `busy` without being sent. */
  requestsRefused: number;
  pushesLost: number;
}

export interface PeerOptions {
  readonly self: PeerName;
  /** Who must be at the other end. */
  readonly other: PeerName;
  readonly limits: PeerLimits;
  readonly scheduler: Scheduler;
  readonly counters: PeerCounters;
}

/** Pushes that may wait for the other side's hello. */
const waitingMessagesMax = 50_000;

export class Peer {
  readonly #wire: Wire;
  readonly #handler: PeerHandler;
  readonly #options: PeerOptions;
  readonly #codec = new FrameCodec();
  readonly #open: OpenRequests<Answer>;
  readonly #credit: PeerCredit;
  /** What the other side takes; null before its hello. */
  #accepted: FrameLimits | null = null;
  #outgoing: Frame = [0];
  #isFlushDue = false;
  #isClosed = false;

  constructor(wire: Wire, handler: PeerHandler, options: PeerOptions) {
    const { self, limits, scheduler } = options;
    this.#wire = wire;
    this.#handler = handler;
    this.#options = options;
    this.#open = new OpenRequests(limits, scheduler, busy);
    this.#credit = new PeerCredit(limits.unackedBytesMax);
    this.#post(this.#codec.pack(hello(self, limits)));
    wire.receive((bytes) => this.#receive(bytes));
  }

  /** Requests that wait for their answer. */
  get openRequests(): number {
    return this.#open.size;
  }

  request(kind: string, key: string, command: AnyCommand, done: (answer: Answer) => void): void {
    if (this.#isClosed || this.#open.isFull || this.#credit.isSpent) {
      this.#options.counters.requestsRefused++;
      done(busy);
      return;
    }
    this.#say([0, this.#open.add(done), kind, key, command]);
  }

  push({ topic, type, body }: Push): void {
    const isWaitingFull = this.#accepted === null && this.#outgoing.length > waitingMessagesMax;
    if (this.#isClosed || this.#credit.isSpent || isWaitingFull) this.#options.counters.pushesLost++;
    else this.#say([2, topic, type, body]);
  }

  /** Answers `busy` to every open request and to all later ones. */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#end();
  }

  #end(): void {
    this.#isClosed = true;
    this.#wire.close();
    this.#open.close();
  }

  #break(reason: string): void {
    this.#end();
    this.#handler.onBroken(reason);
  }

  #say(message: Message): void {
    if (this.#isClosed) return;
    this.#outgoing.push(message);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.scheduler.soon(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    if (this.#isClosed || this.#accepted === null) return;
    const frame = this.#outgoing;
    if (frame.length === 1 && !this.#credit.isAckDue) return;
    this.#outgoing = [0];
    this.#send(frame, this.#accepted);
  };

  /** In one frame if that is possible, else by halves. */
  #send(frame: Frame, accepted: FrameLimits): void {
    if (frame.length - 1 <= accepted.frameMessagesMax) {
      frame[0] = this.#credit.receivedBytes;
      const bytes = this.#codec.pack(frame);
      if (bytes.length <= accepted.frameBytesMax) {
        this.#post(bytes);
        return;
      }
    }
    const [, ...messages] = frame;
    if (messages.length === 1) {
      this.#refuse(messages[0]!);
      return;
    }
    const middle = messages.length >> 1;
    this.#send([0, ...messages.slice(0, middle)], accepted);
    this.#send([0, ...messages.slice(middle)], accepted);
  }

  #post(bytes: Uint8Array): void {
    this.#credit.posted(bytes.length);
    this.#wire.post(bytes);
  }

  #refuse(message: Message): void {
    const [kind, id] = message;
    if (kind === 0) this.#open.settle(id, { code: 'payload_too_large', body: null });
    else if (kind === 1) this.#say([1, id, busy.code, busy.body]);
    else this.#options.counters.pushesLost++;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (bytes.length > this.#options.limits.frameBytesMax) {
      this.#break(`a frame of ${bytes.length} bytes`);
      return;
    }
    this.#credit.received(bytes.length);
    const frame = this.#codec.unpack(bytes);
    if (frame === null) this.#break('a frame that cannot be read');
    else if (frame[0] === 'doorbuster') this.#greet(frame);
    else if (this.#accepted === null) this.#break('a frame before the hello');
    else this.#take(frame);
    if (this.#credit.isAckDue) this.#flushSoon();
  }

  #greet([, version, name, limits]: Hello): void {
    const { other } = this.#options;
    if (version !== wireVersion) this.#break(`version ${version} of the wire, here it is ${wireVersion}`);
    else if (this.#accepted !== null) this.#break('a second hello');
    else if (name.role !== other.role || name.index !== other.index)
      this.#break(`${name.role} ${name.index} in place of ${other.role} ${other.index}`);
    else {
      this.#accepted = limits;
      this.#credit.greet(limits.unackedBytesMax);
      if (this.#outgoing.length > 1) this.#flushSoon();
    }
  }

  #take(frame: Frame): void {
    if (frame.length - 1 > this.#options.limits.frameMessagesMax) {
      this.#break(`a frame of ${frame.length - 1} messages`);
      return;
    }
    if (!this.#credit.acknowledged(frame[0])) {
      this.#break(`an acknowledgement of ${frame[0]} bytes, which cannot be`);
      return;
    }
    for (let index = 1; index < frame.length && !this.#isClosed; index++)
      this.#deliver(frame[index] as Message);
  }

  #deliver(message: Message): void {
    switch (message[0]) {
      case 0: {
        const [, id, kind, key, command] = message;
        this.#handler.onRequest(kind, key, command, (code, body) => this.#say([1, id, code, body]));
        break;
      }
      case 1:
        this.#open.settle(message[1], { code: message[2], body: message[3] });
        break;
      case 2:
        this.#handler.onPush({ topic: message[1], type: message[2], body: message[3] });
    }
  }
}

// ----------------------------------------------------------------
// The requests of a peer that wait for their answer: bounded in number and in time, each answered once.

interface OpenRequest<Answer> {
  readonly done: (answer: Answer) => void;
  readonly sentAtMs: number;
}

export interface OpenRequestLimits {
  readonly openRequestsMax: number;
  /** After this many milliseconds an open request is answered without the other side. */
  readonly timeoutMs: number;
}

export class OpenRequests<Answer> {
  readonly #limits: OpenRequestLimits;
  readonly #scheduler: Scheduler;
  readonly #late: Answer;
  /** Ids grow with time, so the map is in order of age. */
  readonly #byId = new Map<number, OpenRequest<Answer>>();
  #nextId = 1;
  #cancelSweep: () => void;

  /** `late`: what a request is answered with when the other side does not answer in time, or is gone. */
  constructor(limits: OpenRequestLimits, scheduler: Scheduler, late: Answer) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#late = late;
    this.#cancelSweep = this.#sweepLater();
  }

  get size(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= this.#limits.openRequestsMax;
  }

  /** Returns the id that the answer will name. */
  add(done: (answer: Answer) => void): number {
    const id = this.#nextId++;
    this.#byId.set(id, { done, sentAtMs: this.#scheduler.now() });
    return id;
  }

  /** An answer to a request that is not open any more is dropped. */
  settle(id: number, answer: Answer): void {
    const request = this.#byId.get(id);
    if (!request) return;
    this.#byId.delete(id);
    request.done(answer);
  }

  close(): void {
    this.#cancelSweep();
    for (const id of [...this.#byId.keys()]) this.settle(id, this.#late);
  }

  #sweepLater(): () => void {
    const everyMs = Math.max(10, Math.min(250, this.#limits.timeoutMs / 4));
    return this.#scheduler.after(everyMs, () => {
      this.#cancelSweep = this.#sweepLater();
      this.#sweep();
    });
  }

  /** Stops at the first young one. */
  #sweep(): void {
    const oldestMs = this.#scheduler.now() - this.#limits.timeoutMs;
    for (const [id, { sentAtMs }] of this.#byId) {
      if (sentAtMs > oldestMs) break;
      this.settle(id, this.#late);
    }
  }
}
