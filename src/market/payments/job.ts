/**
 * Looks at the provider for refunds and disputes whose webhooks never came, and tells their orders, which then ask how things
 * stand: money that others moved is known within a minute or so whatever became of the events.
 *
 * 1. A round reads what is younger than the round before, with an overlap, newest first, and a bounded number.
 * 2. What an order has taken is not told again while this process remembers it; `busy` is told again in the next round.
 */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { type PaymentReported, paymentReported } from '../../actors/order/commands.ts';
import { type Database, openDatabase } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { counter, type Family } from '../../protocol/metric.ts';
import { Provider, type ProviderOptions } from './provider.ts';
import { orderOfPayment } from './store.ts';

interface MovesDeps {
  readonly pool: Pool;
  readonly ask: Ask;
  readonly log: Log;
  readonly settings: { readonly stripe: ProviderOptions['stripe'] };
  /** Between two rounds; 30 s when not given. */
  readonly everyMs?: number;
}

/** A refund or a dispute, as far as it matters here. */
interface Move {
  readonly id: string;
  readonly status: string | null;
  readonly payment_intent: string | { readonly id: string } | null;
}

const movesMax = 2_000;
const toldMax = 20_000;
const overlapMs = 10 * 60_000;
/** After a start: a server may have been away for as long as the provider repeats its events. */
const lookBackMs = 3 * 24 * 3_600_000;
const roundMsMax = 20_000;

class MovesByOthers implements Job {
  readonly name = 'refunds and disputes made at the provider';
  readonly everyMs: number;
  readonly #provider: Provider;
  readonly #database: Database;
  readonly #ask: Ask;
  readonly #told = new LRUCache<string, true>({ max: toldMax });
  #sinceMs: number | null = null;
  #found = 0;

  constructor({ pool, ask, log, settings, everyMs = 30_000 }: MovesDeps) {
    // The provider's times are wall time, as its bounds here.
    this.#provider = new Provider({ stripe: settings.stripe, log, now: Date.now });
    this.#database = openDatabase(pool);
    this.#ask = ask;
    this.everyMs = everyMs;
  }

  async round(stopping: AbortSignal): Promise<void> {
    const stop = () => this.#provider.stop();
    stopping.addEventListener('abort', stop, { once: true });
    try {
      const startedAtMs = Date.now();
      const sinceS = Math.floor((this.#sinceMs ?? startedAtMs - lookBackMs) / 1000);
      const { refunds, disputes } = this.#provider.stripe;
      const query = { created: { gte: sinceS }, limit: 100 };
      const untilMs = startedAtMs + roundMsMax;
      const read = <Found>(list: () => Promise<Found>) => this.#provider.call(list, untilMs);
      const given = await read(() => refunds.list(query).autoPagingToArray({ limit: movesMax }));
      const disputed = await read(() => disputes.list(query).autoPagingToArray({ limit: movesMax }));
      const isTold = [...(await this.#tell(given, 'refunded')), ...(await this.#tell(disputed, 'disputed'))];
      if (isTold.every(Boolean)) this.#sinceMs = startedAtMs - overlapMs;
    } finally {
      stopping.removeEventListener('abort', stop);
    }
  }

  /** For each whether it need not be told again. */
  async #tell(moves: readonly Move[], status: PaymentReported['status']): Promise<boolean[]> {
    const told: boolean[] = [];
    for (const move of moves) told.push(await this.#tellOne(move, status));
    return told;
  }

  async #tellOne(
    { id, status: stage, payment_intent: payment }: Move,
    status: PaymentReported['status'],
  ): Promise<boolean> {
    const paymentId = typeof payment === 'string' ? payment : payment?.id;
    const name = `${id} ${stage}`;
    if (paymentId === undefined || this.#told.has(name)) return true;
    const orderId = await orderOfPayment(this.#database, paymentId);
    // Somebody else's, or one that the tables do not have yet: the overlap shows it once more.
    if (orderId === null) return true;
    const { code } = await this.#ask(paymentReported, orderId, { paymentId, status });
    if (code === 'busy') return false;
    this.#told.set(name, true);
    this.#found++;
    return true;
  }

  metrics(): Family[] {
    return [
      counter(
        'doorbuster_provider_moves_total',
        'Refunds and disputes found at the provider, by whomever they were made',
        this.#found,
      ),
    ];
  }
}

/** Registered in features.ts. */
export function createJob(deps: MovesDeps): Job {
  return new MovesByOthers(deps);
}
