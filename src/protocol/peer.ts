/**
 * How rooms in different threads (later: machines) talk: addressed requests with one answer each, and pushes.
 *
 * 1. Everything said in one turn of the event loop travels in one msgpack frame: a message alone costs as much as 32.
 *    Only a turn that exceeds what the other side takes in a frame is split over several, in order.
 *    Commands that stand in rows (rows.ts) and go to one actor are one message, up to `groupRowsMax` of them.
 * 2. Open requests are bounded, each row counting as one; at the bound, after the time limit, or when the other side is gone, the answer is
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
import type { AnyCommand, RowCommand } from './command.ts';
import type { Push } from './decider.ts';
import { type OpenRequestLimits, OpenRequests } from './open-requests.ts';
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
import { RowGroups } from './row-group.ts';
import { rowsFrom } from './rows.ts';
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
  readonly #groups = new RowGroups();
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
    this.#ask(kind, key, command, done);
  }

  /** The same for a command that stands in a row: those of this turn to the same actor travel as one message. */
  requestRow(command: RowCommand, key: string, fields: object, done: (answer: Answer) => void): void {
    if (this.#isClosed || this.#open.isFull || this.#credit.isSpent) {
      this.#options.counters.requestsRefused++;
      done(busy);
      return;
    }
    const group = this.#groups.join(command, key, fields, done);
    if (group === null) {
      this.#ask(command.kind, key, { ...fields, type: command.type }, done);
      return;
    }
    if (group.size > 1) {
      this.#open.addRow(group.id);
      return;
    }
    this.#say(
      group.message(
        this.#open.add((answer) => group.settle(answer)),
        key,
      ),
    );
  }

  /** What comes to the actor after this one stays behind it, and begins a group of its own. */
  #ask(kind: string, key: string, command: AnyCommand, done: (answer: Answer) => void): void {
    this.#groups.close(key);
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
    this.#groups.finish();
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
    if (kind === 0 || kind === 3) this.#open.settle(id, { code: 'payload_too_large', body: null });
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
        break;
      case 3: {
        const [, id, kind, key, type, shared, count, bytes, beside] = message;
        const rows = rowsFrom(type, shared, count, bytes, beside);
        this.#handler.onRequest(kind, key, rows, (code, body) => this.#say([1, id, code, body]));
      }
    }
  }
}
