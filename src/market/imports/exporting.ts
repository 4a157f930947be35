/**
 * A seller's catalogue as a file, made page by page while the client reads: what an import takes, so that it comes
 * back as it went out.
 */
import type { Database } from '../../persistence/database.ts';
import { type ExportedSku, exportSkus } from '../catalog/export-store.ts';
import { cellsOf, columnNames } from './columns.ts';
import { csvLine } from './csv.ts';
import type { Format } from './store.ts';

/** A page's products are in memory, each with all of its variants. */
const skusPerPage = 100;

export async function* exportFile(
  database: Database,
  sellerId: string,
  format: Format,
): AsyncGenerator<Uint8Array> {
  if (format === 'csv') yield Buffer.from(csvLine(columnNames));
  for (let after = ''; ; ) {
    const page = await exportSkus(database.query, sellerId, after, skusPerPage);
    if (page.length === 0) return;
    yield Buffer.from(page.map(format === 'csv' ? csvOf : jsonOf).join(''));
    after = page.at(-1)!.sku;
  }
}

/** A line a variant. */
function csvOf({ sku, product }: ExportedSku): string {
  return csvLine(cellsOf(product, product.variants.find((variant) => variant.sku === sku)!));
}

/** A line a product. */
function jsonOf({ product, isFirst }: ExportedSku): string {
  return isFirst ? `${JSON.stringify(product)}\n` : '';
}
