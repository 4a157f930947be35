/**
 * A seller's catalogue as a file, made page by page while the client reads: what an import takes, so that it comes
 * back as it went out.
 */
import type { Database } from '../../persistence/database.ts';
import { type ExportedSku, exportSkus } from '../catalog/export-store.ts';
import { cellsOf, columnNames, groupColumn } from './columns.ts';
import { csvLine } from './csv.ts';
import type { ExportQuery } from './schemas.ts';

/** A page's products are in memory, each with all of its variants. */
const skusPerPage = 250;

export async function* exportFile(
  database: Database,
  sellerId: string,
  { format = 'csv', variantOf: isGrouped = false }: ExportQuery,
): AsyncGenerator<Uint8Array> {
  const lineOf = format === 'ndjson' ? jsonOf : isGrouped ? groupedCsvOf : csvOf;
  if (format === 'csv') yield Buffer.from(csvLine(isGrouped ? [...columnNames, groupColumn] : columnNames));
  for (let after = ''; ; ) {
    const page = await exportSkus(database.query, sellerId, after, skusPerPage);
    if (page.length === 0) return;
    yield Buffer.from(page.map(lineOf).join(''));
    after = page.at(-1)!.sku;
  }
}

/** A line a variant. */
function csvOf(exported: ExportedSku): string {
  return csvLine(cellsIn(exported));
}

/** The first line of a product begins it, the others are variants of it. */
function groupedCsvOf(exported: ExportedSku): string {
  const { sku, first } = exported;
  return csvLine([...cellsIn(exported), sku === first ? '' : first]);
}

function cellsIn({ sku, product }: ExportedSku): string[] {
  return cellsOf(product, product.variants.find((variant) => variant.sku === sku)!);
}

/** A line a product. */
function jsonOf({ sku, product, first }: ExportedSku): string {
  return sku === first ? `${JSON.stringify(product)}\n` : '';
}
