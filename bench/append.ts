/** Writes a past into a journal, for servers and shards that are to find it there. */
import { partitionCount, partitionOf } from '../src/protocol/address.ts';
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import type { Journal } from '../src/protocol/journal.ts';

/** Claims every partition and appends the records behind what each has, in frames of `recordsPerFrame`. */
export async function append(
  journal: Journal,
  records: Iterable<JournalRecord>,
  recordsPerFrame: number,
): Promise<void> {
  const claims = await journal.claim(Array.from({ length: partitionCount }, (_, partition) => partition));
  const tails = claims.map(({ tailSeq }) => tailSeq);
  const waiting = claims.map((): JournalRecord[] => []);

  async function flush(partition: number): Promise<void> {
    const { epoch } = claims[partition]!;
    const seq = ++tails[partition]!;
    const bytes = encodeFrame(partition, epoch, seq, waiting[partition]!.splice(0));
    const [outcome] = await journal.append([{ partition, epoch, seq, bytes }]);
    if (outcome !== 'ok') throw new Error(`append: ${outcome}`);
  }

  for (const record of records) {
    const partition = partitionOf(record.kind, record.key);
    if (waiting[partition]!.push(record) === recordsPerFrame) await flush(partition);
  }
  for (const [partition, rest] of waiting.entries()) if (rest.length > 0) await flush(partition);
}
