/**
 * Passivation: actors in which nothing is pending and that were not asked for a while leave memory, and come back with
 * the next command. So a catalogue of millions needs memory only for what is in use.
 *
 * 1. Only a saved, unchanged actor leaves; its address stays in the partition's filter, so that a command for it is
 *    never taken for a new actor's.
 * 2. Commands for an actor that is being loaded wait in a stash whose bound is the mailbox's.
 * 3. When the store cannot be asked, those commands are answered `busy`; everybody else goes on. A late answer to a
 *    passivated actor is given up: nothing was pending in it. A saved actor that cannot be read halts its partition.
 */
import type { ActorSnapshot, PassivatedStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Envelope } from './mailbox.ts';
import type { Actor, Partition } from './partition.ts';
import { addressHash } from './passivated-filter.ts';
import { Unrecoverable } from './replay.ts';

export interface PassivationDeps {
  readonly store: PassivatedStore;
  /** Puts a saved actor into its partition. */
  readonly install: (partition: Partition, saved: ActorSnapshot) => void;
  /** Gives an envelope back once its actor is there, or is known not to exist. */
  readonly redeliver: (envelope: Envelope) => void;
  /** What is saved of an actor of this partition cannot be read: to be told once, or more often. */
  readonly onUnreadable: (partition: Partition, reason: string) => void;
  /** An envelope that expects no reply and cannot be delivered. */
  readonly giveUp: (envelope: Envelope) => void;
  readonly stashMax: number;
  readonly log: Log;
}

interface Stash {
  readonly partition: Partition;
  readonly kind: string;
  readonly key: string;
  readonly envelopes: Envelope[];
}

/**
 * True when nothing would be lost by putting the actor away: it has no pending message, no deadline and no other name.
 * The decider is asked, because the actor's timer is taken out when it rings, a while before the Tick is decided on. An
 * actor that cannot be asked stays.
 */
export function isIdle({ decider, state, poison }: Actor): boolean {
  if (poison !== null) return false;
  try {
    if (decider.deadline(state, 0) !== Number.POSITIVE_INFINITY || decider.pendingMessages(state).length > 0)
      return false;
    for (const _name of decider.allNames?.(state) ?? []) return false;
  } catch {
    return false;
  }
  return true;
}

export class Passivation {
  readonly #deps: PassivationDeps;
  readonly #stashes = new Map<string, Stash>();
  #stashed = 0;
  #wanted: Stash[] = [];
  #isLoading = false;

  constructor(deps: PassivationDeps) {
    this.#deps = deps;
  }

  /** Whether commands of the partition wait for actors that are being loaded. */
  isLoading(partition: Partition): boolean {
    for (const stash of this.#stashes.values()) if (stash.partition === partition) return true;
    return false;
  }

  /** Whether the envelope's actor is passivated: then the envelope is kept until the actor is loaded. */
  takes(envelope: Envelope): boolean {
    const { partition, key } = envelope;
    const { kind } = envelope.decider;
    if (envelope.isUnsaved || !partition.passivated.has(addressHash(kind, key))) return false;
    if (this.#stashed >= this.#deps.stashMax) {
      this.#refuse(envelope);
      return true;
    }
    const name = `${kind}/${key}`;
    let stash = this.#stashes.get(name);
    if (!stash) {
      stash = { partition, kind, key, envelopes: [] };
      this.#stashes.set(name, stash);
      this.#wanted.push(stash);
    }
    stash.envelopes.push(envelope);
    this.#stashed++;
    void this.#load();
    return true;
  }

  /** Passivates actors that have been idle since `beforeMs`; returns how many. */
  static sweep(partition: Partition, beforeMs: number): number {
    let gone = 0;
    for (const [kind, ofKind] of partition.actors) {
      for (const [key, actor] of ofKind) {
        const isSaved = actor.changedSeq <= partition.checkpointSeq;
        if (actor.touchedAtMs >= beforeMs || !isSaved || !isIdle(actor)) continue;
        partition.passivated.add(addressHash(kind, key));
        partition.remove(actor);
        gone++;
      }
    }
    return gone;
  }

  #refuse(envelope: Envelope): void {
    if (envelope.reply) envelope.reply('busy', null);
    else this.#deps.giveUp(envelope);
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    while (this.#wanted.length > 0) {
      const wanted = this.#wanted;
      this.#wanted = [];
      for (const [partition, stashes] of Map.groupBy(wanted, (stash) => stash.partition)) {
        await this.#loadSome(partition, stashes);
      }
    }
    this.#isLoading = false;
  }

  async #loadSome(partition: Partition, stashes: readonly Stash[]): Promise<void> {
    let isRead = true;
    const found = new Set<string>();
    try {
      for (const saved of await this.#deps.store.loadPassivated(partition.number, stashes)) {
        found.add(`${saved.kind}/${saved.key}`);
        const isWanted = !partition.isGone && !partition.find(saved.kind, saved.key);
        if (isWanted) this.#deps.install(partition, saved);
      }
    } catch (error) {
      isRead = false;
      if (error instanceof Unrecoverable) this.#deps.onUnreadable(partition, error.message);
      else
        this.#deps.log('warn', 'passivated actors cannot be loaded', {
          actors: stashes.length,
          error: String(error),
        });
    }
    for (const { kind, key, envelopes } of stashes) {
      this.#stashes.delete(`${kind}/${key}`);
      this.#stashed -= envelopes.length;
      for (const envelope of envelopes) {
        // isUnsaved: the store has no such actor, so the command may create it. Others are looked up again.
        if (isRead)
          this.#deps.redeliver(found.has(`${kind}/${key}`) ? envelope : { ...envelope, isUnsaved: true });
        else this.#refuse(envelope);
      }
    }
  }
}
