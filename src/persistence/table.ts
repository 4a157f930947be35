/**
 * One SQL table as rows of plain data: read many by key, write many, one statement each however many rows there are.
 *
 * Rows travel as one JSON parameter, so a statement's text never changes and is prepared once per connection.
 */
import type pg from 'pg';

export type Kind = 'text' | 'integer' | 'boolean' | 'json' | 'instant';

/** Property -> column and what it holds. An `instant` is milliseconds here and timestamptz there. */
type Columns<Row> = { readonly [Property in keyof Row]-?: readonly [column: string, kind: Kind] };

export interface Table<Row> {
  /** Every column under its property's name, for the SELECT of another query: its rows are rows of this table. */
  readonly selection: string;
  load(client: pg.ClientBase, keys: readonly string[]): Promise<Row[]>;
  /** Inserts or replaces; no key may be there twice. */
  save(client: pg.ClientBase, rows: readonly Row[]): Promise<void>;
}

const read: Readonly<Record<Kind, (column: string) => string>> = {
  text: (column) => column,
  json: (column) => column,
  boolean: (column) => column,
  integer: (column) => `${column}::float8`,
  instant: (column) => `(extract(epoch from ${column}) * 1000)::float8`,
};
const sent: Readonly<Record<Kind, string>> = {
  text: 'text',
  json: 'jsonb',
  integer: 'bigint',
  boolean: 'boolean',
  instant: 'float8',
};
const stored = (property: string, kind: Kind) =>
  kind === 'instant' ? `to_timestamp(r."${property}" / 1000)` : `r."${property}"`;

/** PostgreSQL has no NUL and no half characters in text: whoever smuggled one in must not stop the projection. */
function encode(rows: readonly unknown[]): string {
  const text = JSON.stringify(rows);
  if (!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text)) return text;
  return JSON.stringify(rows, (_, value) =>
    typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value,
  );
}

/** `keys` make a row unique; rows are loaded by the first of them. */
export function table<Row extends object>(
  name: string,
  keys: readonly (keyof Row & string)[],
  columns: Columns<Row>,
): Table<Row> {
  const all = Object.entries(columns) as [string, readonly [string, Kind]][];
  const columnOf = (property: keyof Row & string) => columns[property][0];
  const keyColumns = keys.map(columnOf);
  const selection = all
    .map(([property, [column, kind]]) => `${read[kind](column)} AS "${property}"`)
    .join(', ');
  const loadText = `SELECT ${selection}
    FROM ${name} WHERE ${keyColumns[0]} = ANY($1) ORDER BY ${keyColumns.join(', ')}`;
  const saveText = `INSERT INTO ${name} (${all.map(([, [column]]) => column).join(', ')})
    SELECT ${all.map(([property, [, kind]]) => stored(property, kind)).join(', ')}
    FROM jsonb_to_recordset($1::jsonb) AS r(${all.map(([property, [, kind]]) => `"${property}" ${sent[kind]}`).join(', ')})
    ON CONFLICT (${keyColumns.join(', ')}) DO UPDATE SET ${all
      .map(([, [column]]) => column)
      .filter((column) => !keyColumns.includes(column))
      .map((column) => `${column} = EXCLUDED.${column}`)
      .join(', ')}`;
  return {
    selection,
    async load(client, wanted) {
      if (wanted.length === 0) return [];
      const { rows } = await client.query({ name: `load_${name}`, text: loadText, values: [wanted] });
      return rows as Row[];
    },
    async save(client, rows) {
      if (rows.length === 0) return;
      await client.query({ name: `save_${name}`, text: saveText, values: [encode(rows)] });
    },
  };
}
