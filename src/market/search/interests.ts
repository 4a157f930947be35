/** The personal order: brands and categories of what an account has looked at lately. */
import type { Database } from '../../persistence/database.ts';
import { keptFor, keptViews } from '../views/store.ts';
import type { Interests } from './engine.ts';

const namesMax = 3;

/** As of an instant, so that the pages of one list have one order. Nothing when the account has looked at nothing. */
export async function interestsOf(database: Database, accountId: string, atMs: number): Promise<Interests> {
  const rows = await database.query<{ brand: string; category: string }>(
    `SELECT d.brand, d.category FROM (
       SELECT product_id, viewed_at FROM product_views WHERE account_id = $1 AND viewed_at <= to_timestamp($2::float8 / 1000)
         AND viewed_at > now() - interval '${keptFor}' ORDER BY viewed_at DESC LIMIT ${keptViews}
     ) AS v JOIN search_documents d USING (product_id) WHERE d.is_listed ORDER BY v.viewed_at DESC`,
    [accountId, atMs],
  );
  return {
    brands: mostIn(rows.map(({ brand }) => brand)),
    categories: mostIn(rows.map(({ category }) => category)),
  };
}

/** The most frequent first, of equals the latest. */
function mostIn(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, namesMax)
    .map(([name]) => name);
}
