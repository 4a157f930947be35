/**
 * Writes the copies, and keeps the lexicon in step with them.
 *
 * 1. One writer at a time (an advisory lock), and a row only gives way to one of a greater version.
 * 2. Counts move by the difference between a document's lexemes before and after, in the same transaction. A change of
 *    stock or price touches the counts of a mark or two, and no word.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Database, Query } from '../../../persistence/database.ts';
import type { Removal, SearchDocument, SearchIndex } from '../engine.ts';
import { lastLevel, nameKeys } from '../suggestions.ts';
import { quoted } from './expression.ts';
import { brandMark, categoryMark, indexedText, isCounted, isWord, sampleOf } from './lexemes.ts';

/** Of the lock that only writers of the index and the swap of a reindex take. */
export const writerLock = `pg_advisory_xact_lock(hashtext('search_documents'))`;

/** What was there: the words of the head are those of its lexemes that are no stems. */
interface Before {
  product_id: string;
  version: string;
  lexemes: string[];
  head_forms: string[];
}

/** A row as it is written. */
export interface DocumentRow {
  readonly product_id: string;
  readonly version: number;
  readonly price_amount: number;
  readonly rating: number;
  readonly in_stock: boolean;
  readonly is_listed: boolean;
  readonly currency: string;
  readonly brand: string;
  readonly category: string;
  readonly sample: number;
  readonly head: string;
  readonly headWords: readonly string[];
  readonly lexemes: readonly string[];
}

function rowOf(document: SearchDocument): DocumentRow {
  const { productId, version, price, rating, inStock, brand, category } = document;
  return {
    product_id: productId,
    version,
    price_amount: price.amount,
    rating: Math.round(rating * 100),
    in_stock: inStock,
    is_listed: true,
    currency: price.currency,
    brand,
    category,
    sample: sampleOf(productId),
    ...indexedText(document),
  };
}

const rowsATurn = 25;

/** The words of many documents take their time: other work of the thread comes in between. */
export async function rowsOf(documents: readonly SearchDocument[]): Promise<DocumentRow[]> {
  const rows: DocumentRow[] = [];
  for (const document of documents) {
    rows.push(rowOf(document));
    if (rows.length % rowsATurn === 0) await turn();
  }
  return rows;
}

const removedRow = ({ productId, version }: Removal): DocumentRow => ({
  product_id: productId,
  version,
  ...{ price_amount: 0, rating: 0, in_stock: false, is_listed: false, currency: '', brand: '', category: '' },
  sample: sampleOf(productId),
  ...{ head: '', headWords: [], lexemes: [] },
});

/** The tables that are searched, or those that are going to be. */
export interface IndexTables {
  readonly documents: string;
  readonly lexicon: string;
  readonly suggestions: string;
}

export const liveTables: IndexTables = {
  documents: 'search_documents',
  lexicon: 'search_lexicon',
  suggestions: 'search_suggestions',
};

export class PostgresIndex implements SearchIndex {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async index(documents: readonly SearchDocument[]): Promise<void> {
    await this.#write(await rowsOf(documents));
  }

  remove(removals: readonly Removal[]): Promise<void> {
    return this.#write(removals.map(removedRow));
  }

  async #write(rows: readonly DocumentRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#database.transaction(async (query) => {
      await query(`SELECT ${writerLock}`);
      await writeRows(query, liveTables, rows);
    });
  }
}

/** Rows that are not older than those that are there take their place, and the counts follow. */
export async function writeRows(
  query: Query,
  tables: IndexTables,
  rows: readonly DocumentRow[],
): Promise<void> {
  const before = await query<Before>(
    `SELECT product_id, version, tsvector_to_array(words) AS lexemes, tsvector_to_array(head) AS head_forms
     FROM ${tables.documents} WHERE product_id = ANY($1)`,
    [rows.map(({ product_id }) => product_id)],
  );
  const beforeById = new Map(before.map((row) => [row.product_id, row]));
  const newer = rows.filter((row) => Number(beforeById.get(row.product_id)?.version ?? -1) <= row.version);
  await saveRows(query, tables.documents, newer);
  await moveCounts(query, tables, difference(newer, beforeById));
}

const columns = [
  ['product_id', 'text'],
  ['version', 'bigint'],
  ['price_amount', 'bigint'],
  ['rating', 'smallint'],
  ['in_stock', 'boolean'],
  ['is_listed', 'boolean'],
  ['currency', 'text'],
  ['brand', 'text'],
  ['category', 'text'],
  ['sample', 'smallint'],
] as const;

