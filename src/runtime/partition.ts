/** One partition as this shard runs it: its actors, how far its journal goes and how far it is saved. */
import type { AnyDecider, AnyEvent } from '../protocol/decider.ts';
import type { JournalRecord } from '../protocol/frame.ts';
import { Names } from './names.ts';
import { PassivatedFilter } from './passivated-filter.ts';
import type { Timed } from './timers.ts';

/** Names of one actor that are listed: of one that has more the actor itself is asked. */
const namesListedMax = 10_000;

/** Why an actor is poisoned: see poisoned.ts. */
export interface Poison {
  /** The command, or what else was asked of the actor, when its decider threw last. */
  during: string;
  reason: string;
  /** Failures in a row. */
  failures: number;
  readonly sinceMs: number;
  /** When the next Tick comes. */
  retryAtMs: number;
  /** A Tick, the deadline or the pending messages failed: only a Tick shows that it is over. */
  isOfTime: boolean;
}

export interface Actor extends Timed {
  readonly decider: AnyDecider;
  readonly kind: string;
  readonly key: string;
  readonly partition: Partition;
  /** What the decider made: nobody else looks inside. */
  readonly state: unknown;
  /** The last frame that the loaded state contains; 0 when none was loaded. */
  restoredSeq: number;
  /** The last frame with an event of this actor, as far as it is known. */
  changedSeq: number;
  /** When it last had a command. */
  touchedAtMs: number;
  /** Its decider threw lately. */
  poison: Poison | null;
  /** Names of it that are listed. */
  named: number;
}

type Named = ReturnType<NonNullable<AnyDecider['names']>>;

export class Partition {
  readonly number: number;
  epoch = 0;
  /** The newest frame that was sealed. */
  seq = 0;
  /** The newest frame that is durable. */
  ackedSeq = 0;
  /** The newest frame when this owner took over. */
  claimedSeq = 0;
  /** Every actor is saved as it was after this frame. */
  checkpointSeq = 0;
  /** Since when there has been something that is not saved; null: all is saved. */
  unsavedSinceMs: number | null = null;
  /** False until replay has ended: commands are refused as `busy`. */
  isOpen = false;
  /** Why replay stopped for good, or what happened could not be applied, if so. */
  fault: string | null = null;
  /** The actor in which an event was applied by half: nothing of it is shown. */
  broken: Actor | null = null;
  /** Halted, and yet what was replayed can be shown. */
  isReadOnly = false;
  /** Being recovered beside partitions that are open already: it has large actors. */
  isRecovering = false;
  /** New commands are taken. */
  isTaking = false;
  /** This shard runs it no longer, and nothing of it may leave any more. It never comes back: a later owner, also in this shard, makes a new one. */
  isGone = false;
  /** When the question was asked by which its ownership was confirmed last. */
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  /** Commands in the mailbox. */
  queued = 0;
  /** Records of the frame that is being filled. */
  records: JournalRecord[] = [];
  readonly actors = new Map<string, Map<string, Actor>>();
  /** Actors that are saved and not in memory (or were once). */
  readonly passivated = new PassivatedFilter();

  /** By kind: those that are listed. */
  readonly #names = new Map<string, Names<Actor>>();
  /**
   * Actors with more names than are worth a second list of them: they are asked. What was listed before
   * counts no more.
   */
  readonly #manyNamed = new Set<Actor>();
  readonly #isNamed: boolean;

  /** `isNamed`: actors can be found by their other names as well. */
  constructor(number: number, isNamed = true) {
    this.number = number;
    this.#isNamed = isNamed;
  }

  /** As if nobody had been read yet. */
  clear(): void {
    this.seq = 0;
    this.ackedSeq = 0;
    this.claimedSeq = 0;
    this.checkpointSeq = 0;
    this.unsavedSinceMs = null;
    this.broken = null;
    this.actors.clear();
    this.#names.clear();
    this.#manyNamed.clear();
    this.passivated.clear();
  }

  /** It answers for nothing any more, and its actors leave memory. */
  leave(): void {
    this.isGone = true;
    this.isOpen = false;
    this.isReadOnly = false;
    this.isRecovering = false;
    this.isTaking = false;
    this.clear();
  }

