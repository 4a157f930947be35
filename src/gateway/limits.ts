/**
 * The limits of one server: by account, and by address on every route, with a token or without. All gateway threads
 * of the process count in the same memory; limit-exchange.ts tells other processes what they count.
 */
import type { Config } from '../config.ts';
import { counter, type Family } from '../protocol/metric.ts';
import { addressesPerSite } from '../protocol/site.ts';
import { AddressLimit, SiteLimit, SocketLimit } from './address-limit.ts';
import { Counts, countWords } from './counts.ts';
import { KeyHash } from './key-hash.ts';
import { type Limit, Limiter, limiterWords, spentWords } from './limiter.ts';
import { Places, placesMax } from './places.ts';
import { Tries } from './tries.ts';

/** Half of what a process counts by: 131,072 buckets of a limit that everybody meets, 32,768 of the others. */
const manyRows = 2 ** 14;
const fewRows = 2 ** 12;

function limitsOfConfig({ limits }: Config) {
  const { guestsPerMinute, guestBurst, signInsPerMinute, refusedPerMinute } = limits;
  return {
    account: limit('account', limits.accountPerSecond, limits.accountBurst, manyRows),
    requests: limit('address', limits.addressPerSecond, limits.addressBurst, manyRows),
    guests: limit('guest', guestsPerMinute / 60, guestBurst, fewRows),
    signIns: limit('sign-in', signInsPerMinute / 60, signInsPerMinute, fewRows),
    refused: limit('refused', refusedPerMinute / 60, refusedPerMinute, fewRows),
    // A burst of tries for one account from one address, then one every ten seconds.
    passwords: limit('password', 0.1, 10, fewRows),
    guestSites: siteLimit('guest-site', guestsPerMinute / 60, guestBurst),
    signInSites: siteLimit('sign-in-site', signInsPerMinute / 60, signInsPerMinute),
    refusedSites: siteLimit('refused-site', refusedPerMinute / 60, refusedPerMinute),
  };
}

function siteLimit(name: string, perSecond: number, burst: number): Limit {
  return limit(name, addressesPerSite * perSecond, addressesPerSite * burst, fewRows);
}

function limit(name: string, perSecond: number, burst: number, rows: number): Limit {
  return { name, perSecond, burst, rows };
}

/** What the gateway threads of a process count in. */
export interface LimitMemory {
  readonly buckets: SharedArrayBuffer;
  readonly sockets: SharedArrayBuffer;
  /** Tries under way. */
  readonly tries: SharedArrayBuffer;
  /** Heavy work under way. */
  readonly places: SharedArrayBuffer;
  /** What buckets gave, for other processes; null where there can be none. */
  readonly spent: SharedArrayBuffer | null;
}

export function allocateLimits(config: Config): LimitMemory {
  const limits = Object.values(limitsOfConfig(config));
  const memoryFor = (words: number[]) => new SharedArrayBuffer(4 * words.reduce((sum, one) => sum + one, 0));
  return {
    buckets: memoryFor(limits.map(limiterWords)),
    sockets: memoryFor([countWords(config.gateways + 1)]),
    tries: memoryFor([countWords(config.gateways)]),
    places: memoryFor([placesMax]),
    spent: config.redisUrl === null ? null : memoryFor(limits.map(spentWords)),
  };
}

type Limiters = Readonly<Record<keyof ReturnType<typeof limitsOfConfig>, Limiter>>;

/** Those of this memory, in the same order everywhere. */
export function limitersOf(
  config: Config,
  { buckets, spent }: LimitMemory,
  hash: KeyHash,
  now: () => number,
): Limiters {
  let from = 0;
  let spentFrom = 0;
  const limiter = (one: Limit): Limiter => {
    const words = new Int32Array(buckets, from, limiterWords(one));
    from += words.byteLength;
    const given = spent && new Int32Array(spent, spentFrom, spentWords(one));
    spentFrom += given?.byteLength ?? 0;
    return new Limiter(one, words, given, hash, now);
  };
  const limits = limitsOfConfig(config);
  return {
    account: limiter(limits.account),
    requests: limiter(limits.requests),
    guests: limiter(limits.guests),
    signIns: limiter(limits.signIns),
    refused: limiter(limits.refused),
    passwords: limiter(limits.passwords),
    guestSites: limiter(limits.guestSites),
    signInSites: limiter(limits.signInSites),
    refusedSites: limiter(limits.refusedSites),
  };
}

export class Limits {
  /** Every request and every live request. */
  readonly requests: AddressLimit;
  /** New accounts: guests, and registrations, each of which costs a password's hash. */
  readonly guests: SiteLimit;
  /** Refused tokens and unknown paths. */
  readonly refused: SiteLimit;
  /** By account: its requests. */
  readonly account: Limiter;
  /** Failed sign-ins and wrong passwords: by account and address together, and by address whatever the account. */
  readonly passwordTries: Tries;
  /** Live sockets by address. */
  readonly sockets: SocketLimit;
  /** For what takes seconds of a core. */
  readonly heavyWork: Places;
  readonly #limiters: readonly Limiter[];

  constructor(
    config: Config,
    memory: LimitMemory,
    { gateway, tokenSecret, now }: { gateway: number; tokenSecret: string; now: () => number },
  ) {
    const hash = new KeyHash(tokenSecret);
    const limiters = limitersOf(config, memory, hash, now);
    this.account = limiters.account;
    this.requests = new AddressLimit(limiters.requests);
    this.guests = new SiteLimit(limiters.guests, limiters.guestSites);
    this.refused = new SiteLimit(limiters.refused, limiters.refusedSites);
    this.passwordTries = new Tries(limiters, new Counts(new Int32Array(memory.tries), gateway), hash);
    this.sockets = new SocketLimit(
      new Counts(new Int32Array(memory.sockets), gateway),
      config.limits.connectionsPerAddressMax,
    );
    this.heavyWork = new Places(new Int32Array(memory.places), gateway);
    this.#limiters = Object.values(limiters);
  }

  metrics(): Family[] {
    return [
      counter(
        'doorbuster_rate_limited_total',
        'Requests refused by a limit',
        this.#limiters.map(({ name, refused }) => ({ labels: { limit: name }, value: refused })),
      ),
    ];
  }
}
