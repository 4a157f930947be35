/**
 * Tells the shop what happened: signed events, tried again with growing pauses.
 *
 * 1. Deliveries that wait are bounded; at the bound the new event is dropped and counted, as a webhook may always be.
 * 2. An event is tried at most `attemptsMax` times; a 2xx ends it.
 * 3. Nothing outlives `stop`: events not delivered by then, or at a crash, are lost. The shop asks (polls) as well.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Log } from '../protocol/log.ts';
import type { ProviderEvent } from './call.ts';
import type { Faults } from './faults.ts';

export interface Webhooks {
  send(events: readonly ProviderEvent[]): void;
  setUrl(url: string | null): void;
  counts(): { delivered: number; dropped: number; waiting: number };
  stop(): void;
}

interface Delivery {
  readonly payload: string;
  attempts: number;
}

const waitingMax = 50_000;
const sendingMax = 16;
const attemptsMax = 8;
const timeoutMs = 5_000;
const heldBackMs = 500;

export function signatureOf(payload: string, secret: string, atSeconds: number): string {
  const mac = createHmac('sha256', secret).update(`${atSeconds}.${payload}`).digest('hex');
  return `t=${atSeconds},v1=${mac}`;
}

function payloadOf({ type, object }: ProviderEvent): string {
  return JSON.stringify({
    id: `evt_${randomBytes(12).toString('hex')}`,
    object: 'event',
    created: Math.floor(Date.now() / 1000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    type,
  });
}

function post(agent: Agent, url: string, payload: string, signature: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent,
        method: 'POST',
        timeout: timeoutMs,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(payload),
          'stripe-signature': signature,
        },
      },
      (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.once('timeout', () => sent.destroy(new Error('timeout')));
    sent.once('error', reject);
    sent.end(payload);
  });
}

export function createWebhooks(options: {
  readonly url: string | null;
  readonly secret: string;
  readonly log: Log;
  readonly faults: () => Faults;
  readonly random: () => number;
}): Webhooks {
  const { secret, log, faults, random } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: sendingMax });
  let url = options.url;
  let ready: Delivery[] = [];
  /** First delivery of `ready` not yet taken; the taken ones are cut off in bulk. */
  let next = 0;
  let sending = 0;
  let delivered = 0;
  let dropped = 0;
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;

  const waiting = () => ready.length - next + timers.size;

  function later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  }

  function enqueue(delivery: Delivery): void {
    if (isStopped) return;
    if (waiting() >= waitingMax) {
      if (dropped++ === 0) log('warn', 'sandbox: too many webhooks wait, new ones are dropped');
      return;
    }
    ready.push(delivery);
    pump();
  }

  async function deliver(delivery: Delivery, target: string): Promise<void> {
    delivery.attempts++;
    // Signed anew for each attempt: the time in the signature is that of sending.
    const signature = signatureOf(delivery.payload, secret, Math.floor(Date.now() / 1000));
    const status = await post(agent, target, delivery.payload, signature).catch(() => 0);
    if (status >= 200 && status < 300) {
      delivered++;
    } else if (delivery.attempts >= attemptsMax) {
      dropped++;
      log('warn', 'sandbox: a webhook was given up', { status, attempts: delivery.attempts });
    } else if (!isStopped) {
      later(250 * 2 ** delivery.attempts * (0.5 + random() / 2), () => enqueue(delivery));
    }
  }

  function pump(): void {
    while (!isStopped && url !== null && sending < sendingMax && next < ready.length) {
      const delivery = ready[next++]!;
      if (next > 1_000 && next * 2 > ready.length) {
        ready = ready.slice(next);
        next = 0;
      }
      sending++;
      void deliver(delivery, url).finally(() => {
        sending--;
        pump();
      });
    }
  }

  return {
    send(events) {
      // Without anybody to tell there is nothing to keep.
      if (url === null) return;
      const { webhookDrop, webhookRepeat, webhookReorder } = faults();
      for (const event of events) {
        if (random() < webhookDrop) continue;
        const payload = payloadOf(event);
        for (let copy = 0; copy <= webhookRepeat; copy++) {
          const delivery = { payload, attempts: 0 };
          const isHeldBack = random() < webhookReorder && timers.size < waitingMax;
          if (isHeldBack) later(random() * heldBackMs, () => enqueue(delivery));
          else enqueue(delivery);
        }
      }
    },
    setUrl(changed) {
      url = changed;
      pump();
    },
    counts: () => ({ delivered, dropped, waiting: waiting() + sending }),
    stop() {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      agent.destroy();
    },
  };
}
