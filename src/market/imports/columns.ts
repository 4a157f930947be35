/** A product as cells of CSV: the columns, and what their cells stand for, in both directions. */

import { parseJson } from '../../gateway/json.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { BulkProduct } from '../catalog/bulk-store.ts';
import type { NewProduct } from '../catalog/schemas.ts';

/** In the order of an export; an import may have them in any. */
export const columnNames = [
  ...['sku', 'title', 'description', 'brand', 'category', 'tags', 'price', 'currency'],
  ...['stock', 'options', 'attributes', 'imageUrls', 'status'],
] as const;

/**
 * May stand in a file beside them: a SKU of the product that the line's variant belongs to, whose line comes first. Empty
 * where the line begins a product. An export has it on request.
 */
export const groupColumn = 'variantOf';
const allNames: readonly string[] = [...columnNames, groupColumn];

/** A file without one of these says nothing that could be a product. */
const requiredNames = ['sku', 'title', 'category', 'price', 'currency'];

/** Between the tags, and between the images, of one cell. */
const separator = '|';

/** The columns of a header. Refuses with `validation_failed`. */
export function readHeader(cells: readonly string[]): string[] {
  const names = cells.map(nameOf);
  const unknown = names.indexOf(undefined);
  if (unknown >= 0) throw badHeader(`"${shortened(cells[unknown]!)}" is no column: ${allNames.join(', ')}`);
  const known = names as string[];
  const twice = known.find((name, i) => known.indexOf(name) !== i);
  if (twice !== undefined) throw badHeader(`the column ${twice} stands there twice`);
  const missing = requiredNames.filter((name) => !known.includes(name));
  if (missing.length > 0) throw badHeader(`the column ${missing.join(', ')} is missing`);
  return known;
}

function nameOf(cell: string): string | undefined {
  const wanted = cell.trim().toLowerCase();
  return allNames.find((name) => name.toLowerCase() === wanted);
}

function badHeader(message: string): DoorbusterError {
  return new DoorbusterError('validation_failed', `The header: ${message}`);
}

const shortened = (text: string) => text.slice(0, 40).toWellFormed();

/**
 * The body that these cells stand for; the schema has yet to judge it. An empty cell is an empty text or list; an
 * empty status or stock, like a column that is not there, is not given. Refuses with `malformed_json`.
 */
export function bodyOf(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const cell = (name: string): string | undefined => cells[columns.indexOf(name)];
  const given = (fields: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return given({
    title: cell('title'),
    description: cell('description'),
    brand: cell('brand'),
    category: cell('category'),
    tags: listIn(cell('tags')),
    attributes: objectIn('attributes', cell('attributes')),
    images: listIn(cell('imageUrls')),
    status: cell('status')?.trim() || undefined,
    variantOf: cell(groupColumn)?.trim() || undefined,
    variants: [
      given({
        sku: cell('sku'),
        options: objectIn('options', cell('options')),
        price: { amount: numberIn(cell('price')), currency: cell('currency')?.trim() },
        stock: numberIn(cell('stock')),
      }),
    ],
  });
}

function listIn(cell: string | undefined): string[] | undefined {
  return cell
    ?.split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Text that is no number stays one, so that the schema says what is wrong with it. */
function numberIn(cell: string | undefined): number | string | undefined {
  const text = cell?.trim();
  if (text === undefined || text === '') return undefined;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function objectIn(name: string, cell: string | undefined): unknown {
  if (cell === undefined) return undefined;
  if (cell.trim() === '') return {};
  try {
    return parseJson(Buffer.from(cell));
  } catch (error) {
    if (!(error instanceof DoorbusterError) || error.code !== 'malformed_json') throw error;
    throw new DoorbusterError('malformed_json', `${name} must be a JSON object`);
  }
}

const columnByPlace: Readonly<Record<string, string>> = { images: 'imageUrls', '': 'the line' };

/** What a place in the body, as a JSON pointer, is called in the file. */
export const placeIn = { csv: columnAt, ndjson: (path: string) => path || 'the line' } as const;

function columnAt(path: string): string {
  const [, field = '', , inVariant = '', inPrice = ''] = path.split('/');
  if (field !== 'variants') return columnByPlace[field] ?? field;
  if (inVariant !== 'price') return inVariant || 'the line';
  return inPrice === 'currency' ? 'currency' : 'price';
}

/** One variant of a product as cells, without the group. */
export function cellsOf(
  product: BulkProduct,
  { sku, options, price, stock }: BulkProduct['variants'][number],
): string[] {
  return [
    ...[sku, product.title, product.description ?? '', product.brand ?? '', product.category],
    (product.tags ?? []).join(separator),
    ...[String(price.amount), price.currency, stock === undefined ? '' : String(stock)],
    ...[jsonCell(options), jsonCell(product.attributes), (product.images ?? []).join(separator)],
    product.status ?? '',
  ];
}

function jsonCell(object: NewProduct['attributes']): string {
  return object === undefined || Object.keys(object).length === 0 ? '' : JSON.stringify(object);
}
