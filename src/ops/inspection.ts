/**
 * A partition as its next owner would find it, made without claiming anything: saved actors, and the frames after them.
 *
 * 1. Nothing is written: a running server does not notice.
 * 2. The frames that count are those that follow the checkpoint without a gap. Where that row ends before what is
 *    known to have been acknowledged, the partition has a `fault`; whatever comes after a gap is not applied.
 * 3. A running server trims behind its snapshots: what vanished while we looked is looked for again from the newer
 *    snapshots, `triesMax` times.
 */
import { unpack } from 'msgpackr';
import type { AnyDecider } from '../protocol/decider.ts';
import { CorruptFrame, decodeFrame } from '../protocol/frame.ts';
import type { Frame, Journal, SnapshotStore } from '../protocol/journal.ts';

export interface InspectedActor {
  readonly decider: AnyDecider;
  readonly key: string;
  readonly state: unknown;
  /** The last frame that the saved state contained. */
  readonly savedSeq: number;
}

export interface Inspection {
  readonly partition: number;
  readonly checkpointSeq: number;
  /** The last frame that any saved actor contains. */
  readonly savedSeq: number;
  readonly actors: ReadonlyMap<string, InspectedActor>;
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
  readonly deciders: ReadonlyMap<string, AnyDecider>;
  position(partition: number): Promise<Known>;
}

/** What is known of the partition from elsewhere: see `JournalPosition`. */
export interface Known {
  /** The journal's last frame; null when the journal is gone. */
  readonly tailSeq: number | null;
  readonly checkpointSeq: number;
  readonly projectedSeq: number;
}

type Working = Inspection & { readonly actors: Map<string, InspectedActor> };

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

async function load(partition: number, deps: InspectionDeps): Promise<Working> {
  const saved = await deps.snapshots.load(partition);
  const inspection: Working = {
    partition,
    checkpointSeq: saved.checkpointSeq,
    savedSeq: saved.actors.reduce((newest, { seq }) => Math.max(newest, seq), saved.checkpointSeq),
    actors: new Map(),
    seq: saved.checkpointSeq,
    frames: 0,
    events: 0,
    fault: null,
    isReadable: true,
  };
  for (const { kind, key, version, seq, state } of saved.actors) {
    try {
      const decider = deciderOf(deps, kind);
      const restored = decider.restore(key, unpack(state), version);
      inspection.actors.set(`${kind}/${key}`, { decider, key, state: restored, savedSeq: seq });
    } catch (error) {
      inspection.fault = `the snapshot of ${kind}/${key} cannot be read: ${error}`;
      inspection.isReadable = false;
      return inspection;
    }
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
      apply(inspection as Working, frame, deps);
      if (inspection.fault === null) onFrame?.(frame);
    }
    if (frames.length === 0) return;
  }
}

function apply(inspection: Working, frame: Frame, deps: InspectionDeps): void {
  if (frame.seq !== inspection.seq + 1) {
    inspection.fault = `frame ${inspection.seq + 1} is missing: the journal goes on with frame ${frame.seq}`;
    return;
  }
  try {
    for (const { kind, key, event } of decodeFrame(frame)) {
      const address = `${kind}/${key}`;
      let actor = inspection.actors.get(address);
      if (!actor) {
        const decider = deciderOf(deps, kind);
        actor = { decider, key, state: decider.initial(key), savedSeq: 0 };
        inspection.actors.set(address, actor);
      }
      if (frame.seq <= actor.savedSeq) continue;
      actor.decider.evolve(actor.state, event);
      inspection.events++;
    }
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

function deciderOf(deps: InspectionDeps, kind: string): AnyDecider {
  const decider = deps.deciders.get(kind);
  if (!decider) throw new Error(`an actor of unknown kind "${kind}"`);
  return decider;
}
