/**
 * Keeps an index in step with the catalogue: follows the feed's facts about items, and reads the present row of each.
 *
 * 1. A consumer that the feed does not know yet reads the whole catalogue first, in batches, and goes on with the facts
 *    that have come since it began. An end in between costs the batches, which are written again.
 * 2. A batch is done when the index has it: what was not is read again, and changes nothing for the worse.
 * 3. A product is written once for all facts of it that were committed before it was read. An import's products are
 *    created and come into stock: where the consumer is behind, that is one reading and not two.
 */
import type { Database } from '../../persistence/database.ts';
import { FeedReader } from '../../persistence/feed.ts';
import { readAllCopies, readCopies } from './documents.ts';
import type { SearchIndex } from './engine.ts';

/** What products are; and whether they are in stock, which their rows say a moment after the stock does. */
const topics = ['item', 'shelf'];
/** Of how many are left the index knows nothing. */
const unindexed = 'StockChanged';
const batchMax = 500;
/** Products whose reading is remembered while the consumer is behind. */
const readMax = 50_000;

export class SearchConsumer {
  readonly #database: Database;
  readonly #index: SearchIndex;
  readonly #feed: FeedReader;
  #isKnown = false;

  /** `name`: of the checkpoint. */
  constructor(database: Database, index: SearchIndex, name: string) {
    this.#database = database;
    this.#index = index;
    this.#feed = new FeedReader(database, name, topics);
  }

  /** Until there is nothing new. Answers with how many products were written or taken out. */
  async round(stopping: AbortSignal): Promise<number> {
    let count = await this.#begin(stopping);
    /** By product: every transaction before this one was in what was read. */
    const readAt = new Map<string, bigint>();
    while (this.#isKnown && !stopping.aborted) {
      const facts = await this.#feed.next(batchMax);
      if (facts.length === 0) return count;
      const news = facts.filter(
        ({ key, type, xid }) => type !== unindexed && BigInt(xid) >= (readAt.get(key) ?? 0n),
      );
      const ids = [...new Set(news.map(({ key }) => key))];
      if (ids.length > 0) {
        const { documents, removals, horizon } = await readCopies(this.#database, ids);
        await this.#index.index(documents);
        await this.#index.remove(removals);
        if (readAt.size > readMax) readAt.clear();
        for (const id of ids) readAt.set(id, horizon);
      }
      await this.#feed.done(facts.at(-1)!);
      count += ids.length;
    }
    return count;
  }

  async #begin(stopping: AbortSignal): Promise<number> {
    if (this.#isKnown) return 0;
    let count = 0;
    if (await this.#feed.isNew()) {
      for await (const documents of readAllCopies(this.#database, batchMax)) {
        if (stopping.aborted) return count;
        await this.#index.index(documents);
        count += documents.length;
      }
      await this.#feed.start();
    }
    this.#isKnown = true;
    return count;
  }
}
