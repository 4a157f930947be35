/**
 * The journal's contract, which both implementations and the simulator's fulfil and one conformance suite checks.
 *
 * 1. Frames of one partition are numbered 1, 2, 3 … for ever, across owners: no repeats, no gaps.
 * 2. Only the owner with the newest epoch can append: once `claim` has returned, no append of an older epoch succeeds.
 * 3. `append` answers after the frames are durable (as durable as `durability` says).
 * 4. A lost connection during an append is settled inside: it is known to be there, known not to be, or the answer
 *    is `unknown`: the writer may only append exactly that frame again (or claim anew), until it is known.
 */

/** One sealed batch of records of one partition; `bytes` is opaque here and carries its own checksum. */
export interface Frame {
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** `stale`: a newer epoch owns the partition. `gap`: seq does not follow the tail. `unknown`: see invariant 4. */
export type AppendOutcome = 'ok' | 'stale' | 'repeat' | 'gap' | 'unknown';

export interface Claim {
  readonly partition: number;
  readonly epoch: number;
  /** The last frame in the journal, 0 when there was never any. */
  readonly tailSeq: number;
  /** Another process held the partition a moment ago, and has not let go of it: it may still answer from memory. */
  readonly isTakenOver: boolean;
  /** The journal is known to have lost frames of this partition, and how: the partition must stay closed. */
  readonly fault?: string;
}

/** The end of a partition's journal. `seq` is its last frame, or 0 where its newest entry is the mark of a claim. */
export interface Newest {
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
}

export interface Journal {
  /** What an acknowledgement means here, in one sentence, for the start-up log and /readyz. */
  readonly durability: string;
  /** True when an acknowledged frame survives a power loss. */
  readonly isDurable: boolean;
  /** Raises the epochs and fences older owners. Answers in the order asked. `owner` names the claiming process. */
  claim(partitions: readonly number[], owner?: string): Promise<Claim[]>;
  /** Lets go of what this owner still holds: whoever comes next need not wait for its lease to end. */
  release(partitions: readonly number[], owner: string): Promise<void>;
  /** Who owns these partitions now, and how far their frames go. Answers in the order asked. */
  newest(partitions: readonly number[]): Promise<Newest[]>;
  /** At most one frame per partition in a call, and one call in flight per partition. One outcome per frame. */
  append(frames: readonly Frame[]): Promise<AppendOutcome[]>;
  /**
   * Appends again what was acknowledged and is lost: the owner's own frames of one partition, as they were, those that
   * follow the tail. Resolves once they are there.
   */
  restore(frames: readonly Frame[]): Promise<void>;
  /** Frames after `afterSeq`, oldest first, at most `limit`. */
  read(partition: number, afterSeq: number, limit: number): Promise<Frame[]>;
  /** Many partitions at once, at most `limit` frames of each; those without news are left out. */
  readMany(after: readonly { partition: number; afterSeq: number }[], limit: number): Promise<Frame[]>;
  /** Drops frames up to and including `upToSeq`; numbering goes on. */
  trim(partition: number, upToSeq: number): Promise<void>;
  /** Rough size on the store, in bytes. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** A part of an actor's state that is saved on its own, by what is in it: the same bytes are not written again. */
export interface Block {
  /** SHA-256 of the bytes, in hex. */
  readonly hash: string;
  /** null in a save: the store has it from the actor's save before. null of what was loaded: the store lacks it. */
  readonly bytes: Uint8Array | null;
}

/** An actor's state as it is saved. */
export interface SavedState {
  readonly state: Uint8Array;
  /** All that belong to the state, in their order; none where it is whole. */
  readonly blocks?: readonly Block[];
}

/** A saved actor state. `seq` is the partition's last frame that it contains. */
export interface ActorSnapshot extends SavedState {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  readonly seq: number;
  /** Set when nothing was pending in the actor: it may stay in the store until it is asked for. See `PassivatedStore`. */
  readonly passivatedHash?: number;
}

export interface Checkpoint {
  /** The frame after which replay starts; 0: at the beginning. */
  readonly checkpointSeq: number;
  /** Engine time of the save: time goes on from there even if the wall clock was set back and nothing is replayed. */
  readonly engineMs: number;
}

export interface SavedPartition extends Checkpoint {
  readonly actors: ActorSnapshot[];
}

/** What a save puts in: actors as they are after frame `toSeq`, where the store still is at `fromSeq`. */
export interface Save {
  readonly partition: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Gone through once, a part at a time, so that they need not all be encoded at once. */
  readonly actors: Iterable<ActorSnapshot> | AsyncIterable<ActorSnapshot>;
  readonly engineMs: number;
}

export interface SnapshotStore {
  /** Every saved actor of the partition, as of its checkpoint. */
  load(partition: number): Promise<SavedPartition>;
  checkpoint(partition: number): Promise<Checkpoint>;
  /** Those of the partitions in which the state of one actor that is not passivated is saved in more than so many bytes, blocks included. */
  heavyPartitions(partitions: readonly number[], bytes: number): Promise<number[]>;
  /**
   * All or nothing: the actors, their blocks and the new checkpoint. Refused (false) when the checkpoint is not `fromSeq`
   * any more. Blocks of earlier saves that an actor no longer has go with the same save.
   */
  save(save: Save): Promise<boolean>;
  /** The last frame that every projection has consumed, for trimming. */
  projectedSeq(partition: number): Promise<number>;
}

/** Saved actors that need not be in memory. They are known by hashes of `kind/key`, which two addresses may share. */
export interface PassivatedStore {
  /** As `SnapshotStore.load`, without the actors that were saved with a `passivatedHash`. */
  loadActive(partition: number): Promise<SavedPartition>;
  /** The hashes of all others. */
  passivatedHashes(partition: number): Promise<number[]>;
  /** Those of the asked actors that exist. */
  loadPassivated(
    partition: number,
    actors: readonly { kind: string; key: string }[],
  ): Promise<ActorSnapshot[]>;
}
