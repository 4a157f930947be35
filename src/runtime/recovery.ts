/**
 * Recovery of a partition: claim it (which fences every earlier owner), load the saved actors, replay the frames
 * after the checkpoint. A gap or a frame that cannot be trusted halts this partition and says so; others go on.
 */
import { unpack } from 'msgpackr';
import type { AnyDecider } from '../protocol/decider.ts';
import { CorruptFrame, decodeFrame } from '../protocol/frame.ts';
import type { Claim, Frame, Journal, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Clock } from './clock.ts';
import type { Partition } from './partition.ts';

const framesPerRead = 512;

export interface RecoveryReport {
  actors: number;
  frames: number;
  events: number;
  tookMs: number;
}

/** What is stored of a partition contradicts itself. */
class Unrecoverable extends Error {
  constructor(partition: number, reason: string) {
    super(`partition ${partition}: ${reason}`);
    this.name = 'Unrecoverable';
  }
}

export interface RecoveryDeps {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly deciders: ReadonlyMap<string, AnyDecider>;
  readonly clock: Pick<Clock, 'now' | 'advanceTo'>;
  readonly log: Log;
}

/** Claims and replays; a partition that could not be recovered has its `fault` set and stays closed. */
export async function recover(partitions: readonly Partition[], deps: RecoveryDeps): Promise<RecoveryReport> {
  const startedAt = performance.now();
  const report: RecoveryReport = { actors: 0, frames: 0, events: 0, tookMs: 0 };
  const claims = await deps.journal.claim(partitions.map((partition) => partition.number));
  for (const [index, partition] of partitions.entries()) {
    try {
      await recoverOne(partition, claims[index]!, deps, report);
    } catch (error) {
      if (!(error instanceof CorruptFrame || error instanceof Unrecoverable)) throw error;
      partition.fault = error.message;
      deps.log('error', 'partition halted: its journal cannot be replayed', {
        partition: partition.number,
        reason: error.message,
      });
    }
  }
  report.tookMs = performance.now() - startedAt;
  return report;
}

async function recoverOne(
  partition: Partition,
  claim: Claim,
  deps: RecoveryDeps,
  report: RecoveryReport,
): Promise<void> {
  const saved = await deps.snapshots.load(partition.number);
  for (const { kind, key, version, seq, state } of saved.actors) {
    const decider = deciderOf(deps, kind);
    partition.install(decider, key, restore(decider, key, version, state, partition.number), seq);
    report.actors++;
  }
  partition.epoch = claim.epoch;
  partition.checkpointSeq = saved.checkpointSeq;
  partition.checkpointAtMs = deps.clock.now();
  if (claim.tailSeq < saved.checkpointSeq) {
    throw new CorruptFrame(
      partition.number,
      claim.tailSeq,
      `the journal ends before the snapshot (${saved.checkpointSeq})`,
    );
  }
  let seq = saved.checkpointSeq;
  while (seq < claim.tailSeq) {
    const frames = await deps.journal.read(partition.number, seq, framesPerRead);
    if (frames.length === 0) throw new CorruptFrame(partition.number, seq + 1, 'it is missing');
    for (const frame of frames) {
      if (frame.seq !== seq + 1) throw new CorruptFrame(partition.number, seq + 1, 'it is missing');
      replay(partition, frame, deps, report);
      seq = frame.seq;
    }
  }
  partition.seq = seq;
  partition.ackedSeq = seq;
}

/** A state that cannot be read halts its partition: guessing it would be worse. */
function restore(
  decider: AnyDecider,
  key: string,
  version: number,
  state: Uint8Array,
  partition: number,
): unknown {
  try {
    return decider.restore(key, unpack(state), version);
  } catch (error) {
    throw new Unrecoverable(partition, `the snapshot of ${decider.kind}/${key} cannot be read: ${error}`);
  }
}

function replay(partition: Partition, frame: Frame, deps: RecoveryDeps, report: RecoveryReport): void {
  report.frames++;
  for (const { kind, key, event } of decodeFrame(frame)) {
    const actor = partition.actor(deciderOf(deps, kind), key);
    if (frame.seq <= actor.restoredSeq) continue;
    partition.evolve(actor, event);
    partition.dirty.add(actor);
    report.events++;
    const { atMs } = event as { atMs?: number };
    if (atMs !== undefined) deps.clock.advanceTo(atMs);
  }
}

function deciderOf(deps: RecoveryDeps, kind: string): AnyDecider {
  const decider = deps.deciders.get(kind);
  if (!decider) throw new Error(`the journal holds an actor of unknown kind "${kind}"`);
  return decider;
}
