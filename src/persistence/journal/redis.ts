/**
 * The journal in Redis Streams: for crowds. Ownership lives in PostgreSQL, frames in one stream a partition
 * (see stream.ts for their form, redis-writer.ts for how an append is settled, redis-claim.ts for fencing).
 *
 * 1. Appends and reads use two connections, so a long read never delays an acknowledgement.
 * 2. Trimming drops frames up to the one asked for, but never the last frame of a stream: a reader that starts
 *    before it sees that something is missing.
 */
import type pg from 'pg';
import { allPartitions } from '../../protocol/address.ts';
import type { AppendOutcome, Claim, Frame, Journal, Newest } from '../../protocol/journal.ts';
import type { Log } from '../../protocol/log.ts';
import { releaseOwner } from './owners.ts';
import { claimStreams } from './redis-claim.ts';
import { type Durability, readDurability } from './redis-durability.ts';
import { askPatiently, openRedisLink, type RedisLink } from './redis-link.ts';
import { RedisReader } from './redis-reader.ts';
import { RedisWriter } from './redis-writer.ts';
import { readNewest, readTails, seek, streamKey, xadd } from './stream.ts';

const writeTimeoutMs = 750;
const readTimeoutMs = 10_000;

class RedisJournal implements Journal {
  readonly durability: string;
  readonly isDurable: boolean;
  readonly #pool: pg.Pool;
  readonly #writeLink: RedisLink;
  readonly #readLink: RedisLink;
  readonly #writer: RedisWriter;
  readonly #reader: RedisReader;

  constructor(
    pool: pg.Pool,
    writeLink: RedisLink,
    readLink: RedisLink,
    { durability, isDurable }: Durability,
    log: Log,
  ) {
    this.durability = durability;
    this.isDurable = isDurable;
    this.#pool = pool;
    this.#writeLink = writeLink;
    this.#readLink = readLink;
    this.#writer = new RedisWriter(writeLink, log);
    this.#reader = new RedisReader(readLink);
  }

  async claim(partitions: readonly number[], owner?: string): Promise<Claim[]> {
    const { generation } = this.#writeLink;
    const ackedSeq = (partition: number) => this.#writer.ackedSeq(partition);
    const claims = await claimStreams(this.#pool, this.#writeLink, partitions, owner, ackedSeq);
    return claims.map(({ claim }) => {
      if (claim.fault === undefined) this.#writer.claimed(claim, generation);
      return claim;
    });
  }

  release(partitions: readonly number[], owner: string): Promise<void> {
    return releaseOwner(this.#pool, partitions, owner);
  }

  /** Over the connection of the appends: it gives up early. */
  newest(partitions: readonly number[]): Promise<Newest[]> {
    return readNewest(this.#writeLink, partitions);
  }

  append(frames: readonly Frame[]): Promise<AppendOutcome[]> {
    return this.#writer.append(frames);
  }

  async restore(frames: readonly Frame[]): Promise<void> {
    await this.#writeLink.ask(frames.map(xadd));
  }

  read(partition: number, afterSeq: number, limit: number): Promise<Frame[]> {
    return this.#reader.read(partition, afterSeq, limit);
  }

  readMany(after: readonly { partition: number; afterSeq: number }[], limit: number): Promise<Frame[]> {
    return this.#reader.readMany(after, limit);
  }

  async trim(partition: number, upToSeq: number): Promise<void> {
    const [tail] = await readTails(this.#readLink, [partition]);
    const lastDropped = Math.min(upToSeq, (tail?.seq ?? 0) - 1);
    if (lastDropped < 1) return;
    // Written first, so that a reader that misses frames can tell those dropped on purpose from those lost.
    await this.#pool.query(
      'update partitions set trimmed_seq = greatest(coalesce(trimmed_seq, 0), $2::bigint) where partition = $1',
      [partition, lastDropped],
    );
    const place = await seek(this.#readLink, partition, lastDropped);
    if (place === '0-0') return;
    const epochOfFirstKept = place.slice(0, place.indexOf('-'));
    await this.#readLink.ask([
      ['xtrim', streamKey(partition), 'MINID', '=', `${epochOfFirstKept}-${lastDropped + 1}`],
    ]);
  }

  async sizeBytes(): Promise<number> {
    const sizes = await this.#readLink.ask(
      allPartitions.map((partition) => ['memory', 'USAGE', streamKey(partition), 'SAMPLES', 5]),
    );
    return sizes.reduce((sum: number, size) => sum + Number(size ?? 0), 0);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writeLink.close(), this.#readLink.close()]);
  }
}

/** The pool stays the caller's: `close` does not end it. */
export async function openRedisJournal(redisUrl: string, pool: pg.Pool, log: Log): Promise<Journal> {
  const writeLink = await openRedisLink(redisUrl, 'doorbuster-journal-write', writeTimeoutMs, log);
  const links = [writeLink];
  try {
    const readLink = await openRedisLink(redisUrl, 'doorbuster-journal-read', readTimeoutMs, log);
    links.push(readLink);
    const durability = await askPatiently(() => readDurability(writeLink));
    if (!durability.isDurable)
      log(
        'warn',
        `THE JOURNAL IS NOT SAFE: ${durability.durability}. Set appendonly yes and appendfsync always`,
      );
    return new RedisJournal(pool, writeLink, readLink, durability, log);
  } catch (error) {
    for (const link of links) await link.close();
    throw error;
  }
}
