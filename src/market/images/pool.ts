/**
 * The way of an image from a gateway's thread into the pool, where it is decoded. What travels there is the path of the
 * file that it was received into.
 *
 * 1. Each gateway has one thread of the pool, which comes with the first image and goes when there is none for a while; over
 *    all gateways as many work as there are places (`gateway/places.ts`), because a decoder takes a core, up to 350 MB,
 *    and one of the four threads that the whole process has for files and compression.
 * 2. So many wait at each gateway, and only for so long: beyond, the answer is `busy`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Piscina } from 'piscina';
import type { Places } from '../../gateway/places.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { RenderResult, RenderTask } from './render.ts';

const waitingMax = 16;
const waitMsMax = 15_000;
const lookEveryMs = 15;
const idleMsMax = 60_000;
/** The decoders' memory is not in this heap. */
const heapMb = 256;

const tooMany = () => new DoorbusterError('busy', 'Too many images are waiting: try again');

export class RenderPool {
  readonly #places: Places;
  #piscina: Piscina<RenderTask, RenderResult> | null = null;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(places: Places) {
    this.#places = places;
  }

  /** Refuses with `busy`. */
  async run(task: RenderTask): Promise<RenderResult> {
    if (this.#waiting >= waitingMax) throw tooMany();
    this.#waiting += 1;
    const giveUpAtMs = performance.now() + waitMsMax;
    const turn = this.#last.then(() => this.#inPlace(task, giveUpAtMs));
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#piscina?.destroy();
  }

  async #inPlace(task: RenderTask, giveUpAtMs: number): Promise<RenderResult> {
    for (;;) {
      if (performance.now() > giveUpAtMs) throw tooMany();
      if (this.#places.enter()) break;
      await delay(lookEveryMs);
    }
    try {
      return await this.#threads().run(task);
    } catch {
      // A thread that ended over an image is followed by another one.
      throw new DoorbusterError('busy', 'The image could not be read now: try again');
    } finally {
      this.#places.leave();
    }
  }

  #threads(): Piscina<RenderTask, RenderResult> {
    this.#piscina ??= new Piscina({
      ...{ filename: new URL('./render.ts', import.meta.url).href, name: 'render' },
      ...{ minThreads: 0, maxThreads: 1, concurrentTasksPerWorker: 1, idleTimeout: idleMsMax },
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    return this.#piscina;
  }
}
