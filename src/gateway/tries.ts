/**
 * Tries that count only when they fail: passwords. They count by account and address together, so that a stranger
 * elsewhere locks nobody out, and by address and site over all accounts.
 *
 * 1. A try takes its place in each of these limits before it is made, so that many at once are not more guesses, and
 *    gives it back when it was right, or when nothing was compared.
 * 2. A place that is taken by a try under way, at whatever thread, may come back: who finds none left waits for those. A
 *    right password is refused for wrong ones only.
 * 3. So many of one address may wait; beyond, the answer is `busy`. They wait with nothing but their request.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DoorbusterError } from '../protocol/errors.ts';
import type { ClientAddress } from './client-address.ts';
import type { Counts } from './counts.ts';
import type { Hashed, KeyHash } from './key-hash.ts';
import type { Limiter } from './limiter.ts';

const waitingPerAddressMax = 64;
/** Every try ends much sooner. */
const waitMsMax = 10_000;
const lookEveryMs = 10;

interface Place {
  readonly limiter: Limiter;
  readonly key: Hashed;
}

interface TryLimits {
  readonly passwords: Limiter;
  readonly signIns: Limiter;
  readonly signInSites: Limiter;
}

/** One that is under way. Exactly one of these is called, once. */
interface Try {
  /** It was right: what failed for this account from this address before is forgiven. */
  succeeded(): void;
  failed(): void;
  /** Nothing was compared. */
  notMade(): void;
}

export class Tries {
  readonly #limits: TryLimits;
  /** By the keys of their places. */
  readonly #underWay: Counts;
  readonly #hash: KeyHash;
  readonly #waitingByAddress = new Map<string, number>();

  constructor(limits: TryLimits, underWay: Counts, hash: KeyHash) {
    this.#limits = limits;
    this.#underWay = underWay;
    this.#hash = hash;
  }

  /** Resolves when it may be made. Refuses with `rate_limited`, or `busy` when too many of the address wait. */
  async begin(account: string, client: ClientAddress): Promise<Try> {
    const places = this.#placesOf(account, client);
    const giveUpAtMs = performance.now() + waitMsMax;
    for (let isLastLook = false; ; ) {
      const refused = this.#enter(places);
      if (refused === null) return this.#started(places);
      if (isLastLook || performance.now() > giveUpAtMs) throw refused.error;
      // One that ended just now has given its place back before it stopped being counted: then one more look finds it.
      isLastLook = this.#underWay.of(refused.place.key) <= 0;
      if (!isLastLook) await this.#wait(client);
    }
  }

  #placesOf(account: string, client: ClientAddress): Place[] {
    const { passwords, signIns, signInSites } = this.#limits;
    const places = [{ limiter: passwords, key: this.#hash.of(`${account} ${client.key}`) }];
    if (client.isExempt) return places;
    places.push({ limiter: signIns, key: client });
    if (client.site !== null) places.push({ limiter: signInSites, key: client.site });
    return places;
  }

  /** Takes all places; or none, and answers with the one that was not to be had. */
  #enter(places: readonly Place[]): { place: Place; error: unknown } | null {
    for (const [taken, place] of places.entries()) {
      // Counted first: whoever finds the place taken finds the try, too.
      this.#underWay.add(place.key, 1);
      try {
        place.limiter.reserve(place.key);
      } catch (error) {
        this.#underWay.add(place.key, -1);
        this.#leave(places.slice(0, taken), ({ limiter, key }) => limiter.release(key));
        return { place, error };
      }
    }
    return null;
  }

  #leave(places: readonly Place[], settle: (place: Place) => void): void {
    for (const place of places) {
      settle(place);
      this.#underWay.add(place.key, -1);
    }
  }

  #started(places: readonly Place[]): Try {
    const [ofAccount] = places;
    return {
      succeeded: () => {
        this.#leave(places, ({ limiter, key }) => limiter.release(key));
        ofAccount!.limiter.forgive(ofAccount!.key);
      },
      failed: () => this.#leave(places, ({ limiter, key }) => limiter.keep(key)),
      notMade: () => this.#leave(places, ({ limiter, key }) => limiter.release(key)),
    };
  }

  async #wait({ key }: ClientAddress): Promise<void> {
    const waiting = this.#waitingByAddress.get(key) ?? 0;
    if (waiting >= waitingPerAddressMax)
      throw new DoorbusterError('busy', 'Too many sign-ins at once: try again');
    this.#waitingByAddress.set(key, waiting + 1);
    await delay(lookEveryMs);
    const left = this.#waitingByAddress.get(key)! - 1;
    if (left > 0) this.#waitingByAddress.set(key, left);
    else this.#waitingByAddress.delete(key);
  }
}
