/**
 * Whose request it is, as an address: of an HTTP request and of a live socket alike.
 *
 * 1. The client's address is the peer's. When the peer is a trusted proxy, it is the rightmost address of
 *    X-Forwarded-For that is not one: what stands further left was said by somebody who is not trusted.
 * 2. Where that header says nothing readable, the last proxy stands for whoever is behind it, and is never exempt.
 * 3. An address is read once and then remembered, within bounds, with all that follows from it.
 * 4. IPv6 counts by its /64, which one subscriber has whole, and what costs memory by its /48 as well, which some have
 *    (address-limit.ts); an IPv4 address in IPv6 form is IPv4.
 */

import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Cidr } from '../config.ts';
import type { Log } from '../protocol/log.ts';
import type { Hashed, KeyHash } from './key-hash.ts';

export interface ClientAddress extends Hashed {
  readonly text: string;
  /** What limits count by. */
  readonly key: string;
  /** There are no limits by address for it. */
  readonly isExempt: boolean;
  /** null for IPv4. */
  readonly site: Site | null;
}

/** The /48 of an IPv6 address: 65,536 addresses as limits count them, which one subscriber may have together. */
export interface Site extends Hashed {
  readonly key: string;
}

/** Of a request whose head was not read. */
export const nobody: ClientAddress = {
  ...{ text: 'unknown', key: 'unknown', isExempt: false, site: null },
  ...{ lo: 0, hi: 1 },
};

interface Known {
  readonly client: ClientAddress;
  readonly isProxy: boolean;
  /** For a proxy that does not say who is behind it. */
  readonly standIn: ClientAddress;
}

const rememberedMax = 50_000;
/** Proxies in a row, and the characters of one entry of X-Forwarded-For: an IPv6 address in brackets with a port has 47. */
const hopsMax = 32;
const entryCharsMax = 64;

export class ClientAddresses {
  readonly #proxies: BlockList;
  readonly #exempt: BlockList;
  readonly #hash: KeyHash;
  readonly #log: Log;
  #hasWarned = false;
  readonly #knownByPeer = new LRUCache<number | string, Known>({ max: rememberedMax });
  readonly #knownByText = new LRUCache<string, Known>({ max: rememberedMax });

  constructor(
    {
      trustedProxies,
      exempt,
    }: { readonly trustedProxies: readonly Cidr[]; readonly exempt: readonly Cidr[] },
    hash: KeyHash,
    log: Log,
  ) {
    this.#proxies = blockListOf(trustedProxies);
    this.#exempt = blockListOf(exempt);
    this.#hash = hash;
    this.#log = log;
  }

  /** `peer`: the bytes of the peer's address. `forwardedFor`: all values of X-Forwarded-For, joined by commas. */
  of(peer: ArrayBuffer, forwardedFor: string): ClientAddress {
    const key = peerKey(peer);
    let known = this.#knownByPeer.get(key);
    if (known === undefined) {
      known = this.#read(textOf(new Uint8Array(peer)));
      this.#knownByPeer.set(key, known);
      if (!known.isProxy && forwardedFor !== '') this.#warnOnce(known.client.text);
    }
    return known.isProxy ? this.#forwardedBy(known, forwardedFor) : known.client;
  }

  /** A proxy that nobody listed, or somebody who tries. */
  #warnOnce(peer: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log('warn', 'X-Forwarded-For is ignored: its sender is not in TRUSTED_PROXIES', { peer });
  }

  #forwardedBy(proxy: Known, forwardedFor: string): ClientAddress {
    let last = proxy;
    let end = forwardedFor.length;
    for (let hops = 0; hops < hopsMax; hops++) {
      const comma = end > 0 ? forwardedFor.lastIndexOf(',', end - 1) : -1;
      const known = this.#named(forwardedFor.slice(comma + 1, Math.min(end, comma + 2 + entryCharsMax)));
      if (known === null) break;
      if (!known.isProxy || comma < 0) return known.client;
      last = known;
      end = comma;
    }
    return last.standIn;
  }

  /** An entry of X-Forwarded-For; null when it is no address. */
  #named(entry: string): Known | null {
    if (entry.length > entryCharsMax) return null;
    const cached = this.#knownByText.get(entry);
    if (cached !== undefined) return cached;
    const own = copied(entry);
    const address = withoutPort(own.trim());
    if (!isIPv4(address) && !isPlainIPv6(address)) return null;
    const known = this.#read(address);
    this.#knownByText.set(own, known);
    return known;
  }

  #read(address: string): Known {
    const { text, key, siteKey, family } = normal(address);
    const site = siteKey === null ? null : { key: siteKey, ...this.#hash.of(siteKey) };
    const client = { text, key, isExempt: family !== null && this.#exempt.check(text, family), site };
    const hashed = this.#hash.of(key);
    return {
      client: { ...client, ...hashed },
      isProxy: family !== null && this.#proxies.check(text, family),
      standIn: { ...client, ...hashed, isExempt: false },
    };
  }
}

function blockListOf(cidrs: readonly Cidr[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of cidrs) list.addSubnet(address, prefix, family);
  return list;
}

/** Four bytes as a number, which is the cheapest key of a map; sixteen as text. */
function peerKey(bytes: ArrayBuffer): number | string {
  if (bytes.byteLength === 4) return new Int32Array(bytes)[0]!;
  return Buffer.from(bytes).toString('latin1');
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return groups.join(':');
}

/** A part of a text keeps the whole text in memory: a header of 16 KiB for each address that is remembered. */
function copied(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1');
}

/** `1.2.3.4:5678` and `[2001:db8::1]:443`, as some balancers write. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(entry);
  return bracketed ? bracketed[1]! : entry.replace(/^([\d.]+):\d{1,5}$/, '$1');
}

/** A zone names an interface of another machine. */
function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes('%');
}

interface Normal {
  readonly text: string;
  readonly key: string;
  readonly siteKey: string | null;
  /** null for a peer that has no internet address. */
  readonly family: 'ipv4' | 'ipv6' | null;
}

function normal(address: string): Normal {
  if (isIPv4(address)) return { text: address, key: address, siteKey: null, family: 'ipv4' };
  if (!isIPv6(address)) return { text: 'unknown', key: 'unknown', siteKey: null, family: null };
  const groups = groupsOf(address);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high, low] = [groups[6]!, groups[7]!];
    const text = `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
    return { text, key: text, siteKey: null, family: 'ipv4' };
  }
  const parts = groups.map((group) => group.toString(16));
  const network = (groups: number) => `${parts.slice(0, groups).join(':')}::/${16 * groups}`;
  return { text: parts.join(':'), key: network(4), siteKey: network(3), family: 'ipv6' };
}

/** The eight numbers of a good IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (a: string, b: string) => ((Number(a) << 8) | Number(b)).toString(16);
  const plain = dotted
    ? `${dotted[1]}${hex(dotted[2]!, dotted[3]!)}:${hex(dotted[4]!, dotted[5]!)}`
    : address;
  const [left = '', right] = plain.split('::');
  const numbers = (text: string) =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [numbers(left), numbers(right ?? '')];
  return right === undefined
    ? before
    : [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
}
