/** How long a buyer may take to pay. A sale never changes it, so each gateway asks each sale once. */
import { LRUCache } from 'lru-cache';
import { readSale } from '../../actors/sale/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { perGateway } from '../../gateway/route.ts';
import type { Ask } from '../../protocol/command.ts';

/** For holds of sales that cannot be read. */
const paymentSecondsDefault = 300;
const salesMax = 1_000;

class PaymentTimes {
  readonly #ask: Ask;
  readonly #secondsBySale = new LRUCache<string, number>({ max: salesMax });

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** The shortest time to pay of these sales. */
  async secondsFor(saleIds: readonly string[]): Promise<number> {
    return Math.min(...(await Promise.all([...new Set(saleIds)].map((saleId) => this.#secondsOf(saleId)))));
  }

  async #secondsOf(saleId: string): Promise<number> {
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
