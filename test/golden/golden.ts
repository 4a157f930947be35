/**
 * A golden set: what one version of the engine wrote, as text. A set is never changed; a new format gets a new set
 * beside the old ones (`node test/golden/make.ts NAME`). The files are JSON under another name, so that no formatter touches them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface GoldenSet {
  readonly name: string;
  /** Journal frames as they were stored. */
  readonly frames: readonly { partition: number; epoch: number; seq: number; base64: string }[];
  /** Saved actors: some in the middle of the story, all of them at its end. `seq`: the last frame in the state. */
  readonly snapshots: readonly GoldenSnapshot[];
}

export interface GoldenSnapshot {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  readonly seq: number;
  /** The stored bytes (msgpack). */
  readonly base64: string;
  /** The same in words, to be read in a diff and compared. */
  readonly state: unknown;
}

export const folder = fileURLToPath(new URL('.', import.meta.url));

export function goldenSets(): GoldenSet[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.golden'))
    .sort()
    .map((file) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as GoldenSet);
}

export const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** A snapshot as JSON can hold it: bytes as base64, no undefined. */
export function inWords(snapshot: unknown): unknown {
  return JSON.parse(
    JSON.stringify(snapshot, (_, value) => {
      if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
      // A Buffer has turned itself into this before we see it.
      if (value?.type === 'Buffer' && Array.isArray(value.data))
        return { base64: Buffer.from(value.data).toString('base64') };
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      return value;
    }),
  );
}
