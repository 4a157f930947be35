/**
 * Reading frames back from the streams, for recovery and for those who follow the journal.
 *
 * 1. Frames come in order as they lie there; whether one is missing is the caller's to check.
 * 2. Followers ask again and again for what comes after the last answer: the place is remembered (a bounded number of
 *    them), so that a poll without news is one command for all partitions.
 */
import type { Frame } from '../../protocol/journal.ts';
import type { RedisLink } from './redis-link.ts';
import { type Entry, parseEntries, seek, streamKey, toFrame } from './stream.ts';

const placesMax = 1_024;
/** Room for fences among the frames of one range. */
const fenceAllowance = 4;

interface Position {
  readonly partition: number;
  readonly afterSeq: number;
}

export class RedisReader {
  readonly #link: RedisLink;
  /** `partition:afterSeq` -> the id of the last entry that was seen. A place stays right for ever: entries only come after it. */
  readonly #places = new Map<string, string>();

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    let seq = afterSeq;
    let id = this.#places.get(`${partition}:${afterSeq}`);
    if (id === undefined) {
      id = await seek(this.#link, partition, afterSeq);
      this.#remember(partition, afterSeq, id);
    }
    while (frames.length < limit) {
      const size = limit - frames.length + fenceAllowance;
      const [reply] = await this.#link.ask([['xrange', streamKey(partition), `(${id}`, '+', 'COUNT', size]]);
      const entries = parseEntries(reply);
      frames.push(...this.#take(partition, seq, limit - frames.length, entries));
      if (entries.length < size) break;
      seq = frames.at(-1)?.seq ?? seq;
      id = entries.at(-1)!.id;
    }
    return frames;
  }

  async readMany(after: readonly Position[], limit: number): Promise<Frame[]> {
    const known: (Position & { readonly id: string })[] = [];
    const fresh: Position[] = [];
    for (const position of after) {
      const id = this.#places.get(`${position.partition}:${position.afterSeq}`);
      if (id === undefined) fresh.push(position);
      else known.push({ ...position, id });
    }
    const parts = await Promise.all([
      this.#follow(known, limit),
      ...fresh.map(({ partition, afterSeq }) => this.read(partition, afterSeq, limit)),
    ]);
    return parts.flat();
  }

  async #follow(after: readonly (Position & { readonly id: string })[], limit: number): Promise<Frame[]> {
    if (after.length === 0) return [];
    const byKey = new Map(after.map((a) => [streamKey(a.partition), a]));
    const [reply] = await this.#link.ask([
      ['xread', 'COUNT', limit, 'STREAMS', ...byKey.keys(), ...after.map((a) => a.id)],
    ]);
    return ((reply ?? []) as [Buffer, unknown][]).flatMap(([key, entries]) => {
      const { partition, afterSeq } = byKey.get(key.toString('latin1'))!;
      return this.#take(partition, afterSeq, limit, parseEntries(entries));
    });
  }

  /** Frames among `entries` that are wanted; remembers how far they were taken. */
  #take(partition: number, afterSeq: number, limit: number, entries: readonly Entry[]): Frame[] {
    const frames: Frame[] = [];
    let last: Entry | undefined;
    for (const entry of entries) {
      if (frames.length === limit) break;
      last = entry;
      if (entry.bytes !== null && entry.seq > afterSeq) frames.push(toFrame(partition, entry));
    }
    if (last) this.#remember(partition, frames.at(-1)?.seq ?? afterSeq, last.id);
    return frames;
  }

  #remember(partition: number, afterSeq: number, id: string): void {
    const place = `${partition}:${afterSeq}`;
    this.#places.delete(place);
    this.#places.set(place, id);
    if (this.#places.size > placesMax) this.#places.delete(this.#places.keys().next().value!);
  }
}
