/**
 * Journal and snapshots in memory, with the contract of the real ones: the same conformance suite runs against it.
 * Tests may hold back answers and refuse appends.
 */
import type {
  ActorSnapshot,
  AppendOutcome,
  Checkpoint,
  Claim,
  Frame,
  Journal,
  Newest,
  PassivatedStore,
  Save,
  SavedPartition,
  SnapshotStore,
} from '../../src/protocol/journal.ts';
import { all, filled } from './saved-blocks.ts';

interface SavedActors {
  checkpointSeq: number;
  engineMs: number;
  actors: Map<string, ActorSnapshot>;
}

interface Stream {
  epoch: number;
  tailSeq: number;
  owner: string | null;
  takenOverAtMs: number;
  frames: Frame[];
}

export class MemoryStore {
  readonly streams = new Map<number, Stream>();
  readonly snapshots = new Map<number, SavedActors>();
  projected = Number.POSITIVE_INFINITY;
  /** Set to let something happen between the questions of whoever loads a partition. */
  interlude: ((partition: number) => Promise<void>) | null = null;

  stream(partition: number): Stream {
    let stream = this.streams.get(partition);
    if (!stream) {
      stream = { epoch: 0, tailSeq: 0, owner: null, takenOverAtMs: Number.NEGATIVE_INFINITY, frames: [] };
      this.streams.set(partition, stream);
    }
    return stream;
  }
}

export class MemoryJournal implements Journal {
  readonly durability = 'in memory: nothing survives';
  readonly isDurable = false;
  readonly store: MemoryStore;
  /** Set to hold answers back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Set to answer something else than the truth. */
  sabotage: ((frame: Frame) => AppendOutcome | 'lost-answer' | null) | null = null;
  appends = 0;

  constructor(store: MemoryStore) {
    this.store = store;
  }

  async claim(partitions: readonly number[], owner: string | null = null): Promise<Claim[]> {
    return partitions.map((partition) => {
      const stream = this.store.stream(partition);
      if (stream.owner !== null && stream.owner !== owner) stream.takenOverAtMs = performance.now();
      const isTakenOver = performance.now() - stream.takenOverAtMs < 1_000;
      stream.owner = owner;
      return { partition, epoch: ++stream.epoch, tailSeq: stream.tailSeq, isTakenOver };
    });
  }

  async release(partitions: readonly number[], owner: string): Promise<void> {
    for (const partition of partitions) {
      const stream = this.store.stream(partition);
      if (stream.owner === owner) stream.owner = null;
    }
  }

  async newest(partitions: readonly number[]): Promise<Newest[]> {
    await this.gate;
    return partitions.map((partition) => {
      const { epoch, tailSeq } = this.store.stream(partition);
      return { partition, epoch, seq: tailSeq };
    });
  }

  async append(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    this.appends++;
    await this.gate;
    return frames.map((frame) => {
      const forced = this.sabotage?.(frame) ?? null;
      if (forced !== null && forced !== 'lost-answer') return forced;
      const outcome = this.#append(frame);
      return forced === 'lost-answer' ? 'unknown' : outcome;
    });
  }

  async restore(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) this.#append(frame);
  }

  #append(frame: Frame): AppendOutcome {
    const stream = this.store.stream(frame.partition);
    if (frame.epoch !== stream.epoch) return 'stale';
    if (frame.seq <= stream.tailSeq) return 'repeat';
    if (frame.seq !== stream.tailSeq + 1) return 'gap';
    stream.frames.push({ ...frame, bytes: frame.bytes.slice() });
    stream.tailSeq = frame.seq;
    return 'ok';
  }

  async read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    return this.store
      .stream(partition)
      .frames.filter((frame) => frame.seq > afterSeq)
      .slice(0, limit);
  }

  async readMany(after: readonly { partition: number; afterSeq: number }[], limit: number): Promise<Frame[]> {
    const frames = await Promise.all(
      after.map(({ partition, afterSeq }) => this.read(partition, afterSeq, limit)),
    );
    return frames.flat();
  }

  async trim(partition: number, upToSeq: number): Promise<void> {
    const stream = this.store.stream(partition);
    stream.frames = stream.frames.filter((frame) => frame.seq > upToSeq);
  }

  async sizeBytes(): Promise<number> {
    let bytes = 0;
    for (const stream of this.store.streams.values())
      for (const frame of stream.frames) bytes += frame.bytes.length;
    return bytes;
  }

  async close(): Promise<void> {}
}

export class MemorySnapshots implements SnapshotStore, PassivatedStore {
  readonly store: MemoryStore;
  constructor(store: MemoryStore) {
    this.store = store;
  }

  async load(partition: number): Promise<SavedPartition> {
    const saved = this.store.snapshots.get(partition);
    const { checkpointSeq = 0, engineMs = 0 } = saved ?? {};
    return { checkpointSeq, engineMs, actors: [...(saved?.actors.values() ?? [])] };
  }

  async checkpoint(partition: number): Promise<Checkpoint> {
    const { checkpointSeq = 0, engineMs = 0 } = this.store.snapshots.get(partition) ?? {};
    return { checkpointSeq, engineMs };
  }

  async heavyPartitions(partitions: readonly number[], bytes: number): Promise<number[]> {
    return partitions.filter((partition) =>
      [...(this.store.snapshots.get(partition)?.actors.values() ?? [])].some(
        ({ state, passivatedHash }) => passivatedHash === undefined && state.length > bytes,
      ),
    );
  }

  async save({ partition, fromSeq, toSeq, actors, engineMs }: Save): Promise<boolean> {
    const saved = this.store.snapshots.get(partition) ?? { checkpointSeq: 0, engineMs: 0, actors: new Map() };
    if (saved.checkpointSeq !== fromSeq) return false;
    // All or nothing: whoever encodes them may throw.
    const encoded = await all(actors);
    // Somebody else may have saved while they were encoded.
    if (saved.checkpointSeq !== fromSeq) return false;
    saved.checkpointSeq = toSeq;
    saved.engineMs = Math.max(saved.engineMs, engineMs);
    for (const actor of encoded) {
      const name = `${actor.kind}/${actor.key}`;
      saved.actors.set(name, filled(actor, saved.actors.get(name)));
    }
    this.store.snapshots.set(partition, saved);
    return true;
  }

  async loadActive(partition: number): Promise<SavedPartition> {
    const { actors, ...saved } = await this.load(partition);
    return { ...saved, actors: actors.filter((actor) => actor.passivatedHash === undefined) };
  }

  async passivatedHashes(partition: number): Promise<number[]> {
    await this.store.interlude?.(partition);
    const { actors } = await this.load(partition);
    return actors.flatMap(({ passivatedHash }) => (passivatedHash === undefined ? [] : [passivatedHash]));
  }

  async loadPassivated(
    partition: number,
    asked: readonly { kind: string; key: string }[],
  ): Promise<ActorSnapshot[]> {
    const saved = this.store.snapshots.get(partition)?.actors;
    return asked.flatMap(({ kind, key }) => saved?.get(`${kind}/${key}`) ?? []);
  }

  async projectedSeq(): Promise<number> {
    return this.store.projected;
  }
}
