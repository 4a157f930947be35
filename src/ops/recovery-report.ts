/** What is known of a partition that cannot be opened, and what acknowledging its data loss would make of it. */
import type { JournalPosition } from '../persistence/journal/positions.ts';
import type { Inspection } from './inspection.ts';

export interface HaltedPartition {
  readonly partition: number;
  readonly fault: string;
  /** False when a saved state cannot be read: only a backup helps. */
  readonly isAcceptable: boolean;
  readonly checkpointSeq: number;
  /** The last frame that a saved actor contains. */
  readonly savedSeq: number;
  readonly projectedSeq: number;
  readonly tailSeq: number | null;
  /** The last frame that would count. */
  readonly keptSeq: number;
  /** Frames known to have been acknowledged that would not count, at least. */
  readonly lostFrames: number;
  /** Where numbering would go on. */
  readonly resumeSeq: number;
}

/** null: the partition is not halted. */
export function haltedPartition(
  inspection: Inspection,
  { partition, projectedSeq, tailSeq }: JournalPosition,
): HaltedPartition | null {
  if (inspection.fault === null) return null;
  const { checkpointSeq, savedSeq, seq: keptSeq } = inspection;
  const seenSeq = Math.max(keptSeq, savedSeq, projectedSeq, tailSeq ?? 0);
  return {
    partition,
    fault: inspection.fault,
    isAcceptable: inspection.isReadable,
    checkpointSeq,
    savedSeq,
    projectedSeq,
    tailSeq,
    keptSeq,
    lostFrames: seenSeq - keptSeq,
    resumeSeq: seenSeq + 1,
  };
}

export function haltedText(halted: readonly HaltedPartition[]): string {
  if (halted.length === 0) return 'No partition is halted.\n';
  const paragraphs = halted.map((one) =>
    [
      `Partition ${one.partition}: ${one.fault}`,
      `  snapshots    checkpoint ${one.checkpointSeq}, newest state ${one.savedSeq}`,
      `  tables       have taken in frame ${one.projectedSeq}`,
      `  journal      ${one.tailSeq === null ? 'is not there' : `ends at frame ${one.tailSeq}`}`,
      one.isAcceptable
        ? `  if accepted  frames up to ${one.keptSeq} count, at least ${one.lostFrames} are given up, numbering goes on after ${one.resumeSeq}`
        : '  cannot be accepted: a saved state cannot be read, bring back a backup',
    ].join('\n'),
  );
  return `${paragraphs.join('\n')}\n`;
}
