/**
 * Sends the shop what happened: signed events, tried again with growing pauses.
 *
 * 1. Deliveries that wait are bounded; at the bound the new event is dropped and counted, as a webhook may always be.
 * 2. An event is tried at most `attemptsMax` times; a 2xx ends it.
 * 3. Nothing outlives `stop`: what is not delivered by then, or at a crash, is lost. The list of events still has it.
 */
import { Agent } from 'node:http';
import type { Log } from '../protocol/log.ts';
import type { FaultSwitch } from './faults.ts';
import { renderEvent } from './render.ts';
import type { StoredEvent } from './rows.ts';
import { post, type Receiver, receiverAt } from './webhook-request.ts';

export interface WebhookOptions {
  readonly url: string | null;
  readonly secret: string;
  readonly log: Log;
  readonly faults: FaultSwitch;
  readonly random: () => number;
}

interface Delivery {
  readonly payload: string;
  attempts: number;
}

const waitingMax = 50_000;
const sendingMax = 16;
const attemptsMax = 8;
const heldBackMs = 500;

export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: sendingMax });
  readonly #timers = new Set<NodeJS.Timeout>();
  #receiver: Receiver | null = null;
  #ready: Delivery[] = [];
  /** First delivery of `#ready` not yet taken; the taken ones are cut off in bulk. */
  #next = 0;
  #sending = 0;
  #delivered = 0;
  #dropped = 0;
  #isStopped = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.setUrl(options.url);
  }

  setUrl(url: string | null): void {
    this.#receiver = url === null ? null : receiverAt(url);
    this.#pump();
  }

  send(events: readonly StoredEvent[]): void {
    // Without a receiver there is nothing to keep.
    if (this.#receiver === null) return;
    for (const event of events) {
      if (this.#options.random() >= this.#options.faults.current.webhookDrop) this.#sendCopies(event);
    }
  }

  #sendCopies(event: StoredEvent): void {
    const { faults, random } = this.#options;
    const { webhookRepeat, webhookReorder } = faults.current;
    const payload = JSON.stringify(renderEvent(event));
    const dueInMs = Math.max(0, event.createdAtMs - Date.now());
    for (let copy = 0; copy <= webhookRepeat; copy++) {
      const delivery = { payload, attempts: 0 };
      const isHeldBack = random() < webhookReorder && this.#timers.size < waitingMax;
      const afterMs = dueInMs + (isHeldBack ? random() * heldBackMs : 0);
      if (afterMs > 0) this.#later(afterMs, delivery);
      else this.#enqueue(delivery);
    }
  }

  #later(delayMs: number, delivery: Delivery): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(delivery);
    }, delayMs);
    this.#timers.add(timer);
  }

  #enqueue(delivery: Delivery): void {
    if (this.#isStopped) return;
    if (this.#waiting() >= waitingMax) {
      if (this.#dropped++ === 0)
        this.#options.log('warn', 'sandbox: too many webhooks wait, new ones are dropped');
      return;
    }
    this.#ready.push(delivery);
    this.#pump();
  }

  #waiting(): number {
    return this.#ready.length - this.#next + this.#timers.size;
  }

  #pump(): void {
    while (!this.#isStopped && this.#receiver !== null && this.#sending < sendingMax) {
      const delivery = this.#take();
      if (!delivery) return;
      this.#sending++;
      void this.#deliver(delivery, this.#receiver).finally(() => {
        this.#sending--;
        this.#pump();
      });
    }
  }

  #take(): Delivery | undefined {
    const delivery = this.#ready[this.#next];
    if (delivery) this.#next++;
    if (this.#next > 1_000 && this.#next * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#next);
      this.#next = 0;
    }
    return delivery;
  }

  async #deliver(delivery: Delivery, receiver: Receiver): Promise<void> {
    const { secret, log, random } = this.#options;
    delivery.attempts++;
    const status = await post(this.#agent, receiver, delivery.payload, secret).catch(() => 0);
    if (status >= 200 && status < 300) {
      this.#delivered++;
    } else if (delivery.attempts >= attemptsMax) {
      this.#dropped++;
      log('warn', 'sandbox: a webhook was given up', { status, attempts: delivery.attempts });
    } else if (!this.#isStopped) {
      this.#later(250 * 2 ** delivery.attempts * (0.5 + random() / 2), delivery);
    }
  }

  counts(): { delivered: number; dropped: number; waiting: number } {
    return {
      delivered: this.#delivered,
      dropped: this.#dropped,
      waiting: this.#waiting() + this.#sending,
    };
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#agent.destroy();
  }
}
