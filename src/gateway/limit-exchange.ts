/**
 * Limits over several processes: each tells the others about once a second what its buckets gave and which of its
 * addresses have live sockets, and takes in what the others tell.
 *
 * 1. What a key took elsewhere is a debt of its bucket here. So what all processes give together is right within the
 *    time that a message takes, and exactly the limit over a longer time. No request waits for it.
 * 2. A message names rows and tags of hashed keys, which say nothing to whoever does not have the secret. It has a
 *    longest form; what does not fit is what was taken least.
 * 3. Messages may be lost: what was told and not heard is counted where it was given, and nowhere else. Live sockets of
 *    a process that is silent for five seconds are not counted any more.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config.ts';
import { SharedSockets, type SocketCells } from './counts.ts';
import { deriveKey } from './derive-key.ts';
import { KeyHash } from './key-hash.ts';
import type { Limiter } from './limiter.ts';
import { type LimitMemory, limitersOf } from './limits.ts';

/** Of each limit, and of live sockets. */
const entriesMax = 4_096;
const othersMax = 64;
const silentMs = 5_000;
/** Messages of one process are a second apart. Those that come together have waited, and tell of what was long ago. */
const apartMs = 250;

/** A process's name, and how many words tell of buckets; then come those, three each, and cells, two each. */
const nameWords = 4;
const headWords = nameWords + 1;
const rowBits = 24;

interface Other {
  heardAtMs: number;
  cells: SocketCells;
}

export class LimitExchange {
  /** Processes with the same secret, and with messages of this form. */
  readonly channel: string;
  readonly #limiters: readonly Limiter[];
  readonly #sockets: SharedSockets;
  readonly #now: () => number;
  readonly #name = wordsOf(randomBytes(4 * nameWords));
  readonly #otherByName = new Map<string, Other>();

  constructor(
    config: Config,
    memory: LimitMemory,
    { tokenSecret, now }: { tokenSecret: string; now: () => number },
  ) {
    this.channel = `doorbuster:limits:${deriveKey(tokenSecret, 'limits exchange v1').toString('hex', 0, 8)}`;
    this.#limiters = Object.values(limitersOf(config, memory, new KeyHash(tokenSecret), now));
    this.#sockets = new SharedSockets(new Int32Array(memory.sockets));
    this.#now = now;
  }

  /** How many other processes were heard of lately. */
  get others(): number {
    return this.#otherByName.size;
  }

  /** What happened here since the last one was made. */
  message(): Buffer {
    this.#forgetSilent();
    const spent: number[] = [];
    for (const [index, limiter] of this.#limiters.entries())
      limiter.collectSpent(entriesMax, (row, tag, tokens) =>
        spent.push((index << rowBits) | row, tag, tokens),
      );
    const words = [...this.#name, spent.length, ...spent, ...this.#sockets.own(entriesMax)];
    return Buffer.from(Int32Array.from(words).buffer);
  }

  /** A message of any process on the channel, this one included. */
  takeIn(message: Uint8Array): void {
    const words = wordsOf(message);
    const spentCount = words[nameWords] ?? -1;
    if (spentCount < 0 || headWords + spentCount > words.length) return;
    const name = words.subarray(0, nameWords).join();
    if (name === this.#name.join()) return;
    const other = this.#otherOf(name);
    if (other === null) return;
    const socketsAt = headWords + spentCount;
    this.#takeSpent(words.subarray(headWords, socketsAt));
    this.#sockets.count(other.cells, -1);
    other.cells = [...words.subarray(socketsAt, socketsAt + 2 * entriesMax)];
    this.#sockets.count(other.cells, 1);
  }

  /** Null when its message is not to be taken in. */
  #otherOf(name: string): Other | null {
    const nowMs = this.#now();
    const known = this.#otherByName.get(name);
    if (known !== undefined && nowMs - known.heardAtMs < apartMs) return null;
    if (known === undefined && this.#otherByName.size >= othersMax) return null;
    const other = known ?? { heardAtMs: nowMs, cells: [] };
    other.heardAtMs = nowMs;
    this.#otherByName.set(name, other);
    return other;
  }

  #takeSpent(words: Int32Array): void {
    const count = Math.min(words.length, 3 * entriesMax * this.#limiters.length);
    for (let i = 0; i + 2 < count; i += 3) {
      const place = words[i]!;
      this.#limiters[place >> rowBits]?.noteElsewhere(place, words[i + 1]!, words[i + 2]!);
    }
  }

  #forgetSilent(): void {
    const nowMs = this.#now();
    for (const [name, { heardAtMs, cells }] of this.#otherByName) {
      if (nowMs - heardAtMs < silentMs) continue;
      this.#sockets.count(cells, -1);
      this.#otherByName.delete(name);
    }
  }
}

/** A copy, because bytes from outside begin anywhere; what is less than a word at the end is dropped. */
function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(new Uint8Array(bytes).buffer, 0, bytes.length >> 2);
}
