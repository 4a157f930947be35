/**
 * Reading frames back from the streams, for recovery and for those who follow the journal.
 *
 * 1. Frames come in order as they lie there; whether one is missing is the caller's to check.
 * 2. Followers ask again and again for what comes after the last answer: the place is remembered (a bounded number of
 *    them), so that a poll without news is one command for all partitions.
 */
import type { Frame, Journal } from '../../protocol/journal.ts';
import type { RedisLink } from './redis-link.ts';
import { type Entry, parseEntries, seek, streamKey, toFrame } from './stream.ts';

const placesMax = 1_024;
/** Room for fences among the frames of one range. */
const fenceAllowance = 4;

export function createRedisReader(link: RedisLink): Pick<Journal, 'read' | 'readMany'> {
  /** `partition:afterSeq` -> the id of the last entry that was seen. A place stays right for ever: entries only come after it. */
  const places = new Map<string, string>();

  function remember(partition: number, afterSeq: number, id: string): void {
    const place = `${partition}:${afterSeq}`;
    places.delete(place);
    places.set(place, id);
    if (places.size > placesMax) places.delete(places.keys().next().value!);
  }

  /** Frames among `entries` that are wanted; remembers how far they were taken. */
  function take(partition: number, afterSeq: number, limit: number, entries: readonly Entry[]): Frame[] {
    const frames: Frame[] = [];
    let last: Entry | undefined;
    for (const entry of entries) {
      if (frames.length === limit) break;
      last = entry;
      if (entry.bytes !== null && entry.seq > afterSeq) frames.push(toFrame(partition, entry));
    }
    if (last) remember(partition, frames.at(-1)?.seq ?? afterSeq, last.id);
    return frames;
  }

  async function read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    let seq = afterSeq;
    let id = places.get(`${partition}:${afterSeq}`);
    if (id === undefined) {
      id = await seek(link, partition, afterSeq);
      remember(partition, afterSeq, id);
    }
    while (frames.length < limit) {
      const size = limit - frames.length + fenceAllowance;
      const [reply] = await link.ask([['xrangeBuffer', streamKey(partition), `(${id}`, '+', 'COUNT', size]]);
      const entries = parseEntries(reply);
      frames.push(...take(partition, seq, limit - frames.length, entries));
      if (entries.length < size) break;
      seq = frames.at(-1)?.seq ?? seq;
      id = entries.at(-1)!.id;
    }
    return frames;
  }

  async function follow(
    after: readonly { partition: number; afterSeq: number; id: string }[],
    limit: number,
  ): Promise<Frame[]> {
    if (after.length === 0) return [];
    const byKey = new Map(after.map((a) => [streamKey(a.partition), a]));
    const [reply] = await link.ask([
      ['xreadBuffer', 'COUNT', limit, 'STREAMS', ...byKey.keys(), ...after.map((a) => a.id)],
    ]);
    return ((reply ?? []) as [Buffer, unknown][]).flatMap(([key, entries]) => {
      const { partition, afterSeq } = byKey.get(key.toString('latin1'))!;
      return take(partition, afterSeq, limit, parseEntries(entries));
    });
  }

  return {
    read,
    async readMany(after, limit) {
      const known: { partition: number; afterSeq: number; id: string }[] = [];
      const fresh: { partition: number; afterSeq: number }[] = [];
      for (const a of after) {
        const id = places.get(`${a.partition}:${a.afterSeq}`);
        if (id === undefined) fresh.push(a);
        else known.push({ ...a, id });
      }
      const parts = await Promise.all([
        follow(known, limit),
        ...fresh.map((a) => read(a.partition, a.afterSeq, limit)),
      ]);
      return parts.flat();
    },
  };
}
