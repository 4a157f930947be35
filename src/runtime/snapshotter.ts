/**
 * Snapshots, taken from the journal and not from the shards: a second reader, in a thread of its own, applies every
 * frame to actors of its own and saves them. However large an actor is, no shard ever waits for its encoding.
 *
 * 1. It reads as far as the owner says that frames are durable; of a partition without an owner it touches nothing.
 * 2. A save contains exactly the frames up to its checkpoint, and the store takes it only if nobody has moved the
 *    checkpoint meanwhile. So two processes' snapshotters may work on the same data: whoever comes second begins anew
 *    from what the first one saved.
 * 3. Nothing is trimmed that is not saved and projected.
 * 4. What cannot be saved is in the journal, and is saved later. A snapshotter that dies loses nothing.
 * 5. Actors that have not changed for a while leave this memory: they are fetched from the store when they change.
 * 6. A block of an actor is written once, as long as its bytes stay: hashes of what the store has are known from the last
 *    save or from what was fetched. They hold as long as nobody else saves, and then this memory is made anew (2).
 */
import { backoffMs } from '../protocol/backoff.ts';
import type { AnyDecider } from '../protocol/decider.ts';
import { CorruptFrame } from '../protocol/frame.ts';
import type { ActorSnapshot, Journal, PassivatedStore, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import { runInSlices } from '../protocol/slices.ts';
import type { Clock } from './clock.ts';
import { type Actor, Partition } from './partition.ts';
import { addressHash } from './passivated-filter.ts';
import { isIdle } from './passivation.ts';
import { type Deciders, decidersByKind, replay, Unrecoverable } from './replay.ts';
import { encodeState } from './saved-state.ts';

export interface SnapshotterDeps {
  readonly deciders: readonly AnyDecider[];
  readonly journal: Pick<Journal, 'read' | 'trim'>;
  readonly store: SnapshotStore & Pick<PassivatedStore, 'loadPassivated'>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Every actor of the partition is saved as it was after this frame. */
  readonly onSaved: (partition: number, seq: number) => void;
  readonly log: Log;
  readonly limits: SnapshotterLimits;
}

export interface SnapshotterLimits {
  /** From the end of a round over all partitions to the next; longer when rounds are long. */
  readonly everyMs: number;
  /** Actors leave this memory after so long without a change. */
  readonly idleMs: number;
}

export const defaultSnapshotterLimits: SnapshotterLimits = { everyMs: 15_000, idleMs: 60_000 };

const framesPerRead = 512;
/** Then a save is due, however much more there is to read. */
const eventsPerSave = 500_000;
/** At most a fifth of the time goes into saving. */
const restPerWork = 4;
const retryFirstMs = 250;
const retryMaxMs = 30_000;

/** A large actor is encoded in slices of so long: the thread's other work gets its turn between them. */
const sliceMs = 10;

/** By `kind/key`: hashes of the blocks that the store has of an actor. */
type SavedBlocks = Map<string, ReadonlySet<string>>;

/** A partition as the snapshotter knows it; made anew from the store whenever something went wrong with it. */
interface Followed {
  readonly partition: Partition;
  readonly savedBlocks: SavedBlocks;
  trimmedSeq: number;
}

export class Snapshotter {
  readonly #deps: SnapshotterDeps;
  readonly #deciders: Deciders;
  readonly #followed = new Map<number, Followed>();
  /** By partition: the newest frame of which its owner says that it is durable. */
  readonly #durable = new Map<number, number>();
  #round: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #isStopped = false;
  #failures = 0;

  constructor(deps: SnapshotterDeps) {
    this.#deps = deps;
    this.#deciders = decidersByKind(deps.deciders);
  }

  /** The partition's frames are durable up to this one: its owner says so. */
  advance(partition: number, seq: number): void {
    if (seq > (this.#durable.get(partition) ?? 0)) this.#durable.set(partition, seq);
  }

  /** Rounds over all partitions follow each other until `stop`. */
  start(): void {
    this.#goOn(this.#deps.limits.everyMs);
  }

  /** A last round, so that the next start has nothing to replay. False when time ran out or a store was away. */
  async stop(graceMs: number): Promise<boolean> {
    this.#isStopped = true;
    this.#cancel();
    const isDone = this.#round.then(() => this.#work()).then(() => this.#failures === 0);
    const isLate = new Promise<boolean>((resolve) => {
      this.#cancel = this.#deps.scheduler.after(graceMs, () => resolve(false));
    });
    const isClean = await Promise.race([isDone, isLate]);
    this.#cancel();
    return isClean;
  }

  /** Actors in this memory, rounds in a row that failed, and partitions that cannot be read on. */
  stats(): { actors: number; failures: number; halted: { partition: number; reason: string }[] } {
    const partitions = [...this.#followed.values()].map(({ partition }) => partition);
    return {
      actors: partitions.reduce((count, partition) => count + partition.actorCount, 0),
      failures: this.#failures,
      halted: partitions.flatMap(({ number, fault }) =>
        fault === null ? [] : [{ partition: number, reason: fault }],
      ),
    };
  }

  #goOn(afterMs: number): void {
    this.#cancel = this.#deps.scheduler.after(afterMs, () => {
      const startedAtMs = this.#deps.scheduler.now();
      this.#round = this.#work().then(() => {
        if (this.#isStopped) return;
        const restMs = (this.#deps.scheduler.now() - startedAtMs) * restPerWork;
        const retryMs = backoffMs(retryFirstMs, retryMaxMs, this.#failures);
        this.#goOn(this.#failures > 0 ? retryMs : Math.max(this.#deps.limits.everyMs, restMs));
      });
    });
  }

  /** One round. It ends at the first trouble. */
  async #work(): Promise<void> {
    const { log } = this.#deps;
    for (const [number, durableSeq] of [...this.#durable]) {
      try {
        await this.#snapshot(number, durableSeq);
      } catch (error) {
        this.#followed.delete(number);
        // To the end of the line: one partition in trouble must not keep others from being saved.
        const newestSeq = this.#durable.get(number)!;
        this.#durable.delete(number);
        this.#durable.set(number, newestSeq);
        if (this.#failures++ === 0)
          log('warn', 'snapshots cannot be saved; the journal keeps everything meanwhile', {
            error: String(error),
          });
        return;
      }
    }
    if (this.#failures > 0) log('info', 'snapshots are saved again', { failures: this.#failures });
    this.#failures = 0;
  }

  async #snapshot(number: number, durableSeq: number): Promise<void> {
    const followed = this.#followed.get(number) ?? (await this.#open(number));
    const { partition } = followed;
    if (partition.fault !== null) return;
    this.#sweep(followed);
    while (partition.checkpointSeq < durableSeq) {
      await this.#readOn(followed, durableSeq);
      if (!(await this.#save(followed))) {
        // Somebody else was here.
        this.#followed.delete(number);
        return;
      }
      if (partition.fault !== null) return;
    }
    await this.#trim(followed);
  }

  /** False when somebody else has saved this partition since it was opened. */
  async #save({ partition, savedBlocks }: Followed): Promise<boolean> {
    const { store, clock, onSaved } = this.#deps;
    const { number, checkpointSeq: fromSeq, seq: toSeq, fault } = partition;
    if (fault !== null) {
      // Whoever saves may also trim: then what is missing here is missing for a good reason.
      if ((await store.checkpoint(number)).checkpointSeq !== fromSeq) return false;
      this.#giveUp(partition, fault);
      return true;
    }
    const engineMs = clock.now();
    const blocks = new Map(savedBlocks);
    const actors = this.#encoded(partition, blocks, engineMs);
    try {
      if (!(await store.save({ partition: number, fromSeq, toSeq, actors, engineMs }))) return false;
    } catch (error) {
      if (!(error instanceof Unrecoverable)) throw error;
      this.#giveUp(partition, error.message);
      return true;
    }
    for (const [name, hashes] of blocks) savedBlocks.set(name, hashes);
    partition.saved(toSeq, engineMs);
    onSaved(number, toSeq);
    return true;
  }

  /** What cannot be read, or not be saved, is not guessed. The journal keeps everything from here on. */
  #giveUp(partition: Partition, reason: string): void {
    partition.fault = reason;
    this.#deps.log('error', 'no more snapshots of a partition', { partition: partition.number, reason });
  }

  async #trim(followed: Followed): Promise<void> {
    const { number, checkpointSeq } = followed.partition;
    if (followed.trimmedSeq >= checkpointSeq) return;
    const upToSeq = Math.min(checkpointSeq, await this.#deps.store.projectedSeq(number));
    if (upToSeq > followed.trimmedSeq) await this.#deps.journal.trim(number, upToSeq);
    followed.trimmedSeq = Math.max(followed.trimmedSeq, upToSeq);
  }

  async #open(number: number): Promise<Followed> {
    const { checkpointSeq, engineMs } = await this.#deps.store.checkpoint(number);
    this.#deps.clock.advanceTo(engineMs);
    const partition = new Partition(number, false);
    partition.seq = checkpointSeq;
    partition.checkpointSeq = checkpointSeq;
    this.#deps.onSaved(number, checkpointSeq);
    const followed = { partition, savedBlocks: new Map(), trimmedSeq: 0 };
    this.#followed.set(number, followed);
    return followed;
  }

  /** Applies the frames up to that one, or a bounded part of them. */
  async #readOn({ partition, savedBlocks }: Followed, durableSeq: number): Promise<void> {
    const { journal, store, clock } = this.#deps;
    const passivated: Pick<PassivatedStore, 'loadPassivated'> = {
      loadPassivated: async (number, asked) => {
        const loaded = await store.loadPassivated(number, asked);
        for (const saved of loaded) note(savedBlocks, saved);
        return loaded;
      },
    };
    const deps = { passivated, deciders: this.#deciders, clock };
    for (let events = 0; events < eventsPerSave && partition.seq < durableSeq; ) {
      const limit = Math.min(framesPerRead, durableSeq - partition.seq);
      const frames = await journal.read(partition.number, partition.seq, limit);
      try {
        if (frames.length === 0) throw new CorruptFrame(partition.number, partition.seq + 1, 'it is missing');
        events += await replay(partition, frames, () => true, deps);
      } catch (error) {
        if (!(error instanceof CorruptFrame || error instanceof Unrecoverable)) throw error;
        partition.fault = error.message;
        return;
      }
    }
  }

  /** All are saved. Those that have not changed for long go. */
  #sweep({ partition, savedBlocks }: Followed): void {
    const beforeMs = this.#deps.clock.now() - this.#deps.limits.idleMs;
    for (const [kind, ofKind] of partition.actors) {
      for (const [key, actor] of ofKind) {
        if (actor.touchedAtMs >= beforeMs) continue;
        ofKind.delete(key);
        savedBlocks.delete(`${kind}/${key}`);
      }
    }
  }

  /**
   * Everything that has changed since the checkpoint, encoded one after the other as the store asks for it. `blocks`: what
   * the store has, and what it will have after the save.
   */
  async *#encoded(partition: Partition, blocks: SavedBlocks, now: number): AsyncGenerator<ActorSnapshot> {
    const rest = this.#restBetweenSlices();
    for (const actor of partition.everyActor()) {
      if (actor.changedSeq <= partition.checkpointSeq) continue;
      actor.touchedAtMs = now;
      const saved = await encode(actor, blocks.get(`${actor.kind}/${actor.key}`), rest);
      note(blocks, saved);
      yield saved;
    }
  }

  #restBetweenSlices(): () => Promise<void> {
    const { scheduler } = this.#deps;
    let sinceMs = scheduler.now();
    return async () => {
      if (scheduler.now() - sinceMs < sliceMs) return;
      await new Promise<void>((resolve) => scheduler.soon(resolve));
      sinceMs = scheduler.now();
    };
  }
}

function note(savedBlocks: SavedBlocks, { kind, key, blocks }: ActorSnapshot): void {
  if (blocks !== undefined) savedBlocks.set(`${kind}/${key}`, new Set(blocks.map(({ hash }) => hash)));
}

/** Nothing changes the actor meanwhile: the snapshotter reads on when the save is done. */
async function encode(
  actor: Actor,
  known: ReadonlySet<string> | undefined,
  rest: () => Promise<void>,
): Promise<ActorSnapshot> {
  const { decider, kind, key, restoredSeq, partition } = actor;
  const saved = await runInSlices(encodeState(decider, actor.state, known), rest).catch((error: unknown) => {
    throw new Unrecoverable(partition.number, `${kind}/${key} cannot be saved: ${error}`);
  });
  return {
    ...saved,
    kind,
    key,
    version: decider.version,
    seq: Math.max(partition.seq, restoredSeq),
    ...(isIdle(actor) ? { passivatedHash: addressHash(kind, key) } : {}),
  };
}
