/** One partition as its owner knows it: who lives there, how far its journal goes, what has changed since it was saved. */
import type { AnyDecider, Gauges } from '../protocol/decider.ts';
import type { JournalRecord } from '../protocol/frame.ts';
import { MarkSet } from './mark-set.ts';
import type { Timed } from './timers.ts';

export interface Actor extends Timed {
  readonly decider: AnyDecider;
  readonly kind: string;
  readonly key: string;
  readonly partition: Partition;
  // biome-ignore lint/suspicious/noExplicitAny: each actor's state is its decider's own
  state: any;
  /** During replay: the last frame that the loaded state contains. */
  restoredSeq: number;
  /** When it last had a command. */
  touchedAtMs: number;
}

export class Partition {
  readonly number: number;
  epoch = 0;
  /** The newest frame that was sealed. */
  seq = 0;
  /** The newest frame that is durable. */
  ackedSeq = 0;
  checkpointSeq = 0;
  checkpointAtMs = 0;
  /** False until replay has ended: commands are refused as `busy`. */
  isOpen = false;
  /** Why replay stopped for good, if it did. */
  fault: string | null = null;
  /** Records of the frame that is being filled. */
  records: JournalRecord[] = [];
  readonly actors = new Map<string, Map<string, Actor>>();
  readonly dirty = new Set<Actor>();
  /** Actors that are saved and not in memory (or were once). */
  readonly marks = new MarkSet();
  /** `kind` -> other name -> key. */
  readonly names = new Map<string, Map<string, string>>();

  constructor(number: number) {
    this.number = number;
  }

  find(kind: string, key: string): Actor | undefined {
    return this.actors.get(kind)?.get(key);
  }

  /** The actor at this address, new when there was none. */
  actor(decider: AnyDecider, key: string): Actor {
    return this.find(decider.kind, key) ?? this.install(decider, key, decider.initial(key), 0);
  }

  install(decider: AnyDecider, key: string, state: unknown, restoredSeq: number): Actor {
    const { kind } = decider;
    const actor: Actor = {
      decider,
      kind,
      key,
      partition: this,
      state,
      restoredSeq,
      deadlineMs: Number.POSITIVE_INFINITY,
      touchedAtMs: 0,
    };
    let ofKind = this.actors.get(kind);
    if (!ofKind) {
      ofKind = new Map();
      this.actors.set(kind, ofKind);
    }
    ofKind.set(key, actor);
    for (const name of decider.allNames?.(state) ?? []) this.#name(kind, name, key);
    return actor;
  }

  /** Applies one event to an actor's state and to the names by which it is found. */
  evolve(actor: Actor, event: unknown): void {
    actor.decider.evolve(actor.state, event);
    const named = actor.decider.names?.(event);
    if (named?.add !== undefined) this.#name(actor.kind, named.add, actor.key);
    if (named?.drop !== undefined) this.names.get(actor.kind)?.delete(named.drop);
  }

  get actorCount(): number {
    let count = 0;
    for (const ofKind of this.actors.values()) count += ofKind.size;
    return count;
  }

  *everyActor(): Iterable<Actor> {
    for (const ofKind of this.actors.values()) yield* ofKind.values();
  }

  *gauges(): Iterable<Gauges> {
    for (const actor of this.everyActor()) {
      const gauges = actor.decider.gauges?.(actor.state);
      if (gauges) yield gauges;
    }
  }

  #name(kind: string, name: string, key: string): void {
    let ofKind = this.names.get(kind);
    if (!ofKind) {
      ofKind = new Map();
      this.names.set(kind, ofKind);
    }
    ofKind.set(name, key);
  }
}
