/**
 * A job is what a noun has to do from time to time without being asked, such as a comparison or a repeat of what could
 * not be done at once. The back office runs it in rounds.
 */
import type { Family } from './metric.ts';

export interface Job {
  /** For the log. */
  readonly name: string;
  /** From the start, or from the end of a round, to the next round. */
  readonly everyMs: number;
  /** A round that throws is over, and the next comes at its time. `stopping` is aborted when the process stops. */
  round(stopping: AbortSignal): Promise<void>;
  metrics(): readonly Family[];
}
