/** What stores in memory do about the blocks of an actor: those that come without bytes are those of its save before. */
import type { ActorSnapshot } from '../../src/protocol/journal.ts';

export function filled(saved: ActorSnapshot, before: ActorSnapshot | undefined): ActorSnapshot {
  if (saved.blocks === undefined) return saved;
  const bytesByHash = new Map(before?.blocks?.map(({ hash, bytes }) => [hash, bytes]));
  return {
    ...saved,
    blocks: saved.blocks.map(({ hash, bytes }) => ({ hash, bytes: bytes ?? bytesByHash.get(hash) ?? null })),
  };
}

export async function all<Item>(items: Iterable<Item> | AsyncIterable<Item>): Promise<Item[]> {
  const gathered: Item[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}
