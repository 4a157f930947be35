/**
 * Replay: how actors are made from what is stored of them. Recovery, the snapshotter, the operators' inspection and
 * the simulator all come through here, so that they see the same actors.
 *
 * 1. An actor begins as it was saved, or new; then it takes every event of the frames after that, in their order.
 * 2. Frames follow each other without a gap. What cannot be trusted is never guessed: it throws. So does what is not
 *    known here: a kind, an event, a version of a later release.
 */
import type { AnyDecider, AnyEvent } from '../protocol/decider.ts';
import { CorruptFrame, decodeFrame, type JournalRecord } from '../protocol/frame.ts';
import type { ActorSnapshot, Frame, PassivatedStore } from '../protocol/journal.ts';
import { runToEnd, type Slices } from '../protocol/slices.ts';
import type { Clock } from './clock.ts';
import type { Actor, Partition } from './partition.ts';
import { decodeState } from './saved-state.ts';

export type Deciders = ReadonlyMap<string, AnyDecider>;

/** What is stored of a partition contradicts itself. */
export class Unrecoverable extends Error {
  constructor(partition: number, reason: string) {
    super(`partition ${partition}: ${reason}`);
    this.name = 'Unrecoverable';
  }
}

export interface DecodedFrame {
  readonly seq: number;
  readonly records: readonly JournalRecord[];
}

export function decidersByKind(deciders: readonly AnyDecider[]): Deciders {
  return new Map(deciders.map((decider) => [decider.kind, decider]));
}

/** Puts a saved actor into memory. */
export function restoreActor(partition: Partition, saved: ActorSnapshot, deciders: Deciders): Actor {
  return runToEnd(restoreActorInSlices(partition, saved, deciders));
}

export function* restoreActorInSlices(
  partition: Partition,
  saved: ActorSnapshot,
  deciders: Deciders,
): Slices<Actor> {
  const { kind, key, version, seq } = saved;
  const decider = deciderOf(partition, kind, deciders);
  try {
    const snapshot = decodeState(saved);
    yield;
    const state = decider.restoreInSlices
      ? yield* decider.restoreInSlices(key, snapshot, version)
      : decider.restore(key, snapshot, version);
    return partition.install(decider, key, state, seq);
  } catch (error) {
    throw new Unrecoverable(partition.number, `the snapshot of ${kind}/${key} cannot be read: ${error}`);
  }
}

/**
 * Applies the frame that follows the partition's last one, and returns the number of events that were new to the
 * actors. `onTime` is told the engine time of every such event.
 *
 * @throws CorruptFrame or Unrecoverable
 */
export function replayFrame(
  partition: Partition,
  { seq, records }: DecodedFrame,
  deciders: Deciders,
  onTime?: (atMs: number) => void,
): number {
  if (seq !== partition.seq + 1) throw new CorruptFrame(partition.number, partition.seq + 1, 'it is missing');
  let events = 0;
  for (const { kind, key, event } of records) {
    const actor = partition.actor(deciderOf(partition, kind, deciders), key);
    if (seq <= actor.restoredSeq) continue;
    try {
      partition.evolve(actor, event, seq);
    } catch (error) {
      partition.broken = actor;
      throw new Unrecoverable(partition.number, `frame ${seq}: ${cannotApply(actor, event, error)}`);
    }
    events++;
    const atMs = timeOf(event);
    if (atMs !== undefined) onTime?.(atMs);
  }
  partition.seq = seq;
  return events;
}

/** The engine time at which it was decided, where the event says so. */
export function timeOf(event: unknown): number | undefined {
  return (event as { atMs?: number }).atMs;
}

export interface ReplayDeps {
  readonly deciders: Deciders;
  readonly clock: Pick<Clock, 'advanceTo'>;
  /** null: every saved actor is in memory already. */
  readonly passivated: Pick<PassivatedStore, 'loadPassivated'> | null;
  /** Awaited after each frame: others get their turn, or the work ends when it rejects. Without it there is no pause. */
  readonly rest?: () => Promise<void>;
}

/**
 * Applies stored frames, and returns the number of events. Actors that are not in memory and for which
 * `mayBePassivated` holds are looked for in the store first. Engine time never falls behind what was replayed.
 *
 * @throws CorruptFrame or Unrecoverable: nothing can be said about this partition from here on.
 */
export async function replay(
  partition: Partition,
  frames: readonly Frame[],
  mayBePassivated: (record: JournalRecord) => boolean,
  { deciders, clock, passivated, rest }: ReplayDeps,
): Promise<number> {
  const decoded: DecodedFrame[] = [];
  for (const frame of frames) {
    decoded.push({ seq: frame.seq, records: decodeFrame(frame) });
    if (rest) await rest();
  }
  if (passivated) {
    const wanted = passivatedIn(partition, decoded, mayBePassivated);
    const saved = wanted.length === 0 ? [] : await passivated.loadPassivated(partition.number, wanted);
    if (partition.isGone) return 0;
    for (const actor of saved) restoreActor(partition, actor, deciders);
  }
  let events = 0;
  const onTime = (atMs: number) => clock.advanceTo(atMs);
  for (const frame of decoded) {
    events += replayFrame(partition, frame, deciders, onTime);
    if (rest) await rest();
  }
  return events;
}

/** The passivated actors that these frames are about. */
function passivatedIn(
  partition: Partition,
  frames: readonly DecodedFrame[],
  mayBePassivated: (record: JournalRecord) => boolean,
): JournalRecord[] {
  const wanted = new Map<string, JournalRecord>();
  let last: JournalRecord | null = null;
  for (const { records } of frames) {
    for (const record of records) {
      const { kind, key } = record;
      // In a rush most events are of the actor before.
      if (key === last?.key && kind === last.kind) continue;
      last = record;
      if (!partition.find(kind, key) && mayBePassivated(record)) wanted.set(`${kind}/${key}`, record);
    }
  }
  return [...wanted.values()];
}

/** Of an event that its actor does not know, or that contradicts the actor's state. */
export function cannotApply(
  { kind, key }: Pick<Actor, 'kind' | 'key'>,
  { type }: AnyEvent,
  error: unknown,
): string {
  return `${type} of ${kind}/${key} cannot be applied: ${error}`;
}

function deciderOf({ number }: Partition, kind: string, deciders: Deciders): AnyDecider {
  const decider = deciders.get(kind);
  if (!decider) throw new Unrecoverable(number, `it holds an actor of unknown kind "${kind}"`);
  return decider;
}
