/**
 * Which SKU a hold belongs to. Buyers name holds by their own ids, and a hold lives with its SKU's actor, so the
 * gateway remembers those it placed and asks the engine's directory for the others.
 */
import { LRUCache } from 'lru-cache';
import type { HoldView, ReadHold } from '../../actors/sku/commands.ts';
import { accepted } from '../../gateway/ask.ts';
import type { Shards } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

const holdsMax = 50_000;

/** What never changes about a hold. */
export interface KnownHold {
  readonly holdId: string;
  readonly sku: string;
  readonly saleId: string;
  readonly buyerId: string;
}

export interface HoldIndex {
  /** What this gateway remembers, without asking anybody. */
  recall(holdId: string): KnownHold | undefined;
  remember(hold: KnownHold): void;
  /** The buyer's hold; another's, or none, is `not_found` and named in the problem. */
  locate(holdId: string, buyerId: string): Promise<KnownHold>;
}

export function createHoldIndex(shards: Shards): HoldIndex {
  const known = new LRUCache<string, KnownHold>({ max: holdsMax });

  function remember({ holdId, sku, saleId, buyerId }: KnownHold): void {
    known.set(holdId, { holdId, sku, saleId, buyerId });
  }

  async function locate(holdId: string, buyerId: string): Promise<KnownHold> {
    const remembered = known.get(holdId);
    if (remembered?.buyerId === buyerId) return remembered;
    const unknown = new DoorbusterError('not_found', `there is no hold ${holdId}`, { holdId });
    // Somebody else's: an id is one buyer's for as long as its SKU remembers it.
    if (remembered) throw unknown;
    const sku = await shards.find('sku', holdId);
    if (sku === null) throw unknown;
    const command: ReadHold = { type: 'ReadHold', holdId, buyerId };
    const answer = await shards.ask('sku', sku, command);
    if (answer.code === 'not_found') throw unknown;
    const hold = accepted<HoldView>(answer);
    remember(hold);
    return hold;
  }

  return { recall: (holdId) => known.get(holdId), remember, locate };
}