  /** The reason of its end, in words. */
  claimedAway(epoch: number): string {
    return `partition ${this.number} was claimed by another process: epoch ${epoch} after ${this.epoch}`;
  }

  find(kind: string, key: string): Actor | undefined {
    return this.actors.get(kind)?.get(key);
  }

  /** The actor at this address, new when there was none. */
  actor(decider: AnyDecider, key: string): Actor {
    return this.find(decider.kind, key) ?? this.install(decider, key, decider.initial(key), 0);
  }

  /** The key of the actor that goes by another name. */
  keyOf(kind: string, name: string): string | undefined {
    const listed = this.#names.get(kind)?.find(name) ?? null;
    if (listed !== null && !this.#manyNamed.has(listed)) return listed.key;
    for (const actor of this.#manyNamed)
      if (actor.kind === kind && actor.decider.hasName?.(actor.state, name)) return actor.key;
    return undefined;
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
      changedSeq: restoredSeq,
      deadlineMs: Number.POSITIVE_INFINITY,
      serial: 0,
      touchedAtMs: 0,
      poison: null,
      named: 0,
    };
    let ofKind = this.actors.get(kind);
    if (!ofKind) {
      ofKind = new Map();
      this.actors.set(kind, ofKind);
    }
    ofKind.set(key, actor);
    if (this.#isNamed) this.#nameAll(actor);
    return actor;
  }

  /** It leaves memory. */
  remove(actor: Actor): void {
    this.actors.get(actor.kind)?.delete(actor.key);
    this.#manyNamed.delete(actor);
  }

  /** Applies one event to an actor's state and to the names by which it is found. */
  evolve(actor: Actor, event: AnyEvent, seq: number): void {
    const named = this.#namedBy(actor, event);
    actor.decider.evolve(actor.state, event);
    this.#changed(actor, named, seq);
  }

  /** The same for an event whose rows were applied as they were decided. */
  evolved(actor: Actor, event: AnyEvent, seq: number): void {
    this.#changed(actor, this.#namedBy(actor, event), seq);
  }

  #namedBy(actor: Actor, event: AnyEvent): Named {
    if (!this.#isNamed || this.#manyNamed.has(actor)) return null;
    return actor.decider.names?.(event, actor.state) ?? null;
  }

  #changed(actor: Actor, named: Named, seq: number): void {
    actor.changedSeq = seq;
    if (named === null) return;
    const { add, addRows, drop } = named;
    if (addRows !== undefined && this.#mayList(actor, addRows.count))
      this.#namesOf(actor).addRows(addRows, actor);
    for (const name of add ?? []) this.#name(actor, name);
    for (const name of drop ?? []) this.#unname(actor, name);
  }

  /** The snapshotter has saved everything up to this frame. */
  saved(seq: number, atMs: number): void {
    if (seq <= this.checkpointSeq) return;
    this.checkpointSeq = seq;
    this.unsavedSinceMs = seq < this.seq ? atMs : null;
  }

  get actorCount(): number {
    let count = 0;
    for (const ofKind of this.actors.values()) count += ofKind.size;
    return count;
  }

  *everyActor(): Iterable<Actor> {
    for (const ofKind of this.actors.values()) yield* ofKind.values();
  }

  #nameAll(actor: Actor): void {
    const { decider, state } = actor;
    const count = decider.nameCount?.(state) ?? 0;
    if (count > namesListedMax) this.#mayList(actor, count);
    else for (const name of decider.allNames?.(state) ?? []) this.#name(actor, name);
  }

  #unname(actor: Actor, name: string): void {
    if (this.#names.get(actor.kind)?.drop(name)) actor.named--;
  }

  #name(actor: Actor, name: string): void {
    if (this.#mayList(actor, 1)) this.#namesOf(actor).add(name, actor);
  }

  /** Whether so many more names of the actor are listed. */
  #mayList(actor: Actor, count: number): boolean {
    actor.named += count;
    if (actor.named > namesListedMax) this.#manyNamed.add(actor);
    return actor.named <= namesListedMax;
  }

  #namesOf({ kind }: Actor): Names<Actor> {
    let names = this.#names.get(kind);
    if (!names) {
      names = new Names<Actor>();
      this.#names.set(kind, names);
    }
    return names;
  }
}
