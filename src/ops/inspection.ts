/**
 * A partition as its next owner would find it, made without claiming anything: saved actors, and the frames after them.
 *
 * 1. Nothing is written: a running server does not notice.
 * 2. The frames that count are those that follow the checkpoint without a gap. Where that row ends before what is
 *    known to have been acknowledged, the partition has a `fault`; whatever comes after a gap is not applied.
 * 3. A running server trims behind its snapshots: what vanished while we looked is looked for again from the newer
 *    snapshots, `triesMax` times.
 */
import { CorruptFrame, decodeFrame } from '../protocol/frame.ts';
import type { Frame, Journal, SnapshotStore } from '../protocol/journal.ts';
import { Partition } from '../runtime/partition.ts';
import { type Deciders, replayFrame, restoreActor } from '../runtime/replay.ts';

export interface Inspection {
  readonly partition: number;
  readonly checkpointSeq: number;
  /** The last frame that any saved actor contains. */
  readonly savedSeq: number;
  /** The actors as they are after frame `seq`. */
  readonly memory: Partition;
  /** The last frame that was applied. */
  seq: number;
  frames: number;
  events: number;
  /** What contradicts itself, in words. */
  fault: string | null;
  /** False when a saved state cannot be read: nothing can be built on it. */
  isReadable: boolean;
}

export interface InspectionDeps {
  readonly journal: Pick<Journal, 'read'>;
  readonly snapshots: Pick<SnapshotStore, 'load'>;
  readonly deciders: Deciders;
  position(partition: number): Promise<Known>;
}

/** What is known of the partition from elsewhere: see `JournalPosition`. */
export interface Known {
  /** The journal's last frame; null when the journal is gone. */
  readonly tailSeq: number | null;
  readonly checkpointSeq: number;
  readonly projectedSeq: number;
}

const framesPerRead = 512;
const triesMax = 5;

export async function inspect(partition: number, deps: InspectionDeps): Promise<Inspection> {
  for (let tries = 1; ; tries++) {
    const inspection = await load(partition, deps);
    if (!inspection.isReadable) return inspection;
    // After the snapshots and before the frames: a sound journal then has all that either of the two shows.
    const known = await deps.position(partition);
    await readOn(inspection, Number.POSITIVE_INFINITY, deps);
    inspection.fault ??= shortfall(inspection, known);
    if (inspection.fault === null || tries === triesMax) return inspection;
    const { checkpointSeq } = await deps.position(partition);
    // Nobody is at work on it: what is missing stays missing.
    if (checkpointSeq === inspection.checkpointSeq) return inspection;
  }
}

async function load(partition: number, deps: InspectionDeps): Promise<Inspection> {
  const saved = await deps.snapshots.load(partition);
  const memory = new Partition(partition, false);
  memory.seq = saved.checkpointSeq;
  const inspection: Inspection = {
    partition,
    checkpointSeq: saved.checkpointSeq,
    savedSeq: saved.actors.reduce((newest, { seq }) => Math.max(newest, seq), saved.checkpointSeq),
    memory,
    seq: saved.checkpointSeq,
    frames: 0,
    events: 0,
    fault: null,
    isReadable: true,
  };
  try {
    for (const actor of saved.actors) restoreActor(memory, actor, deps.deciders);
  } catch (error) {
    inspection.fault = error instanceof Error ? error.message : String(error);
    inspection.isReadable = false;
  }
  return inspection;
}

/** Applies frames up to `upToSeq`, as far as they are there. Sets `fault` at a gap or a frame that cannot be trusted. */
export async function readOn(
  inspection: Inspection,
  upToSeq: number,
  deps: InspectionDeps,
  onFrame?: (frame: Frame) => void,
): Promise<void> {
  while (inspection.seq < upToSeq && inspection.fault === null) {
    const limit = Math.min(framesPerRead, upToSeq - inspection.seq);
    const frames = await deps.journal.read(inspection.partition, inspection.seq, limit);
    for (const frame of frames) {
      if (inspection.fault !== null) break;
      apply(inspection, frame, deps);
      if (inspection.fault === null) onFrame?.(frame);
    }
    if (frames.length === 0) return;
  }
}

function apply(inspection: Inspection, frame: Frame, deps: InspectionDeps): void {
  if (frame.seq !== inspection.seq + 1) {
    inspection.fault = `frame ${inspection.seq + 1} is missing: the journal goes on with frame ${frame.seq}`;
    return;
  }
  try {
    const decoded = { seq: frame.seq, records: decodeFrame(frame) };
    inspection.events += replayFrame(inspection.memory, decoded, deps.deciders);
  } catch (error) {
    // A frame is applied whole or not at all in the owner's eyes: here its actors are not used any further.
    if (!(error instanceof CorruptFrame)) inspection.isReadable = false;
    inspection.fault = error instanceof CorruptFrame ? error.message : `frame ${frame.seq}: ${error}`;
    return;
  }
  inspection.seq = frame.seq;
  inspection.frames++;
}

/** Whether the frames end before something that was acknowledged. */
function shortfall(inspection: Inspection, known: Known): string | null {
  if (known.tailSeq === null) return 'its journal is not there';
  const seenSeq = Math.max(inspection.savedSeq, known.projectedSeq);
  if (known.tailSeq < seenSeq)
    return `its journal ends at frame ${known.tailSeq}, but frame ${seenSeq} was acknowledged`;
  if (inspection.seq < known.tailSeq)
    return `frame ${inspection.seq + 1} is missing: the journal goes on to frame ${known.tailSeq}`;
  return null;
}
