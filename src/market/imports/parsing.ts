/** The way to the thread that reads a file: batches one after the other, the next one read while this one is used. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Batch, type ImportFile, UnreadableFile } from './parse.ts';
import type { ImportError } from './schemas.ts';

const entry = new URL('./parser-thread.ts', import.meta.url);
/** Far more than one batch ahead needs. */
const heapMbMax = 256;

type Answer = { readonly batch: Batch | null } | { readonly unreadable: ImportError };

export class Parsing {
  readonly #worker: Worker;
  #next: Promise<Batch | null>;

  constructor(file: ImportFile) {
    this.#worker = new Worker(entry, {
      workerData: file,
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    });
    this.#next = this.#ask();
  }

  /** null: the file has been read. Throws an `UnreadableFile`. */
  async next(): Promise<Batch | null> {
    const batch = await this.#next;
    if (batch !== null) this.#next = this.#ask();
    return batch;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(): Promise<Batch | null> {
    const asked = this.#answer();
    // It is heard by whoever asks for the next batch; until then nobody listens.
    asked.catch(() => {});
    return asked;
  }

  async #answer(): Promise<Batch | null> {
    // An error of the thread is an event that `once` turns into a throw.
    const answered = once(this.#worker, 'message');
    this.#worker.postMessage('more');
    const [answer] = (await answered) as [Answer];
    if ('batch' in answer) return answer.batch;
    const { line, code, message } = answer.unreadable;
    throw new UnreadableFile(line, { code, message });
  }
}
