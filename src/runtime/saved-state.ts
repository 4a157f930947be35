/**
 * An actor's state as bytes for the store, and back. What its snapshot has in `blocks` stands beside the rest, each block
 * under the hash of its bytes: the rest names the blocks that belong to it, so a save that was cut, or a store that mixed
 * two saves, could never give a state that is put together from both.
 */
import { hash } from 'node:crypto';
import { Packr, unpack } from 'msgpackr';
import type { AnyDecider } from '../protocol/decider.ts';
import type { Block, SavedState } from '../protocol/journal.ts';
import type { Slices } from '../protocol/slices.ts';

interface InBlocks {
  readonly blocks: readonly Uint8Array[];
}

const packr = new Packr({ useRecords: true });

/** `known`: hashes of blocks that the store has of this actor. */
export function* encodeState(
  decider: AnyDecider,
  state: unknown,
  known: ReadonlySet<string> = new Set(),
): Slices<SavedState> {
  const snapshot = decider.snapshotInSlices
    ? yield* decider.snapshotInSlices(state)
    : decider.snapshot(state);
  if (!isInBlocks(snapshot)) return { state: packed(snapshot) };
  const { blocks: parts, ...rest } = snapshot;
  const blocks: Block[] = [];
  for (const bytes of parts) {
    const name = hash('sha256', bytes, 'hex');
    blocks.push({ hash: name, bytes: known.has(name) ? null : bytes });
    yield;
  }
  return { state: packed(rest), blocks };
}

/** The snapshot that was encoded. Throws where a block is missing. */
export function decodeState({ state, blocks }: SavedState): unknown {
  const snapshot: unknown = unpack(state);
  if (blocks === undefined) return snapshot;
  const parts = blocks.map(({ hash: name, bytes }) => {
    if (bytes === null) throw new Error(`block ${name} is missing`);
    return bytes;
  });
  return { ...(snapshot as object), blocks: parts } satisfies InBlocks;
}

function packed(value: unknown): Uint8Array {
  // A copy: the packer goes on using its buffer (and Buffer.slice would be no copy).
  return new Uint8Array(packr.pack(value));
}

function isInBlocks(snapshot: unknown): snapshot is InBlocks {
  return typeof snapshot === 'object' && snapshot !== null && 'blocks' in snapshot;
}
