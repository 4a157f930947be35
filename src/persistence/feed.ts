/**
 * The feed: facts of the tables that others follow, each consumer at its own pace.
 *
 * 1. A fact is appended in the transaction that makes it true, so there is none without the other.
 * 2. Facts come in the order of (xid, position), and only those of transactions before which none is open any more:
 *    no later fact can come to stand before one that was read.
 * 3. Delivery is at least once: a consumer that ends between its work and `done` is given the fact again, so it reads
 *    the present row by the fact's key instead of adding the fact up.
 * 4. Facts that every consumer is done with go, those of the last minute excepted (`FeedTail` reads them without a
 *    checkpoint). A consumer that is silent for a week is forgotten with its checkpoint, and begins anew.
 */
import type { Database, Query } from './database.ts';

export interface Fact {
  readonly topic: string;
  /** Names the row that the fact is about. */
  readonly key: string;
  readonly type: string;
  /** For people and for the record; consumers read the present row. */
  readonly body: object;
}

export interface FeedRow extends Fact {
  readonly xid: string;
  readonly position: string;
  readonly at: Date;
}

type Place = Pick<FeedRow, 'xid' | 'position'>;

const forgottenAfter = '7 days';
const keptFor = '1 minute';
const forgetAtOnce = 10_000;
/** How often a consumer without news moves its checkpoint, so that it holds back no facts of other topics. */
const restMs = 60_000;
/** Well below what `keptFor` keeps. */
const tailMsMax = 20_000;

export function appendToFeed(query: Query, fact: Fact): Promise<void> {
  return appendAllToFeed(query, [fact]);
}

/** In their order. */
export async function appendAllToFeed(query: Query, facts: readonly Fact[]): Promise<void> {
  if (facts.length === 0) return;
  await query(
    `INSERT INTO feed (topic, key, type, body)
     SELECT f.topic, f.key, f.type, f.body
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (topic text, key text, type text, body jsonb))
       WITH ORDINALITY AS f(topic, key, type, body, nth)
     ORDER BY f.nth`,
    [JSON.stringify(facts)],
  );
}

/** In the order of the numbers, which the table's name says: a bare name would be that of the text that is answered. */
const rowsText = `SELECT xid::text, position::text, topic, key, type, at, body FROM feed
  WHERE topic = ANY($1) AND (xid, position) > ($2::xid8, $3::bigint)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY feed.xid, feed.position LIMIT $4`;

function rowsAfter(database: Database, topics: readonly string[], place: Place, limit: number) {
  return database.query<FeedRow>(rowsText, [topics, place.xid, place.position, limit]);
}

