/** How well an engine finds what people mean: the judged queries in the judged catalogue. Works with any engine. */
import type { SearchEngine } from '../../../src/market/search/engine.ts';
import { ask } from './asking.ts';
import { keyOf } from './judged-catalogue.ts';
import { judgedQueries, ndcgAt10 } from './judged-queries.ts';

export interface Relevance {
  readonly mean: number;
  readonly byQuery: readonly {
    readonly query: string;
    readonly ndcg: number;
    readonly found: readonly string[];
  }[];
}

export async function relevanceOf(engine: SearchEngine): Promise<Relevance> {
  const byQuery: { query: string; ndcg: number; found: string[] }[] = [];
  for (const judged of judgedQueries) {
    const { hits } = await ask(engine, judged.query, { limit: 10 });
    const found = hits.map(({ productId }) => keyOf(productId));
    byQuery.push({ query: judged.query, ndcg: ndcgAt10(judged, found), found });
  }
  return { mean: byQuery.reduce((sum, { ndcg }) => sum + ndcg, 0) / byQuery.length, byQuery };
}
