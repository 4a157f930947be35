/**
 * One buyer's live socket: follows the ticket, and comes back by itself when the server went away.
 *
 * 1. What the server says about the ticket goes to the handlers, whoever asked for it.
 * 2. A request answers null when the connection broke before its reply: the caller asks again over HTTP, same ids.
 * 3. A reconnect waits until the server answers, and then a random moment; the number of attempts is bounded.
 */
import WebSocket from 'ws';
import { type AttemptListener, isNewAcknowledgement } from './attempts.ts';
import { type Answer, type Body, type Client, ServerGone } from './client.ts';
import type { Clock } from './clock.ts';
import { parseFrame } from './live.ts';
import type { Tally } from './statistics.ts';

export interface LiveHandlers {
  readonly accessToken: string;
  onTicket(view: Body): void;
  onAdmission(body: Body): void;
  /** What to subscribe to after a (re)connect; without a ticket: to the queue alone; null before there is anything. */
  subscription(): { readonly saleId: string; readonly ticketId?: string } | null;
}

/** What all sockets share. */
export interface Hall {
  readonly client: Client;
  readonly clock: Clock;
  readonly tally: Tally;
  readonly random: () => number;
  readonly takeBroadcast: (data: Buffer) => boolean;
  readonly onAttempt?: AttemptListener | undefined;
  connect(accessToken: string): Promise<WebSocket | null>;
  socketsUp: number;
}

const replyTimeoutMs = 15_000;
const attemptsMax = 50;
const backoffMsMax = 5_000;
const spreadMs = 2_000;

export class LiveSocket {
  readonly #hall: Hall;
  readonly #handlers: LiveHandlers;
  readonly #openRequests = new Map<string, (answer: Answer | null) => void>();
  #socket: WebSocket | null = null;
  #isWanted = true;
  /** Asked for by a `drain` frame. */
  #returnAfterMs: number | null = null;
  #nextId = 1;

  constructor(hall: Hall, handlers: LiveHandlers) {
    this.#hall = hall;
    this.#handlers = handlers;
  }

  get isUp(): boolean {
    return this.#socket !== null;
  }

  /** Tries until it stands, is no longer wanted, or was refused too often. */
  async connect(): Promise<boolean> {
    const { clock, client, tally, random } = this.#hall;
    for (let attempt = 1; attempt <= attemptsMax && this.#isWanted; attempt++) {
      const socket = await this.#hall.connect(this.#handlers.accessToken);
      if (socket && this.#adopt(socket)) return true;
      tally.add('live: failed handshakes');
      await client.reachable();
      await clock.pause(random() * Math.min(backoffMsMax, 250 * attempt));
    }
    if (this.#isWanted) tally.add('live: sockets given up');
    return false;
  }

  /** `status` as for HTTP; null: no reply came. */
  request(type: 'join' | 'hold', fields: object): Promise<Answer | null> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve(null);
    const id = `r${this.#nextId++}`;
    const sentAtMs = performance.now();
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), replyTimeoutMs);
      const settle = (answer: Answer | null) => {
        clearTimeout(timer);
        this.#openRequests.delete(id);
        const status = answer?.status ?? 0;
        const isNew = isNewAcknowledgement(type, status, false);
        const tookMs = performance.now() - sentAtMs;
        this.#hall.onAttempt?.({ action: type, sentAtMs, tookMs, status, isNew });
        resolve(answer);
      };
      this.#openRequests.set(id, settle);
      socket.send(JSON.stringify({ type, id, ...fields }));
    });
  }

  /** The whole present state comes back as one `ticket` frame. */
  subscribe(): void {
    const topic = this.#handlers.subscription();
    if (topic === null || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: 'subscribe', id: `s${this.#nextId++}`, ...topic }));
  }

  close(): void {
    this.#isWanted = false;
    this.#failOpenRequests();
    this.#socket?.terminate();
  }

  #adopt(socket: WebSocket): boolean {
    // It may have closed between `ready` and here.
    if (socket.readyState !== WebSocket.OPEN) return false;
    if (!this.#isWanted) {
      socket.terminate();
      return true;
    }
    this.#socket = socket;
    this.#hall.socketsUp++;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.once('close', (code: number) => this.#closed(code));
    this.subscribe();
    return true;
  }

  #receive(data: Buffer): void {
    const { tally, takeBroadcast } = this.#hall;
    if (takeBroadcast(data)) return;
    const frame = parseFrame(data);
    switch (frame?.type) {
      case 'reply': {
        const settle = this.#openRequests.get(frame.id);
        if (settle) settle({ status: frame.status, body: frame.body });
        else if (frame.status >= 400) tally.add(`live: subscribe refused with ${frame.status}`);
        break;
      }
      case 'ticket':
        this.#handlers.onTicket(frame.ticket ?? frame);
        break;
      case 'admission.granted':
        this.#handlers.onAdmission(frame);
        break;
      case 'error':
        tally.add(`live: error ${frame.code}`);
        break;
      case 'drain':
        tally.add('live: drain frames');
        this.#returnAfterMs = Math.min(60, Number(frame.reconnectAfterSeconds) || 1) * 1_000;
        this.#socket?.close(1000);
        break;
      case undefined:
        tally.add('live: unreadable frames');
    }
  }

  #closed(code: number): void {
    this.#socket = null;
    this.#hall.socketsUp--;
    this.#failOpenRequests();
    if (!this.#isWanted) return;
    this.#hall.tally.add(`live: closed with ${code}`);
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const { client, clock, random, tally } = this.#hall;
    try {
      if (this.#returnAfterMs !== null) await clock.pause(this.#returnAfterMs);
      await client.reachable();
      if (this.#returnAfterMs === null) await clock.pause(random() * spreadMs);
      this.#returnAfterMs = null;
      if ((await this.connect()) && this.#isWanted) tally.add('reconnects');
    } catch (error) {
      // The server is gone for good: this buyer's next request says so and ends the run.
      if (!(error instanceof ServerGone)) throw error;
    }
  }

  #failOpenRequests(): void {
    for (const settle of [...this.#openRequests.values()]) settle(null);
  }
}
