/**
 * What a shard has decided and nobody may see yet: the records wait in their partitions, everything that will leave
 * waits here, also the answers to mere reads, which may show what is not durable. Every entry knows the partition that
 * speaks, because a partition may be taken over while the others of the batch go on.
 */
import type { Code } from '../protocol/codes.ts';
import type { Push } from '../protocol/decider.ts';
import type { ReplyTo } from './mailbox.ts';
import type { Outgoing } from './outbox.ts';
import type { Partition } from './partition.ts';

interface WaitingReply {
  readonly partition: Partition;
  readonly reply: ReplyTo;
  readonly code: Code;
  readonly body: unknown;
}

export interface Batch {
  /** Those with records. */
  partitions: Partition[];
  replies: WaitingReply[];
  pushes: Push[];
  /** The partition of the push at the same place. */
  pushedBy: Partition[];
  outgoing: Outgoing[];
  events: number;
}

export function emptyBatch(): Batch {
  return { partitions: [], replies: [], pushes: [], pushedBy: [], outgoing: [], events: 0 };
}

export function isEmpty({ events, replies, pushes, outgoing }: Batch): boolean {
  return events === 0 && replies.length + pushes.length + outgoing.length === 0;
}

/** Whether the condition holds for each partition that says something in this batch; some are asked about many times. */
export function everySpeaker(batch: Batch, holds: (partition: Partition) => boolean): boolean {
  return (
    batch.replies.every(({ partition }) => holds(partition)) &&
    batch.pushedBy.every(holds) &&
    batch.outgoing.every(({ actor }) => holds(actor.partition))
  );
}

/** Answers `busy` to all who wait for a reply of this batch: its outcome will be found by asking again. */
export function giveUpReplies(batch: Batch): void {
  const { replies } = batch;
  batch.replies = [];
  for (const { reply } of replies) reply('busy', null);
}

/** Takes everything of a partition out: who waits for it is answered `busy`, what it says to others is dropped. */
export function withdraw(batch: Batch, partition: Partition): void {
  const given = batch.replies.filter((waiting) => waiting.partition === partition);
  batch.replies = batch.replies.filter((waiting) => waiting.partition !== partition);
  batch.pushes = batch.pushes.filter((_, index) => batch.pushedBy[index] !== partition);
  batch.pushedBy = batch.pushedBy.filter((by) => by !== partition);
  batch.outgoing = batch.outgoing.filter(({ actor }) => actor.partition !== partition);
  for (const { reply } of given) reply('busy', null);
}
