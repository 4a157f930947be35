/**
 * The files of images, as a gateway hands them out: from memory within a bound, else from the store, off its thread.
 *
 * Who asks for one that another request is reading already waits for that; so many are read at once.
 */
import { LRUCache } from 'lru-cache';
import type { BlobStore } from '../../persistence/blobs.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

const keptBytesMax = 32 * 1024 * 1024;
const readingMax = 64;

export class ImageFiles {
  readonly #blobs: BlobStore;
  readonly #kept = new LRUCache<string, Uint8Array>({
    maxSize: keptBytesMax,
    sizeCalculation: (bytes, name) => bytes.byteLength + name.length,
  });
  readonly #reading = new Map<string, Promise<Uint8Array | null>>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** null: there is no such file. Refuses with `busy`. */
  async read(name: string): Promise<Uint8Array | null> {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const reading = this.#reading.get(name);
    if (reading !== undefined) return reading;
    if (this.#reading.size >= readingMax) throw new DoorbusterError('busy', 'Too many files are being read');
    const started = this.#blobs.get(name).finally(() => this.#reading.delete(name));
    this.#reading.set(name, started);
    const bytes = await started;
    if (bytes !== null) this.#kept.set(name, bytes);
    return bytes;
  }
}
