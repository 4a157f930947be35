/**
 * Makes the index anew beside the one that is searched, and puts it in its place.
 *
 * 1. Searches go on all the time: they wait for the swap for an instant, and fail at no time.
 * 2. What the consumer writes meanwhile goes to the present index, and is copied before the swap: a row is newer by its
 *    version, wherever it was written.
 * 3. A run that is broken off leaves tables that the next one begins by dropping.
 * 4. No step is a long transaction that has written: those hold up the feed for everybody.
 */
import type { Database, Query } from '../../../persistence/database.ts';
import type { SearchDocument } from '../engine.ts';
import { isWord } from './lexemes.ts';
import {
  countLexemes,
  type DocumentRow,
  type IndexTables,
  liveTables,
  moveCounts,
  rowsOf,
  saveRows,
  writeRows,
  writerLock,
} from './writer.ts';

const next = (name: string) => `${name}_next`;
const nextTables: IndexTables = {
  documents: next(liveTables.documents),
  lexicon: next(liveTables.lexicon),
  suggestions: next(liveTables.suggestions),
};
const names = Object.keys(liveTables) as (keyof IndexTables)[];
const batchRows = 500;

/**
 * `documents`: all there are, in any order, each with a version that was drawn before it was read. The database must have
 * no limit on how long a statement takes: an index is made in one. Answers with how many there were.
 */
export async function reindexPostgres(
  database: Database,
  documents: AsyncIterable<readonly SearchDocument[]>,
): Promise<number> {
  const { query } = database;
  const indexes = await makeTables(query);
  const [began] = await query<{ at: string }>('SELECT now()::text AS at');
  const count = await fill(query, documents);
  for (const { isUnique, definition } of indexes) if (!isUnique) await query(definition);
  await query(`ALTER TABLE ${nextTables.documents} RESET (autovacuum_enabled)`);
  for (const name of names) await query(`ANALYZE ${nextTables[name]}`);
  // What changed while this was made; and once more, while nobody writes.
  const reachedAt = await copyChanges(query, began!.at);
  await database.transaction(async (within) => {
    await within(`SET LOCAL lock_timeout = '10s'`);
    await within(`SELECT ${writerLock}`);
    await copyChanges(within, reachedAt);
    await swap(within, indexes);
  });
  return count;
}

/** So many different lexemes are counted in memory (about 60 MB) before the lexicon gets their counts. */
const countedMax = 500_000;

/** Finding the words of a batch takes as long as storing them: while one is stored, the next is made. */
async function fill(query: Query, documents: AsyncIterable<readonly SearchDocument[]>): Promise<number> {
  let count = 0;
  let counts = new Map<string, number>();
  let saved: Promise<void> = Promise.resolve();
  for await (const read of documents) {
    const rows = await rowsOf(read);
    await saved;
    saved = saveRows(query, nextTables.documents, rows);
    // It is awaited before the next one, whatever happens in between.
    saved.catch(() => {});
    for (const row of rows) countLexemes(row, counts);
    if (counts.size > countedMax) {
      await moveCounts(query, nextTables, counts);
      counts = new Map();
    }
    count += read.length;
  }
  await saved;
  await moveCounts(query, nextTables, counts);
  return count;
}

interface IndexDefinition {
  readonly name: string;
  readonly isUnique: boolean;
  /** Of the index of the table that is made. */
  readonly definition: string;
}

/** As the migrations have it: no LIKE copies these. Nothing is worth a vacuum before it is filled. */
const storageOf: Readonly<Record<keyof IndexTables, string>> = {
  documents: 'toast_tuple_target = 128, autovacuum_enabled = false',
  lexicon: 'fillfactor = 80',
  suggestions: 'fillfactor = 80',
};

/** The tables without rows, and with their unique indexes; answers with all indexes that they are to have. */
async function makeTables(query: Query): Promise<IndexDefinition[]> {
  const indexes: IndexDefinition[] = [];
  for (const name of names) {
    const [live, made] = [liveTables[name], nextTables[name]];
    await query(`DROP TABLE IF EXISTS ${made}`);
    await query(
      `CREATE TABLE ${made} (LIKE ${live} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)`,
    );
    await query(`ALTER TABLE ${made} SET (${storageOf[name]})`);
    indexes.push(...(await indexesOf(query, live, made)));
  }
  for (const { isUnique, definition } of indexes) if (isUnique) await query(definition);
  return indexes;
}

/** As the migrations have made them. */
async function indexesOf(query: Query, live: string, made: string): Promise<IndexDefinition[]> {
  const rows = await query<{ name: string; definition: string }>(
    `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
     WHERE schemaname = current_schema() AND tablename = $1`,
    [live],
  );
  return rows.map(({ name, definition }) => {
    const [, unique = '', rest] = /^CREATE (UNIQUE )?INDEX \S+ ON \S+ (.*)$/s.exec(definition)!;
    // Made beside a transaction, so that it does not look like a long one.
    const how = unique === '' ? 'CONCURRENTLY ' : '';
    return {
      name,
      isUnique: unique !== '',
      definition: `CREATE ${unique}INDEX ${how}${next(name)} ON ${made} ${rest}`,
    };
  });
}

interface ChangedRow extends Omit<DocumentRow, 'version' | 'headWords'> {
  readonly version: string;
  readonly head_forms: readonly string[];
  readonly at: string;
}

/** Rows of the present index that were written since; answers with when the last one was. */
async function copyChanges(query: Query, since: string): Promise<string> {
  let [at, after] = [since, ''];
  for (;;) {
    const rows = await query<ChangedRow>(
      `SELECT product_id, version, price_amount, rating, in_stock, is_listed, currency, brand, category, sample,
         head::text AS head,
         tsvector_to_array(words) AS lexemes, tsvector_to_array(head) AS head_forms, indexed_at::text AS at
       FROM ${liveTables.documents} WHERE (indexed_at, product_id) >= ($1::timestamptz, $2) AND (indexed_at, product_id) <> ($1::timestamptz, $2)
       ORDER BY indexed_at, product_id LIMIT ${batchRows}`,
      [at, after],
    );
    if (rows.length === 0) return at;
    const copied = rows.map(({ version, head_forms, ...row }) => ({
      ...row,
      version: Number(version),
      headWords: head_forms.filter(isWord),
    }));
    await writeRows(query, nextTables, copied);
    [at, after] = [rows.at(-1)!.at, rows.at(-1)!.product_id];
  }
}

/** In the order in which searches and suggestions come to them: in another one they would wait for each other. */
const lockOrder: readonly (keyof IndexTables)[] = ['lexicon', 'suggestions', 'documents'];

async function swap(query: Query, indexes: readonly IndexDefinition[]): Promise<void> {
  for (const name of lockOrder) await query(`LOCK TABLE ${liveTables[name]} IN ACCESS EXCLUSIVE MODE`);
  for (const name of names) {
    await query(`DROP TABLE ${liveTables[name]}`);
    await query(`ALTER TABLE ${nextTables[name]} RENAME TO ${liveTables[name]}`);
  }
  for (const { name } of indexes) await query(`ALTER INDEX ${next(name)} RENAME TO ${name}`);
}
