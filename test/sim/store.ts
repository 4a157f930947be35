/**
 * What survives: the journal's frames and the saved actors, with the contract of the real stores and no faults of
 * their own. Faults happen on the way to it (disk.ts). Every frame that becomes durable is shown to `onFrame`.
 *
 * In the weak mode appended frames are acknowledged before they are flushed, and `loseTail` cuts off what was not.
 */
import type { ActorSnapshot, AppendOutcome, Claim, Frame, Save } from '../../src/protocol/journal.ts';
import { filled } from '../support/saved-blocks.ts';

interface EncodedSave extends Save {
  readonly actors: readonly ActorSnapshot[];
}

interface Stream {
  epoch: number;
  owner: string | null;
  takenOverAtMs: number;
  tailSeq: number;
  flushedSeq: number;
  trimmedSeq: number;
  frames: Frame[];
}

export interface Saved {
  checkpointSeq: number;
  engineMs: number;
  readonly actors: Map<string, ActorSnapshot>;
}

export class Store {
  readonly streams = new Map<number, Stream>();
  readonly saved = new Map<number, Saved>();
  /** How far every projection has read, by partition. */
  readonly projected = new Map<number, number>();
  /** False in the weak mode. */
  isDurable = true;
  onFrame: (frame: Frame) => void = () => {};
  /** Mutants set them: the epoch is not looked at; a save need not follow the last one. */
  isFencing = true;
  areSavesChecked = true;

  stream(partition: number): Stream {
    let stream = this.streams.get(partition);
    if (!stream) {
      stream = {
        epoch: 0,
        owner: null,
        takenOverAtMs: Number.NEGATIVE_INFINITY,
        tailSeq: 0,
        flushedSeq: 0,
        trimmedSeq: 0,
        frames: [],
      };
      this.streams.set(partition, stream);
    }
    return stream;
  }

  /** As the journal in Redis does: a tail that ends before what anybody has seen is a fault. */
  claim(partition: number, ackedSeq: number, owner: string, nowMs: number): Claim {
    const stream = this.stream(partition);
    if (stream.owner !== null && stream.owner !== owner) stream.takenOverAtMs = nowMs;
    const isTakenOver = nowMs - stream.takenOverAtMs < 1_000;
    stream.owner = owner;
    const claim = { partition, epoch: ++stream.epoch, tailSeq: stream.tailSeq, isTakenOver };
    const seenSeq = this.seenSeq(partition, ackedSeq);
    return seenSeq <= stream.tailSeq ? claim : { ...claim, fault: `frame ${seenSeq} was acknowledged` };
  }

  /** The newest frame that the database or the asking process knows of. */
  seenSeq(partition: number, ackedSeq: number): number {
    const checkpointSeq = this.saved.get(partition)?.checkpointSeq ?? 0;
    return Math.max(checkpointSeq, this.projected.get(partition) ?? 0, ackedSeq);
  }

  append(frame: Frame): AppendOutcome {
    const stream = this.stream(frame.partition);
    if (this.isFencing && frame.epoch !== stream.epoch) return 'stale';
    if (frame.seq <= stream.tailSeq) return 'repeat';
    if (frame.seq !== stream.tailSeq + 1) return 'gap';
    const kept = { ...frame, bytes: frame.bytes.slice() };
    stream.frames.push(kept);
    stream.tailSeq = frame.seq;
    this.onFrame(kept);
    return 'ok';
  }

  read(partition: number, afterSeq: number, limit: number): Frame[] {
    const { frames } = this.stream(partition);
    const from = frames.findIndex((frame) => frame.seq > afterSeq);
    return from < 0 ? [] : frames.slice(from, from + limit);
  }

  trim(partition: number, upToSeq: number): void {
    const stream = this.stream(partition);
    stream.trimmedSeq = Math.max(stream.trimmedSeq, Math.min(upToSeq, stream.tailSeq));
    while (stream.frames.length > 0 && stream.frames[0]!.seq <= upToSeq) stream.frames.shift();
  }

  save({ partition, fromSeq, toSeq, actors, engineMs }: EncodedSave): boolean {
    const saved = this.saved.get(partition) ?? { checkpointSeq: 0, engineMs: 0, actors: new Map() };
    if (this.areSavesChecked && saved.checkpointSeq !== fromSeq) return false;
    saved.checkpointSeq = toSeq;
    saved.engineMs = Math.max(saved.engineMs, engineMs);
    for (const actor of actors) {
      const name = `${actor.kind}/${actor.key}`;
      saved.actors.set(name, filled(actor, saved.actors.get(name)));
    }
    this.saved.set(partition, saved);
    return true;
  }

  flush(): void {
    for (const stream of this.streams.values()) stream.flushedSeq = stream.tailSeq;
  }

  /** The weak mode's power loss: what was acknowledged and not flushed is gone. Returns the frames that were lost. */
  loseTail(): { partition: number; fromSeq: number; toSeq: number }[] {
    const lost: { partition: number; fromSeq: number; toSeq: number }[] = [];
    for (const [partition, stream] of this.streams) {
      if (stream.tailSeq === stream.flushedSeq) continue;
      lost.push({ partition, fromSeq: stream.flushedSeq + 1, toSeq: stream.tailSeq });
      stream.frames = stream.frames.filter((frame) => frame.seq <= stream.flushedSeq);
      stream.tailSeq = stream.flushedSeq;
    }
    return lost;
  }
}
