/**
 * What everybody who watches a thing is sent. A frame for thousands of sockets is as many writes to the system, 5 to 10 us
 * each: sent at once it would hold the gateway's thread for longer than any request may.
 *
 * 1. The sockets of a topic are in groups of at most `groupSocketsMax`, each a topic of uWS. A turn of the event loop sends
 *    so many frames, or all that waits for one group, and the next turn comes `turnMs` later; one that comes late makes up
 *    for those that it took the place of, up to `turnsAtOnceMax` of them.
 * 2. Groups are served in the order in which they had something to be sent, so none waits for more than one round of all.
 * 3. A socket gets what is sent to its topic in that order. A frame that replaces what was said before takes the place of
 *    one that its group has not got yet: whoever waits gets the newest, and once.
 * 4. While no group waits, and none was sent to in the last `turnMs`, a frame leaves in the turn in which it was said.
 */
import { encode } from './codec.ts';

export const groupSocketsMax = 256;
/** So a gateway spends no more than about a third of its time on what everybody is sent. */
const turnMs = 5;
export const turnsAtOnceMax = 4;
/** Sending to a group that is nearly empty costs something, too. */
const groupCost = 8;
/** Frames that may wait for a group; when there are more, it is sent to before its turn. */
const waitingMax = 64;

interface Outgoing {
  readonly frame: object;
  /** What it says anew; null when it must arrive. */
  readonly replaces: string | null;
  bytes: Uint8Array | null;
}

/** Sockets of one topic and encoding. */
export interface Group {
  /** uWS's topic. */
  readonly name: string;
  readonly audience: Group[];
  readonly isBinary: boolean;
  size: number;
  waiting: Outgoing[];
}

export interface AudienceDeps {
  /** Milliseconds that only ever grow. */
  now(): number;
  publish(name: string, bytes: Uint8Array, isBinary: boolean): void;
  /** Runs after so many milliseconds. */
  after(ms: number, run: () => void): void;
}

export class Audiences {
  readonly #deps: AudienceDeps;
  readonly #groupsByTopic = new Map<string, Group[]>();
  /** Those that have something to be sent. */
  readonly #queue = new Set<Group>();
  #isTurnDue = false;
  #turnAtMs = 0;
  #named = 0;

  constructor(deps: AudienceDeps) {
    this.#deps = deps;
  }

  /** The group that the socket is in from now on. */
  enter(topic: string, isBinary: boolean): Group {
    const key = keyOf(topic, isBinary);
    let audience = this.#groupsByTopic.get(key);
    if (!audience) {
      audience = [];
      this.#groupsByTopic.set(key, audience);
    }
    let group = audience.find(({ size }) => size < groupSocketsMax);
    if (!group) {
      group = { name: `${key}/${++this.#named}`, audience, isBinary, size: 0, waiting: [] };
      audience.push(group);
    }
    group.size++;
    return group;
  }

  leave(topic: string, group: Group): void {
    if (--group.size > 0) return;
    group.waiting = [];
    this.#queue.delete(group);
    group.audience.splice(group.audience.indexOf(group), 1);
    if (group.audience.length === 0) this.#groupsByTopic.delete(keyOf(topic, group.isBinary));
  }

  /** `replaces`: what the frame says anew, whatever was said of it before; null: it must arrive. */
  send(topic: string, frame: object, replaces: string | null): void {
    for (const isBinary of [false, true]) {
      const outgoing: Outgoing = { frame, replaces, bytes: null };
      for (const group of this.#groupsByTopic.get(keyOf(topic, isBinary)) ?? []) this.#add(group, outgoing);
    }
    if (!this.#isTurnDue) this.#turn();
  }

  #add(group: Group, outgoing: Outgoing): void {
    const { replaces } = outgoing;
    if (replaces !== null && group.waiting.length > 0)
      group.waiting = group.waiting.filter((other) => other.replaces !== replaces);
    group.waiting.push(outgoing);
    if (group.waiting.length > waitingMax) this.#sendTo(group);
    else this.#queue.add(group);
  }

  #turn(): void {
    const nowMs = this.#deps.now();
    const turns = Math.floor((nowMs - this.#turnAtMs) / turnMs);
    const sentMax = groupSocketsMax * Math.max(1, Math.min(turns, turnsAtOnceMax));
    this.#turnAtMs = nowMs;
    let sent = 0;
    for (const group of this.#queue) {
      const frames = Math.max(group.size, groupCost) * group.waiting.length;
      if (sent > 0 && sent + frames > sentMax) break;
      sent += frames;
      this.#sendTo(group);
    }
    this.#isTurnDue = sent > 0;
    if (sent > 0) this.#deps.after(turnMs, () => this.#turn());
  }

  #sendTo(group: Group): void {
    const { name, isBinary, waiting } = group;
    this.#queue.delete(group);
    group.waiting = [];
    for (const outgoing of waiting) {
      // Copied: what is encoded next may stand in the same place.
      outgoing.bytes ??= Buffer.from(encode(outgoing.frame, isBinary));
      this.#deps.publish(name, outgoing.bytes, isBinary);
    }
  }
}

function keyOf(topic: string, isBinary: boolean): string {
  return isBinary ? `${topic}/msgpack` : topic;
}