/** Where a reader begins that has seen all that is committed before now; it may see a little of that again. */
async function presentPlace(query: Query): Promise<Place> {
  const [row] = await query<{ xid: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid');
  return { xid: row!.xid, position: '0' };
}

/** A consumer with a checkpoint of its own. */
export class FeedReader {
  readonly #database: Database;
  readonly #consumer: string;
  readonly #topics: readonly string[];
  #place: Place | null = null;
  #restedAtMs = performance.now();

  constructor(database: Database, consumer: string, topics: readonly string[]) {
    this.#database = database;
    this.#consumer = consumer;
    this.#topics = topics;
  }

  /**
   * Called before the first `next`. True: the feed did not know the consumer, so facts from before now are not for it,
   * and it reads the tables whole; it is known, and true is not answered again, once that is done and it calls `start`.
   */
  async isNew(): Promise<boolean> {
    await adoptFeed(this.#database);
    this.#place = await this.#known();
    if (this.#place !== null) return false;
    this.#place = await presentPlace(this.#database.query);
    return true;
  }

  /** Makes the feed keep facts for this consumer from where `isNew` found it. */
  async start(): Promise<void> {
    const { xid, position } = this.#place ?? (await presentPlace(this.#database.query));
    await this.#database.query(
      `INSERT INTO feed_checkpoints (consumer, xid, position) VALUES ($1, $2::xid8, $3)
       ON CONFLICT (consumer) DO NOTHING`,
      [this.#consumer, xid, position],
    );
  }

  /** The next facts, oldest first; none when there is nothing new. A new consumer that did not ask `isNew` begins with now. */
  async next(limit: number): Promise<FeedRow[]> {
    if (this.#place === null && (await this.isNew())) await this.start();
    const isRestDue = performance.now() - this.#restedAtMs > restMs;
    const present = isRestDue ? await presentPlace(this.#database.query) : null;
    const rows = await rowsAfter(this.#database, this.#topics, this.#place!, limit);
    // Whatever was committed before the question would have been in its answer.
    if (present !== null && rows.length === 0) await this.done(present);
    return rows;
  }

  /** All up to this row, and the row, need not come again. */
  async done({ xid, position }: Place): Promise<void> {
    this.#place = { xid, position };
    this.#restedAtMs = performance.now();
    await this.#database.query(
      `INSERT INTO feed_checkpoints (consumer, xid, position) VALUES ($1, $2::xid8, $3)
       ON CONFLICT (consumer) DO UPDATE SET xid = EXCLUDED.xid, position = EXCLUDED.position, seen_at = now()`,
      [this.#consumer, xid, position],
    );
  }

  async #known(): Promise<Place | null> {
    const [row] = await this.#database.query<FeedRow>(
      `UPDATE feed_checkpoints SET seen_at = now() WHERE consumer = $1 RETURNING xid::text, position::text`,
      [this.#consumer],
    );
    return row ?? null;
  }
}

interface TailRow extends FeedRow {
  readonly is_settled: boolean;
}

const tailText = `SELECT xid::text, position::text, topic, key, type, at, body,
    xid < pg_snapshot_xmin(pg_current_snapshot()) AS is_settled
  FROM feed WHERE topic = ANY($1) AND (xid, position) > ($2::xid8, $3::bigint)
  ORDER BY feed.xid, feed.position LIMIT $4`;

/**
 * A reader that begins with now and keeps its place in memory: for what is dropped at a restart anyway. It is told of a
 * fact as soon as it is committed, however long other transactions are open, and so in no certain order.
 */
export class FeedTail {
  readonly #database: Database;
  readonly #topics: readonly string[];
  #place: Place | null = null;
  /** Positions of facts that were told and come again, because a transaction from before them is open. */
  #told = new Set<string>();
  #readAtMs = 0;

  constructor(database: Database, topics: readonly string[]) {
    this.#database = database;
    this.#topics = topics;
  }

  /** What is new. null: some may have been missed, as at the first call. */
  async next(limit: number): Promise<FeedRow[] | null> {
    const nowMs = performance.now();
    const isLate = this.#place === null || nowMs - this.#readAtMs > tailMsMax;
    if (isLate) this.#place = await presentPlace(this.#database.query);
    const { xid, position } = this.#place!;
    const rows = await this.#database.query<TailRow>(tailText, [this.#topics, xid, position, limit]);
    const fresh = rows.filter((row) => !this.#told.has(row.position));
    const settled = rows.filter((row) => row.is_settled);
    this.#readAtMs = nowMs;
    this.#place = settled.at(-1) ?? this.#place;
    this.#told = new Set(rows.filter((row) => !row.is_settled).map((row) => row.position));
    // So many wait that there may be more behind them, which do not come before these are settled.
    const isStuck = rows.length === limit && settled.length === 0;
    return isLate || isStuck ? null : fresh;
  }
}

/** Forgets consumers that are gone, and facts that everybody is done with. Answers with how many facts went. */
export async function forgetFacts(database: Database): Promise<number> {
  await adoptFeed(database);
  await database.query(`DELETE FROM feed_checkpoints WHERE seen_at < now() - interval '${forgottenAfter}'`);
  const gone = await database.query(
    `WITH first AS (
       SELECT coalesce(
         (SELECT xid FROM feed_checkpoints ORDER BY xid LIMIT 1), pg_snapshot_xmin(pg_current_snapshot())) AS xid
     ), spent AS (
       SELECT f.position FROM feed f, first
       WHERE f.xid < first.xid AND f.at < now() - interval '${keptFor}'
       ORDER BY f.xid, f.position LIMIT ${forgetAtOnce}
     )
     DELETE FROM feed USING spent WHERE feed.position = spent.position RETURNING 1`,
  );
  return gone.length;
}

/**
 * A dump that was read into another cluster brings numbers of transactions which that one has yet to reach: its facts
 * would wait for them, and its consumers would take new facts for old ones. So all begin at the feed's start once more.
 */
async function adoptFeed(database: Database): Promise<void> {
  const [row] = await database.query<{ is_foreign: boolean }>(
    `SELECT EXISTS (SELECT FROM feed_checkpoints WHERE xid > pg_snapshot_xmax(pg_current_snapshot()))
       OR coalesce((SELECT xid FROM feed ORDER BY xid DESC LIMIT 1) > pg_snapshot_xmax(pg_current_snapshot()), false)
       AS is_foreign`,
  );
  if (!row?.is_foreign) return;
  await database.transaction(async (query) => {
    await query('LOCK TABLE feed, feed_checkpoints IN EXCLUSIVE MODE');
    await query(`UPDATE feed SET xid = '1' WHERE xid > pg_snapshot_xmax(pg_current_snapshot())`);
    await query(`UPDATE feed_checkpoints SET xid = '0', position = 0`);
  });
}
