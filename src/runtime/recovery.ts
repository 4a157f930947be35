/**
 * Recovery of a claimed partition: load the saved actors, replay the frames after the checkpoint. A gap or a frame that
 * cannot be trusted halts this partition and says so; others go on. A halted partition shows what it knows up to there,
 * and changes nothing.
 */
import { CorruptFrame, decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type {
  Claim,
  Frame,
  Journal,
  PassivatedStore,
  SavedPartition,
  SnapshotStore,
} from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import { runInSlices } from '../protocol/slices.ts';
import type { Clock } from './clock.ts';
import type { Partition } from './partition.ts';
import { addressHash } from './passivated-filter.ts';
import {
  type Deciders,
  replay,
  restoreActor,
  restoreActorInSlices,
  timeOf,
  Unrecoverable,
} from './replay.ts';

const triesMax = 10;
/** While one partition is replayed the stores answer for the other. */
const sideBySide = 2;
const framesPerRead = 512;

export interface RecoveryReport {
  actors: number;
  frames: number;
  events: number;
  tookMs: number;
}

export interface RecoveryDeps {
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  /** null: every saved actor is loaded, and none ever leaves memory. */
  readonly passivated: PassivatedStore | null;
  readonly deciders: Deciders;
  readonly clock: Pick<Clock, 'now' | 'advanceTo'>;
  /** Another process has claimed the partition since: what is stored of it is no longer ours to judge. */
  readonly onOvertaken: (partition: Partition, epoch: number) => void;
  readonly log: Log;
  /** Awaited after each small part of the work: see `ReplayDeps`. Without it there is no pause. */
  readonly rest?: () => Promise<void>;
}

/** Replays what was claimed; a partition that could not be recovered has its `fault` set and stays closed. */
export async function recover(
  partitions: readonly Partition[],
  claims: readonly Claim[],
  deps: RecoveryDeps,
): Promise<RecoveryReport> {
  const startedAt = performance.now();
  const report: RecoveryReport = { actors: 0, frames: 0, events: 0, tookMs: 0 };
  const unread = partitions.entries();
  const lanes = Array.from({ length: sideBySide }, async () => {
    for (const [index, partition] of unread) {
      const counts = await recoverPartition(partition, claims[index]!, deps);
      report.actors += counts.actors;
      report.frames += counts.frames;
      report.events += counts.events;
    }
  });
  await Promise.all(lanes);
  report.tookMs = performance.now() - startedAt;
  return report;
}

/**
 * Moves engine time to where the partition's snapshots and frames say that it was, and applies nothing. For partitions
 * that are recovered later than others begin to decide.
 */
export async function recoverTime({ number }: Partition, claim: Claim, deps: RecoveryDeps): Promise<void> {
  const { journal, snapshots, clock } = deps;
  for (let tries = 1; tries <= triesMax; tries++) {
    const { checkpointSeq, engineMs } = await snapshots.checkpoint(number);
    clock.advanceTo(engineMs);
    for (let seq = checkpointSeq; seq < claim.tailSeq; ) {
      const frames = await journal.read(number, seq, framesPerRead);
      if (frames.length === 0) break;
      for (const frame of frames) for (const atMs of timesIn(frame)) clock.advanceTo(atMs);
      seq = frames.at(-1)!.seq;
    }
    // What was trimmed while we read is in a newer snapshot, and so is its time.
    if ((await snapshots.checkpoint(number)).checkpointSeq === checkpointSeq) return;
  }
  throw savedAgainAndAgain(number);
}

function* timesIn(frame: Frame): Generator<number> {
  let records: readonly JournalRecord[];
  try {
    records = decodeFrame(frame);
  } catch (error) {
    // Recovery will come to it, and halt the partition.
    if (error instanceof CorruptFrame) return;
    throw error;
  }
  for (const { event } of records) {
    const atMs = timeOf(event);
    if (atMs !== undefined) yield atMs;
  }
}

function savedAgainAndAgain(partition: number): Error {
  return new Error(`partition ${partition} is saved again and again while it is read`);
}

type Counts = Omit<RecoveryReport, 'tookMs'>;

/** What is saved of a partition, as of one checkpoint. */
interface Saved extends SavedPartition {
  readonly passivatedHashes: readonly number[];
}

/**
 * Snapshotters go on saving and trimming while we read, this process's own and that of an owner who was replaced: what
 * changed while it was loaded, or vanished while it was read, is read again from the newer checkpoint.
 */
async function recoverPartition(partition: Partition, claim: Claim, deps: RecoveryDeps): Promise<Counts> {
  const { number } = partition;
  for (let tries = 1; tries <= triesMax; tries++) {
    partition.clear();
    const saved = await load(number, deps);
    const counts: Counts = { actors: saved.actors.length, frames: 0, events: 0 };
    const hasMoved = async () =>
      (await deps.snapshots.checkpoint(number)).checkpointSeq !== saved.checkpointSeq;
    if (await hasMoved()) continue;
    if (partition.isGone) return counts;
    const failure = await build(partition, claim, saved, counts, deps).then(() => null, damageIn);
    if (failure === null || partition.isGone) return counts;
    if (await hasMoved()) continue;
    const [newest] = await deps.journal.newest([number]);
    if (newest!.epoch > claim.epoch) deps.onOvertaken(partition, newest!.epoch);
    else halt(partition, failure.message, deps.log);
    return counts;
  }
  throw savedAgainAndAgain(number);
}

async function load(number: number, { passivated, snapshots }: RecoveryDeps): Promise<Saved> {
  if (!passivated) return { ...(await snapshots.load(number)), passivatedHashes: [] };
  const saved = await passivated.loadActive(number);
  return { ...saved, passivatedHashes: await passivated.passivatedHashes(number) };
}

/** What is wrong with the partition; anything else that went wrong is thrown on. */
function damageIn(error: unknown): CorruptFrame | Unrecoverable {
  if (error instanceof CorruptFrame || error instanceof Unrecoverable) return error;
  throw error;
}

function halt(partition: Partition, reason: string, log: Log): void {
  if (partition.isGone) return;
  partition.fault = reason;
  partition.isReadOnly = partition.seq > 0;
  // No append of it is under way, so that nobody waits for one when it closes.
  partition.ackedSeq = partition.seq;
  log('error', 'partition halted: its journal cannot be replayed', { partition: partition.number, reason });
}

/** Puts the saved actors and what the journal says of them since into an empty partition. */
async function build(
  partition: Partition,
  claim: Claim,
  saved: Saved,
  counts: Counts,
  deps: RecoveryDeps,
): Promise<void> {
  const { number, passivated } = partition;
  const { checkpointSeq } = saved;
  const { rest } = deps;
  partition.epoch = claim.epoch;
  partition.checkpointSeq = checkpointSeq;
  deps.clock.advanceTo(saved.engineMs);
  for (const hash of saved.passivatedHashes) passivated.add(hash);
  for (const actor of saved.actors) {
    if (rest) await runInSlices(restoreActorInSlices(partition, actor, deps.deciders), rest);
    else restoreActor(partition, actor, deps.deciders);
  }
  partition.seq = checkpointSeq;
  if (claim.fault !== undefined && claim.tailSeq < checkpointSeq)
    throw new Unrecoverable(number, claim.fault);
  const savedSeq = saved.actors.reduce((newest, { seq }) => Math.max(newest, seq), checkpointSeq);
  if (claim.tailSeq < savedSeq)
    throw new CorruptFrame(number, claim.tailSeq, `the journal ends before the snapshot (${savedSeq})`);
  const mayBePassivated = ({ kind, key }: JournalRecord) => passivated.has(addressHash(kind, key));
  while (partition.seq < claim.tailSeq) {
    const frames = await deps.journal.read(number, partition.seq, framesPerRead);
    if (partition.isGone) return;
    if (frames.length === 0) throw new CorruptFrame(number, partition.seq + 1, 'it is missing');
    counts.events += await replay(partition, frames, mayBePassivated, deps);
    counts.frames += frames.length;
  }
  if (claim.fault !== undefined) throw new Unrecoverable(number, claim.fault);
  partition.claimedSeq = partition.seq;
  partition.ackedSeq = partition.seq;
  if (partition.seq > partition.checkpointSeq) partition.unsavedSinceMs = deps.clock.now();
}
