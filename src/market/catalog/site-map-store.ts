/** What the site maps list: the products that everybody may see, in the order of their ids, and the categories. */
import type { Database } from '../../persistence/database.ts';
import { isPublic } from './rows.ts';

export interface SiteMapEntry {
  readonly path: string;
  readonly changedAt: Date | null;
}

/** Products of one site map: the text of them is made in a few milliseconds. */
const partMax = 5_000;
/** So a million products are listed; the newest ones are first. */
const partsMax = 200;
const keptMs = 10 * 60_000;

const nextText = `SELECT p.product_id AS "productId" FROM products p
  WHERE ${isPublic} AND ($1::text IS NULL OR p.product_id < $1) ORDER BY p.product_id DESC OFFSET $2 LIMIT 1`;

const partText = `SELECT p.product_id AS "productId", p.updated_at AS "updatedAt" FROM products p
  WHERE ${isPublic} AND p.product_id <= $1 ORDER BY p.product_id DESC LIMIT ${partMax}`;

const categoriesText = `SELECT slug FROM category_slugs WHERE is_current ORDER BY slug LIMIT ${partMax}`;

export class SiteMap {
  readonly #database: Database;
  #starts: Promise<readonly string[]> | null = null;
  #readAtMs = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The first product of each site map, as it was minutes ago at most. */
  starts(): Promise<readonly string[]> {
    if (this.#starts === null || performance.now() - this.#readAtMs > keptMs) {
      this.#readAtMs = performance.now();
      this.#starts = this.#readStarts();
      this.#starts.catch(() => {
        this.#starts = null;
      });
    }
    return this.#starts;
  }

  /** `name`: `categories`, or a number; null: there is none of it. */
  async part(name: string): Promise<readonly SiteMapEntry[] | null> {
    if (name === 'categories') {
      const rows = await this.#database.query<{ slug: string }>(categoriesText, []);
      return rows.map(({ slug }) => ({ path: `/category/${slug}`, changedAt: null }));
    }
    const start = (await this.starts())[Number(name)];
    if (start === undefined) return null;
    const rows = await this.#database.query<{ productId: string; updatedAt: Date }>(partText, [start]);
    return rows.map(({ productId, updatedAt }) => ({ path: `/products/${productId}`, changedAt: updatedAt }));
  }

  /** One short look at a time: none of them reads more than a site map has. */
  async #readStarts(): Promise<readonly string[]> {
    const starts: string[] = [];
    while (starts.length < partsMax) {
      const [next] = await this.#database.query<{ productId: string }>(nextText, [
        starts.at(-1) ?? null,
        starts.length === 0 ? 0 : partMax - 1,
      ]);
      if (next === undefined) break;
      starts.push(next.productId);
    }
    return starts;
  }
}
