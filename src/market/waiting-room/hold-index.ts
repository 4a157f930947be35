/**
 * Which SKU a hold belongs to. Buyers name holds by their own ids, and a hold lives with its SKU's actor, so each
 * gateway remembers those it placed and asks the engine's directory for the others.
 */
import { readHold } from '../../actors/sku/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type KnownHold, KnownHolds } from './known-holds.ts';

export type { KnownHold };

/** So many at the least, of those that were used last. */
const holdsMin = 25_000;

class HoldIndex {
  readonly #services: Services;
  readonly #known = new KnownHolds(holdsMin);

  constructor(services: Services) {
    this.#services = services;
  }

  /** What this gateway remembers, without asking anybody. */
  recall(holdId: string): KnownHold | undefined {
    return this.#known.get(holdId);
  }

  remember(hold: KnownHold): void {
    this.#known.set(hold);
  }

  /** The buyer's hold; another's, or none, is `not_found` and named in the problem. */
  async locate(holdId: string, buyerId: string): Promise<KnownHold> {
    const remembered = this.recall(holdId);
    if (remembered?.buyerId === buyerId) return remembered;
    const unknown = new DoorbusterError('not_found', `there is no hold ${holdId}`, { holdId });
    // Somebody else's: an id is one buyer's for as long as its SKU remembers it.
    if (remembered) throw unknown;
    const sku = await this.#services.find('sku', holdId);
    if (sku === null) throw unknown;
    const answer = await this.#services.ask(readHold, sku, { holdId, buyerId });
    if (answer.code === 'not_found') throw unknown;
    const hold = accepted(answer);
    this.remember(hold);
    return hold;
  }
}

export const holdIndexOf = perGateway((services) => new HoldIndex(services));
