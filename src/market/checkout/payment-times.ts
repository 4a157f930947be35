/** How long a buyer may take to pay. A sale never changes it, so each gateway asks each sale once. */
import { LRUCache } from 'lru-cache';
import { readSale } from '../../actors/sale/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { perGateway } from '../../gateway/route.ts';
import type { Ask } from '../../protocol/command.ts';

/** For holds of sales that cannot be read, and for what is of no sale. */
const paymentSecondsDefault = 300;
const salesMax = 1_000;

class PaymentTimes {
  readonly #ask: Ask;
  readonly #secondsBySale = new LRUCache<string, number>({ max: salesMax });

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** The shortest time to pay of these sales; null: of none. */
  async secondsFor(saleIds: readonly (string | null)[]): Promise<number> {
    return Math.min(...(await Promise.all([...new Set(saleIds)].map((saleId) => this.#secondsOf(saleId)))));
  }

  async #secondsOf(saleId: string | null): Promise<number> {
    if (saleId === null) return paymentSecondsDefault;
    const known = this.#secondsBySale.get(saleId);
    if (known !== undefined) return known;
    const answer = await this.#ask(readSale, saleId, {});
    if (answer.code === 'not_found') return paymentSecondsDefault;
    const { paymentSeconds } = accepted(answer);
    this.#secondsBySale.set(saleId, paymentSeconds);
    return paymentSeconds;
  }
}

export const paymentTimesOf = perGateway(({ ask }) => new PaymentTimes(ask));