/** The rows take the place of what is there. `table`: a name of ours. */
export async function saveRows(query: Query, table: string, rows: readonly DocumentRow[]): Promise<void> {
  if (rows.length === 0) return;
  const names = columns.map(([name]) => name);
  const texts = [rows.map(({ head }) => head), rows.map(({ lexemes }) => lexemes.map(quoted).join(' '))];
  const given = columns.map(([, type], i) => `$${i + 1}::${type}[]`);
  await query(
    `INSERT INTO ${table} (${names.join(', ')}, head, words)
     SELECT ${names.map((name) => `r.${name}`).join(', ')}, r.head::tsvector, r.words::tsvector
     FROM unnest(${given.join(', ')}, $${names.length + 1}::text[], $${names.length + 2}::text[])
       AS r(${names.join(', ')}, head, words)
     ON CONFLICT (product_id) DO UPDATE SET ${[...names.slice(1), 'head', 'words']
       .map((name) => `${name} = EXCLUDED.${name}`)
       .join(', ')}, indexed_at = now()`,
    [...names.map((name) => rows.map((row) => row[name])), ...texts],
  );
}

// ----------------------------------------------------------------
// Counts.

function add(counts: Map<string, number>, lexeme: string, by: number): void {
  if (isCounted(lexeme)) counts.set(lexeme, (counts.get(lexeme) ?? 0) + by);
}

/** Adds those of a new document to the counts. */
export function countLexemes({ lexemes, headWords }: DocumentRow, counts: Map<string, number>): void {
  for (const lexeme of lexemes) add(counts, lexeme, 1);
  for (const word of headWords) add(counts, word, 1);
}

/** By how much the number of documents changes, for each lexeme of which it does. */
function difference(
  rows: readonly DocumentRow[],
  beforeById: ReadonlyMap<string, Before>,
): Map<string, number> {
  const changes = new Map<string, number>();
  for (const row of rows) {
    const before = beforeById.get(row.product_id);
    for (const lexeme of before?.lexemes ?? []) add(changes, lexeme, -1);
    for (const word of before?.head_forms.filter(isWord) ?? []) add(changes, word, -1);
    countLexemes(row, changes);
  }
  for (const [lexeme, by] of changes) if (by === 0) changes.delete(lexeme);
  return changes;
}

const lexemesAtOnce = 20_000;

/** Adds the changes to the counts that are there. */
export async function moveCounts(
  query: Query,
  tables: IndexTables,
  changes: ReadonlyMap<string, number>,
): Promise<void> {
  const lexemes = [...changes.keys()].sort();
  for (let at = 0; at < lexemes.length; at += lexemesAtOnce) {
    const some = lexemes.slice(at, at + lexemesAtOnce);
    await query(
      `INSERT INTO ${tables.lexicon} AS l (lexeme, documents, is_word)
       SELECT * FROM unnest($1::text[], $2::integer[], $3::boolean[])
       ON CONFLICT (lexeme) DO UPDATE SET documents = l.documents + EXCLUDED.documents`,
      [some, some.map((lexeme) => changes.get(lexeme)), some.map(isWord)],
    );
  }
  await addSuggestions(query, tables, changes);
}

/** Of lexemes of any kind those of brands and categories count. */
async function addSuggestions(
  query: Query,
  { suggestions }: IndexTables,
  changes: Iterable<readonly [lexeme: string, by: number]>,
): Promise<void> {
  const rows = [...changes].flatMap(([lexeme, documents]) => {
    const kind = lexeme.startsWith(brandMark) ? 'brand' : lexeme.startsWith(categoryMark) ? 'category' : null;
    const text = lexeme.slice(brandMark.length);
    return kind === null ? [] : nameKeys(lastLevel(text)).map((key) => ({ key, kind, text, documents }));
  });
  if (rows.length === 0) return;
  await query(
    `INSERT INTO ${suggestions} AS s (key, kind, text, documents)
     SELECT key, kind, text, documents FROM jsonb_to_recordset($1) AS r(key text, kind text, text text, documents integer)
     ON CONFLICT (key, kind, text) DO UPDATE SET documents = s.documents + EXCLUDED.documents`,
    [JSON.stringify(rows)],
  );
}
