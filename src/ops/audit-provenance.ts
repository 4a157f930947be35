/**
 * The audit of where products came from: whether each product's chain of changes is whole, ends where the product says
 * that it ends, and ends with the content that the product has now. Whoever changes rows behind the shop's back would
 * have to find other content of the same hash.
 */
import type { Pool } from 'pg';
import { contentHash } from '../market/catalog/change-store.ts';
import { type ProductRow, readRows } from '../market/catalog/rows.ts';
import type { ProvenanceRow } from '../market/catalog/schemas.ts';
import type { Query } from '../persistence/database.ts';
import { faultOf } from '../persistence/hash-chain.ts';
import { inTransaction } from '../persistence/transaction.ts';
import type { Mismatch } from './audit-entries.ts';

interface Chains {
  readonly mismatches: Mismatch[];
  readonly products: number;
  readonly changes: number;
}

interface Link extends Omit<ProvenanceRow, 'at'> {
  readonly productId: string;
  readonly at: Date;
}

const productsAtOnce = 500;

/** Some products at a time, each time as of one moment. */
export async function auditChains(pool: Pool): Promise<Chains> {
  const mismatches: Mismatch[] = [];
  let products = 0;
  let changes = 0;
  for (let after = ''; ; ) {
    const { rows, links } = await readSome(pool, after);
    if (rows.length === 0) return { mismatches, products, changes };
    const linksById = Map.groupBy(links, ({ productId }) => productId);
    for (const row of rows) mismatches.push(...compareChain(row, linksById.get(row.product_id) ?? []));
    products += rows.filter(({ change_seq: seq }) => seq > 0).length;
    changes += links.length;
    after = rows.at(-1)!.product_id;
  }
}

function readSome(pool: Pool, after: string): Promise<{ rows: ProductRow[]; links: Link[] }> {
  return inTransaction(
    pool,
    async (client) => {
      const query: Query = async (text, values = []) => (await client.query(text, [...values])).rows;
      const found = await query<{ product_id: string }>(
        'SELECT product_id FROM products WHERE product_id > $1 ORDER BY product_id LIMIT $2',
        [after, productsAtOnce],
      );
      const ids = found.map((row) => row.product_id);
      const links = await query<Link>(
        `SELECT product_id AS "productId", seq, at, actor, change, hash, previous_hash AS "previousHash"
         FROM product_changes WHERE product_id = ANY($1) ORDER BY product_id, seq`,
        [ids],
      );
      return { rows: await readRows(query, ids), links };
    },
    { isolation: 'repeatable read', isReadOnly: true },
  );
}

/** A product that has not been changed since there are chains has none. */
function compareChain(row: ProductRow, links: readonly Link[]): Mismatch[] {
  const { product_id: key, change_seq: seq, change_hash: hash } = row;
  const last = links.at(-1);
  if (last === undefined && seq === 0) return [];
  const shown = links.map((link) => ({ ...link, at: link.at.toISOString() }));
  const fault = faultOf(shown);
  if (fault !== null) return [{ kind: 'provenance.chain', key, expected: 'every change', found: fault }];
  if (last === undefined || last.seq !== seq || last.hash !== hash)
    return [{ kind: 'provenance.end', key, expected: seq, found: last?.seq ?? null }];
  const content = contentHash(row);
  if (last.change.content === content) return [];
  return [{ kind: 'provenance.content', key, expected: last.change.content, found: content }];
}
