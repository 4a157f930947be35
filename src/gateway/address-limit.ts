/**
 * Limits by address. An address is an IPv4 address or the /64 of an IPv6 one. What costs memory, accounts or work beyond
 * the request itself counts by the /48 as well (`Site`), whose share is that of sixteen addresses: whoever has a /48
 * has 65,536 addresses, and behind a carrier's there are many people.
 *
 * Addresses that are exempt are not counted.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { addressesPerSite } from '../protocol/site.ts';
import type { ClientAddress } from './client-address.ts';
import type { Counts } from './counts.ts';
import type { Limiter } from './limiter.ts';

export class AddressLimit {
  readonly #addresses: Limiter;

  constructor(addresses: Limiter) {
    this.#addresses = addresses;
  }

  /** Takes one; refuses with `rate_limited`. */
  take(client: ClientAddress): void {
    if (!client.isExempt) this.#addresses.takeHashed(client);
  }
}

export class SiteLimit {
  readonly #addresses: Limiter;
  readonly #sites: Limiter;

  constructor(addresses: Limiter, sites: Limiter) {
    this.#addresses = addresses;
    this.#sites = sites;
  }

  /** Takes one of the address's and one of its site's, or none; refuses with `rate_limited`. */
  take(client: ClientAddress): void {
    if (client.isExempt) return;
    this.#addresses.takeHashed(client);
    if (client.site === null) return;
    try {
      this.#sites.takeHashed(client.site);
    } catch (error) {
      this.#addresses.giveBack(client);
      throw error;
    }
  }

  /** Gives back what was taken for nothing. */
  giveBack(client: ClientAddress): void {
    if (client.isExempt) return;
    this.#addresses.giveBack(client);
    if (client.site !== null) this.#sites.giveBack(client.site);
  }
}

const laterSeconds = 5;

/** Live sockets that an address, and a site, may have at once. */
export class SocketLimit {
  readonly #counts: Counts;
  readonly #max: number;

  constructor(counts: Counts, max: number) {
    this.#counts = counts;
    this.#max = max;
  }

  add(client: ClientAddress, change: 1 | -1): void {
    if (client.isExempt) return;
    this.#counts.add(client, change);
    if (client.site !== null) this.#counts.add(client.site, change);
  }

  /** How many the address has. */
  of(client: ClientAddress): number {
    return this.#counts.of(client);
  }

  /** Refuses one more with `rate_limited`. */
  check(client: ClientAddress): void {
    if (client.isExempt) return;
    if (this.#counts.of(client) >= this.#max) refuseSocket('sockets', this.#max);
    const siteMax = addressesPerSite * this.#max;
    if (client.site !== null && this.#counts.of(client.site) >= siteMax)
      refuseSocket('sockets-site', siteMax);
  }
}

function refuseSocket(name: string, max: number): never {
  throw new DoorbusterError('rate_limited', 'Too many connections from this address', {
    retryAfterSeconds: laterSeconds,
    rateLimit: { policy: `"${name}";q=${max}`, state: `"${name}";r=0;t=${laterSeconds}` },
  });
}
