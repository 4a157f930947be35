/** An engine with an index, as the conformance suite sees it. */
import type {
  Hit,
  Removal,
  SearchAnswer,
  SearchDocument,
  SearchEngine,
  SearchIndex,
  Suggestion,
} from '../../../../src/market/search/engine.ts';
import { type Asked, ask, askToSuggest } from '../asking.ts';

export interface OpenEngine {
  readonly engine: SearchEngine;
  readonly index: SearchIndex;
  /** Takes everything out. */
  clear(): Promise<void>;
  /** Resolves when what was written is found. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export class Shop {
  #opened: OpenEngine | null = null;

  async open(open: () => Promise<OpenEngine>): Promise<void> {
    this.#opened = await open();
  }

  get engine(): SearchEngine {
    return this.#open.engine;
  }

  clear(): Promise<void> {
    return this.#open.clear();
  }

  settle(): Promise<void> {
    return this.#open.settle();
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }

  async has(...documents: SearchDocument[]): Promise<void> {
    await this.#open.index.index(documents);
    await this.settle();
  }

  remove(removals: readonly Removal[]): Promise<void> {
    return this.#open.index.remove(removals);
  }

  ask(text: string, asked: Asked = {}): Promise<SearchAnswer> {
    return ask(this.engine, text, asked);
  }

  /** Numbers of the hits in their order. */
  async find(text: string, asked: Asked = {}): Promise<number[]> {
    return numbersOf((await this.ask(text, asked)).hits);
  }

  suggest(text: string): Promise<readonly Suggestion[]> {
    return askToSuggest(this.engine, text);
  }

  get #open(): OpenEngine {
    if (this.#opened === null) throw new Error('the engine is not open');
    return this.#opened;
  }
}

export const usd = (amount: number) => ({ amount, currency: 'USD' });

/** As `document` of `asking.ts` gave them. */
export function numbersOf(hits: readonly Pick<Hit, 'productId'>[]): number[] {
  return hits.map(({ productId }) => Number.parseInt(productId.slice(-12), 16));
}
