/**
 * The idempotency keys of strangers, that is of requests that belong to no account.
 *
 * 1. A fixed number of owners keep all of them, so that they have a bound together, however many addresses they come
 *    from. Which one it is follows from the site, so it sees all that a site does.
 * 2. In front of each key stand the site and the address that it came from, as digests that nobody can read: the same key
 *    of two addresses is two keys.
 */

/** No account's id begins like this. */
const ownerPrefix = 'strangers_';
/** Hexadecimal digits: 256 owners. */
const ownerDigits = 2;
const siteDigits = 16;
const addressDigits = 32;

/** Both are hexadecimal digests of at least 32 digits; where an address has no site, its own stands for it. */
export interface Stranger {
  readonly site: string;
  readonly address: string;
}

export function strangersOwner({ site }: Stranger): string {
  return ownerPrefix + site.slice(0, ownerDigits);
}

export function isStrangers(owner: string): boolean {
  return owner.startsWith(ownerPrefix);
}

export function strangersKey({ site, address }: Stranger, key: string): string {
  return `${site.slice(0, siteDigits)}.${address.slice(0, addressDigits)}.${key}`;
}

/** What all keys of the site begin with. */
export function sitePart(key: string): string {
  return key.slice(0, siteDigits + 1);
}

/** What all keys of the address begin with. */
export function addressPart(key: string): string {
  return key.slice(0, siteDigits + 1 + addressDigits + 1);
}
