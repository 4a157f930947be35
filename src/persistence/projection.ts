/**
 * A projection keeps tables that show what the events of one kind of actor have said; a kind may have several. The
 * projector reads the journal and calls them; the actors stay the truth.
 */
import type pg from 'pg';
import type { JournalRecord } from '../protocol/frame.ts';

export interface Projection {
  readonly kind: string;
  /** The events that change a row; null: every event of the kind. */
  readonly types: ReadonlySet<string> | null;
  /**
   * Folds `records`, all of this kind and of these types, into the tables. Records of one key come in their order, each
   * exactly once: the same transaction moves the checkpoints. Throws ProjectionBroken.
   */
  project(client: pg.ClientBase, records: readonly JournalRecord[]): Promise<void>;
}

/** Whether the record is one that the projection takes. */
export function takes({ kind, types }: Projection, record: JournalRecord): boolean {
  return record.kind === kind && (types === null || types.has(record.event.type));
}

/** An event that cannot follow what the tables hold: the tables no longer agree with the journal. */
export class ProjectionBroken extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ProjectionBroken';
  }
}
