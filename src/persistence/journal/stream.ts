/**
 * How a partition's journal lies in Redis: the stream `{p<partition>}:journal`, whose entry ids are `<epoch>-<seq>`.
 *
 * 1. `<epoch>-0` is a fence: the mark that a claim leaves. It holds no frame, and no older id can follow it.
 * 2. Every other entry is one frame, in field `f`. Sequence numbers go on across epochs without a gap, so ids and
 *    sequence numbers have the same order.
 * 3. The last frame is never trimmed: it keeps the numbering known.
 */
import type { Frame, Newest } from '../../protocol/journal.ts';
import type { RedisCommand } from './redis-command.ts';
import type { RedisLink } from './redis-link.ts';

export const streamKey = (partition: number) => `{p${partition}}:journal`;

/** An entry's position; `bytes` is null for a fence. */
export interface Entry {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
  readonly bytes: Buffer | null;
}

/** The end of a stream: its newest epoch, its last frame (seq 0: there was never any) and the fences after that. */
export interface Tail {
  readonly lastEpoch: number;
  readonly seq: number;
  /** Of the last frame. */
  readonly epoch: number;
  readonly bytes: Buffer | null;
  readonly fenceIds: readonly string[];
}

export function parseEntries(reply: unknown): Entry[] {
  return ((reply ?? []) as [Buffer, [Buffer, Buffer]][]).map(([rawId, fields]) => {
    const id = rawId.toString('latin1');
    const dash = id.indexOf('-');
    const seq = Number(id.slice(dash + 1));
    return { id, epoch: Number(id.slice(0, dash)), seq, bytes: seq === 0 ? null : fields[1] };
  });
}

export function toFrame(partition: number, entry: Entry): Frame {
  return { partition, epoch: entry.epoch, seq: entry.seq, bytes: entry.bytes! };
}

/** The command that appends it, unless the stream has gone or has something newer. */
export function xadd({ partition, epoch, seq, bytes }: Frame): RedisCommand {
  return ['xadd', streamKey(partition), 'NOMKSTREAM', `${epoch}-${seq}`, 'f', bytes];
}

const tailEntries = 3;
const deepTailEntries = 100;

/** In the order asked; null where there is no stream. */
export async function readTails(link: RedisLink, partitions: readonly number[]): Promise<(Tail | null)[]> {
  const replies = await link.ask(
    partitions.map((partition) => ['xrevrange', streamKey(partition), '+', '-', 'COUNT', tailEntries]),
  );
  return Promise.all(
    replies.map(async (reply, i) => {
      const newest = parseEntries(reply);
      let chunk = newest;
      let size = tailEntries;
      const fenceIds: string[] = [];
      for (;;) {
        for (const entry of chunk) {
          if (entry.bytes !== null) {
            const { seq, epoch, bytes } = entry;
            return { lastEpoch: newest[0]!.epoch, seq, epoch, bytes, fenceIds };
          }
          fenceIds.push(entry.id);
        }
        if (chunk.length < size) break;
        // Nothing but fences so far: claims without traffic.
        size = deepTailEntries;
        const [deeper] = await link.ask([
          ['xrevrange', streamKey(partitions[i]!), `(${chunk[chunk.length - 1]!.id}`, '-', 'COUNT', size],
        ]);
        chunk = parseEntries(deeper);
      }
      return newest[0] ? { lastEpoch: newest[0].epoch, seq: 0, epoch: 0, bytes: null, fenceIds } : null;
    }),
  );
}

/** An entry's id without its frame. */
const newestIdScript =
  "local e = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1) return e[1] and e[1][1]";

/** In the order asked; a stream that is not there is at epoch 0. */
export async function readNewest(link: RedisLink, partitions: readonly number[]): Promise<Newest[]> {
  const ids = await link.ask(
    partitions.map((partition) => ['eval', newestIdScript, 1, streamKey(partition)]),
  );
  return ids.map((id, i) => {
    const [epoch = 0, seq = 0] = id === null ? [] : String(id).split('-').map(Number);
    return { partition: partitions[i]!, epoch, seq };
  });
}

/**
 * An id after which exactly the frames after `afterSeq` come (it need not exist), or `0-0` when they start before
 * the stream does. Goes back epoch by epoch: what is looked for is nearly always in one of the newest.
 */
export async function seek(link: RedisLink, partition: number, afterSeq: number): Promise<string> {
  const key = streamKey(partition);
  for (let end = '+'; ; ) {
    const [last] = parseEntries((await link.ask([['xrevrange', key, end, '-', 'COUNT', 1]]))[0]);
    if (!last) return '0-0';
    const [first] = parseEntries(
      (await link.ask([['xrange', key, `${last.epoch}-1`, `${last.epoch}`, 'COUNT', 1]]))[0],
    );
    if (first && first.seq <= afterSeq + 1) return `${last.epoch}-${afterSeq}`;
    end = `(${last.epoch}-0`;
  }
}
