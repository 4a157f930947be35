/**
 * A projection keeps tables that show what the events of one kind of actor have said; a kind may have several. The
 * projector reads the journal and calls them; the actors stay the truth.
 */
import type pg from 'pg';
import type { AnyEvent } from '../protocol/decider.ts';
import type { JournalRecord } from '../protocol/frame.ts';

export interface Projection {
  readonly kind: string;
  /** For every event of the kind, whether it changes a row. */
  readonly types: ReadonlyMap<string, boolean>;
  /**
   * Folds `records`, all of this kind and of these types, into the tables. Records of one key come in their order, each
   * exactly once: the same transaction moves the checkpoints. Throws ProjectionBroken.
   */
  project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void>;
}

/** The events of a kind: one that is left out here does not compile. */
export function eventTypes<Event extends AnyEvent>(
  isTaken: Readonly<Record<Event['type'], boolean>>,
): ReadonlyMap<string, boolean> {
  return new Map(Object.entries<boolean>(isTaken));
}

/** Whether the record is one that the projection takes. Throws ProjectionBroken for an event that it does not know. */
export function takes({ kind, types }: Projection, record: JournalRecord): boolean {
  if (record.kind !== kind) return false;
  const isTaken = types.get(record.event.type);
  if (isTaken === undefined)
    throw new ProjectionBroken(`the event ${record.event.type} of ${kind}/${record.key} is not known`);
  return isTaken;
}

/** An event that cannot follow what the tables hold: the tables no longer agree with the journal. */
export class ProjectionBroken extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProjectionBroken';
  }
}
