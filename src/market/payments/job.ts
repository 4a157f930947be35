/**
 * Reads the provider's list of events for money that moved without a webhook reaching us, and tells the orders, which then ask how
 * things stand. The list is of events, not of refunds and disputes: what becomes of an old one is a new event.
 *
 * 1. A scan reads all events since the last one that ended, with an overlap, newest first, however many rounds that takes; a round
 *    reads at most `pagesMax` pages. What came meanwhile is the next scan's.
 * 2. How far scans have come is kept in the tables, in the provider's time: a server that was away goes on where it was, as long as
 *    the provider keeps its events (30 days).
 * 3. An order that is busy holds the mark back, so its event is read again; the others of the scan go on.
 * 4. Everything may be told twice: the order asks the provider, whatever it is told.
 */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import Stripe from 'stripe';
import { type Database, openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { counter, type Family } from '../../protocol/metric.ts';
import { type Delivery, deliver } from './deliver.ts';
import { thePage } from './expected.ts';
import { Provider, type ProviderOptions } from './provider.ts';
import type { Page } from './provider-api.ts';
import { moveTypes, type ProviderReport, readEvent } from './provider-event.ts';
import { eventsReadSince, keepEventsRead, orderOfPayment } from './store.ts';

interface MovesDeps {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly log: Log;
  readonly settings: { readonly stripe: ProviderOptions['stripe'] };
  lagSeconds(): number;
  /** Between two rounds; 30 s when not given. */
  readonly everyMs?: number;
}

/** Times are the provider's. */
interface Scan {
  readonly sinceMs: number;
  /** The last event that was read; null at the start. */
  afterId: string | null;
  newestMs: number;
  /** The oldest event that must be read again. */
  heldMs: number;
}

type Result = Exclude<Delivery, 'busy'> | 'unreadable';

const pagesMax = 20;
const pageSize = 100;
const toldMax = 20_000;
const overlapMs = 10 * 60_000;
const keptMs = 30 * 24 * 3_600_000;
const roundMsMax = 20_000;
/** After it was captured a payment is in the tables, unless they are behind. */
const youngMs = 60_000;

class MissedMoves implements Job {
  readonly name = 'events of the payment provider that never came';
  readonly everyMs: number;
  readonly #deps: MovesDeps;
  readonly #provider: Provider;
  readonly #database: Database;
  readonly #told = new LRUCache<string, true>({ max: toldMax });
  readonly #results = new Map<Result, number>();
  #scan: Scan | null = null;

  constructor(deps: MovesDeps) {
    const { settings, log, everyMs = 30_000 } = deps;
    this.#deps = deps;
    this.#provider = new Provider({ stripe: settings.stripe, log, now: Date.now });
    this.#database = openDatabase(deps.pool);
    this.everyMs = everyMs;
  }

  async round(stopping: AbortSignal): Promise<void> {
    const stop = () => this.#provider.stop();
    stopping.addEventListener('abort', stop, { once: true });
    try {
      this.#scan ??= await this.#begin();
      if (await this.#read(this.#scan)) await this.#end(this.#scan);
    } catch (error) {
      // The provider may have forgotten the event that the next page was to follow.
      if (error instanceof Stripe.errors.StripeInvalidRequestError) this.#scan = null;
      throw error;
    } finally {
      stopping.removeEventListener('abort', stop);
    }
  }

  async #begin(): Promise<Scan> {
    const sinceMs = (await eventsReadSince(this.#database)) ?? Date.now() - keptMs;
    return { sinceMs, afterId: null, newestMs: sinceMs, heldMs: Number.POSITIVE_INFINITY };
  }

  /** Whether the scan has come to its end. */
  async #read(scan: Scan): Promise<boolean> {
    const untilMs = Date.now() + roundMsMax;
    for (let pages = 0; pages < pagesMax; pages++) {
      const { data, has_more: hasMore } = await this.#provider.call(() => this.#page(scan), untilMs);
      for (const event of data) await this.#take(event, scan);
      if (!hasMore) return true;
      scan.afterId = data.at(-1)!.id;
    }
    return false;
  }

  async #page({ sinceMs, afterId }: Scan): Promise<Page<Stripe.Event>> {
    return thePage(
      await this.#provider.api.events.list({
        types: [...moveTypes],
        created: { gte: Math.floor(sinceMs / 1000) },
        limit: pageSize,
        ...(afterId !== null && { starting_after: afterId }),
      }),
    );
  }

  async #take(event: Stripe.Event, scan: Scan): Promise<void> {
    const createdAtMs = event.created * 1000;
    scan.newestMs = Math.max(scan.newestMs, createdAtMs);
    if (this.#told.has(event.id)) return;
    const result = await this.#tell(event);
    if (result === 'busy') {
      scan.heldMs = Math.min(scan.heldMs, createdAtMs);
      return;
    }
    this.#told.set(event.id, true);
    if (result !== null) this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
  }

  /** null: nobody needs to be told. */
  async #tell(event: Stripe.Event): Promise<Delivery | Result | null> {
    const { ask, log } = this.#deps;
    let told: ProviderReport | null;
    try {
      told = readEvent(event);
    } catch (error) {
      if (!(error instanceof DoorbusterError)) throw error;
      log('warn', 'payments: an event cannot be read', { eventId: event.id, error: error.message });
      return 'unreadable';
    }
    if (told === null || isToldByCharge(told)) return null;
    return deliver(told, {
      ...{ ask, log },
      orderOf: (paymentId) => orderOfPayment(this.#database, paymentId),
      isYoung: (createdAtMs) => Date.now() - createdAtMs < youngMs + this.#deps.lagSeconds() * 1000,
    });
  }

  async #end({ sinceMs, newestMs, heldMs }: Scan): Promise<void> {
    const nextMs = Math.min(newestMs - overlapMs, heldMs);
    if (nextMs > sinceMs) await keepEventsRead(this.#database, nextMs);
    this.#scan = null;
  }

  metrics(): Family[] {
    const samples = [...this.#results].map(([result, value]) => ({ labels: { result }, value }));
    return [
      counter(
        'doorbuster_provider_moves_total',
        'Events of refunds and disputes read from the provider, by what became of them',
        samples,
      ),
    ];
  }
}

/** A refund's own event: that of its charge says the same with the amount, by which an order knows whether it is news. */
function isToldByCharge({ orderId, report }: ProviderReport): boolean {
  return report.status === 'refunded' && !report.refunded && orderId === null;
}

/** Registered in features.ts. */
export function createJob(deps: MovesDeps): Job {
  return new MissedMoves(deps);
}
