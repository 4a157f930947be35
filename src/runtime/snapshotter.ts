/**
 * Snapshots of one shard, without stopping it.
 *
 * 1. States are encoded only when the open batch has just been sealed (or is empty): they then contain exactly the
 *    frames up to the partition's `seq`, which is saved with each actor.
 * 2. The checkpoint is the `seq` at which the round over a partition began; whatever changed before is in the round.
 * 3. Nothing is saved before its frames are durable; nothing is trimmed that is not saved and projected.
 */
import { Packr } from 'msgpackr';
import type { ActorSnapshot, Journal, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import { markOf } from './mark-set.ts';
import type { Actor, Partition } from './partition.ts';
import { isIdle } from './sleepers.ts';

/** Encoding stops for this turn after so many milliseconds. */
const encodeBudgetMs = 5;

const retryFirstMs = 250;
const retryMaxMs = 30_000;

interface Round {
  readonly partition: Partition;
  readonly checkpointSeq: number;
  readonly left: Actor[];
  readonly saved: ActorSnapshot[];
}

const packr = new Packr({ useRecords: true });

export class Snapshotter {
  readonly #partitions: readonly Partition[];
  readonly #store: SnapshotStore;
  readonly #journal: Journal;
  readonly #log: Log;
  readonly #now: () => number;
  /** Milliseconds of computing, for the budget of a turn. */
  readonly #elapsed: () => number;
  #round: Round | null = null;
  #isAdvancing = false;
  /** Whether states agree with sealed frames at this moment. */
  readonly #isConsistent: () => boolean;
  #next = 0;
  #retryAtMs = 0;
  #failures = 0;
  /** A partition rests this long between two rounds; 0 while the shard is stopping. */
  everyMs: number;

  constructor(
    partitions: readonly Partition[],
    store: SnapshotStore,
    journal: Journal,
    everyMs: number,
    isConsistent: () => boolean,
    now: () => number,
    elapsed: () => number,
    log: Log,
  ) {
    this.everyMs = everyMs;
    this.#isConsistent = isConsistent;
    this.#partitions = partitions;
    this.#store = store;
    this.#journal = journal;
    this.#now = now;
    this.#elapsed = elapsed;
    this.#log = log;
  }

  /** Called at moments when states agree with sealed frames; encodes a little of the round in progress. */
  encodeSome(): void {
    const round = this.#round;
    // A round without anything left is being saved.
    if (!round) return;
    const untilMs = this.#elapsed() + encodeBudgetMs;
    const { partition } = round;
    while (round.left.length > 0 && this.#elapsed() < untilMs) {
      const actor = round.left.pop()!;
      const { decider, kind, key } = actor;
      partition.dirty.delete(actor);
      round.saved.push({
        kind,
        key,
        version: decider.version,
        seq: partition.seq,
        // A copy: the packer goes on using its buffer (and Buffer.slice would be no copy).
        state: new Uint8Array(packr.pack(decider.snapshot(actor.state))),
        ...(isIdle(actor) ? { sleepMark: markOf(kind, key) } : {}),
      });
    }
  }

  /** Goes on with the round in progress and begins others, until one has to wait or none is due. */
  async advance(): Promise<void> {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#now() >= this.#retryAtMs) {
      this.#round ??= this.#nextRound();
      const round = this.#round;
      if (!round) break;
      if (this.#isConsistent()) this.encodeSome();
      const newestSeq = round.saved.reduce((seq, actor) => Math.max(seq, actor.seq), round.checkpointSeq);
      if (round.left.length > 0 || round.partition.ackedSeq < newestSeq) break;
      await this.#finish(round);
    }
    this.#isAdvancing = false;
  }

  async #finish(round: Round): Promise<void> {
    try {
      await this.#save(round);
      if (this.#failures > 0) this.#log('info', 'snapshots are saved again', { failures: this.#failures });
      this.#failures = 0;
    } catch (error) {
      // Not lost: the journal still has it. The actors are dirty again and come with the next round.
      for (const { kind, key } of round.saved) round.partition.dirty.add(round.partition.find(kind, key)!);
      if (this.#failures++ === 0) {
        this.#log('warn', 'snapshots cannot be saved; the journal keeps everything meanwhile', {
          error: String(error),
        });
      }
      this.#retryAtMs = this.#now() + Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(this.#failures, 10));
    } finally {
      this.#round = null;
    }
  }

  /** What is encoded but not saved yet belongs to this partition. */
  get busyWith(): Partition | null {
    return this.#round?.partition ?? null;
  }

  /** True when every partition is saved up to its last frame. */
  get isDone(): boolean {
    return !this.#round && this.#partitions.every((p) => p.dirty.size === 0 || !p.isOpen);
  }

  #nextRound(): Round | null {
    for (let tried = 0; tried < this.#partitions.length; tried++) {
      const partition = this.#partitions[this.#next++ % this.#partitions.length]!;
      if (!partition.isOpen || partition.dirty.size === 0) continue;
      if (this.#now() - partition.checkpointAtMs < this.everyMs) continue;
      return { partition, checkpointSeq: partition.seq, left: [...partition.dirty], saved: [] };
    }
    return null;
  }

  async #save(round: Round): Promise<void> {
    const { partition, checkpointSeq, saved } = round;
    const { number, epoch } = partition;
    const isOwner = await this.#store.save(number, epoch, checkpointSeq, saved, this.#now());
    if (!isOwner) throw new Error(`partition ${partition.number} has another owner`);
    partition.checkpointSeq = checkpointSeq;
    partition.checkpointAtMs = this.#now();
    const upTo = Math.min(checkpointSeq, await this.#store.projectedSeq(partition.number));
    if (upTo > 0) await this.#journal.trim(partition.number, upTo);
  }
}
