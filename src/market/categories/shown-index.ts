/**
 * What everybody is shown of the catalogue, kept in each gateway: single products, pages of lists, the tree of
 * categories.
 *
 * 1. A gateway forgets what it changed itself at once, and what others changed when the feed tells of it, which it asks
 *    every `everyMs`. While the feed cannot be read nothing is answered from here.
 * 2. Any change of any product may move products in any list, so lists are forgotten together.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { KeptReplies } from '../../gateway/kept-replies.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import { FeedTail } from '../../persistence/feed.ts';
import { monotonicMs } from '../../persistence/reads.ts';
import { counter, type Family, gauge } from '../../protocol/metric.ts';

const everyMs = 250;
const factsAtOnce = 1_000;
const bytesMax = 48 * 1024 * 1024;

class ShownPages {
  readonly products = new KeptReplies(bytesMax);
  /** Of products and of categories. */
  readonly lists = new KeptReplies(bytesMax);
  #changedMs = 0;

  /** When the latest change was heard of, in `monotonicMs`: a page that is kept must show it, whoever is asked for it. */
  get changedMs(): number {
    return this.#changedMs;
  }
  /** Others that keep something of products: each hears which one changed; null: any. */
  readonly followers: ((productId: string | null) => void)[] = [];

  forget(productId: string): void {
    this.products.forget(productId);
    this.forgetLists();
    for (const hear of this.followers) hear(productId);
  }

  forgetLists(): void {
    this.lists.forgetAll();
    this.#changedMs = monotonicMs();
  }

  forgetAll(): void {
    this.products.forgetAll();
    this.forgetLists();
    for (const hear of this.followers) hear(null);
  }

  /** All changes up to now are known. */
  renew(): void {
    this.products.renew();
    this.lists.renew();
  }

  metrics(): Family[] {
    const { products, lists } = this;
    return [
      gauge('doorbuster_kept_pages_bytes', 'Bytes of kept pages', products.bytes + lists.bytes),
      counter('doorbuster_kept_pages_hits_total', 'Answers from kept pages', products.hits + lists.hits),
      counter('doorbuster_kept_pages_misses_total', 'Pages that were made', products.misses + lists.misses),
    ];
  }
}

export const shownPagesOf = perGateway(() => new ShownPages());

/** Follows the feed until the answer is called. */
export function followCatalog(services: Services): () => void {
  const stopping = new AbortController();
  void follow(services, stopping.signal);
  return () => stopping.abort();
}

async function follow(services: Services, signal: AbortSignal): Promise<void> {
  const { database, log } = services;
  const pages = shownPagesOf(services);
  const tail = new FeedTail(database, ['item', 'shelf']);
  let hasFailed = false;
  while (!signal.aborted) {
    try {
      const facts = await tail.next(factsAtOnce);
      if (facts === null) pages.forgetAll();
      for (const { key } of facts ?? []) pages.forget(key);
      pages.renew();
      hasFailed = false;
    } catch (error) {
      if (!hasFailed && !signal.aborted)
        log('warn', 'the feed cannot be read: pages are made anew', { error: String(error) });
      hasFailed = true;
    }
    await wait(everyMs, null, { ref: false });
  }
}
