/** Clients of a shop's limits, and how much they are let take. */
import type { ClientAddress } from '../../src/gateway/client-address.ts';
import { KeyHash } from '../../src/gateway/key-hash.ts';

export const tokenSecret = 'a secret that all processes of a shop have';

export const hash = new KeyHash(tokenSecret);
export const clientAt = (text: string): ClientAddress => ({
  ...{ text, key: text, isExempt: false, site: null },
  ...hash.of(text),
});

export function isTaken(take: () => void): boolean {
  try {
    take();
    return true;
  } catch {
    return false;
  }
}

export const timesTaken = (tries: number, take: () => void) =>
  Array.from({ length: tries }, () => isTaken(take)).filter(Boolean).length;
