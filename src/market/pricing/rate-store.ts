/** The tables of rates, each a whole that administrators read and replace. */
import { randomUUID } from 'node:crypto';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type Actor, recordAction } from '../audit/store.ts';
import type { RateTables } from './rate-schemas.ts';

interface Versioned<Content> {
  readonly content: Content;
  readonly version: string;
}

/** Of a table that nobody has set. */
const firstVersion = '0';
const unset: RateTables = {
  tax: { items: [] },
  shipping: { items: [] },
  exchange: { base: 'USD', rates: {} },
};

const readText = 'SELECT name, content, version::text FROM rate_tables';

export async function readRateTable<Name extends keyof RateTables>(
  query: Query,
  name: Name,
): Promise<Versioned<RateTables[Name]>> {
  const [row] = await query<Versioned<RateTables[Name]>>(`${readText} WHERE name = $1`, [name]);
  return row ?? { content: unset[name], version: firstVersion };
}

export async function readRateTables(query: Query): Promise<RateTables> {
  const rows = await query<{ name: keyof RateTables; content: never }>(readText, [], 'rate_tables');
  return { ...unset, ...Object.fromEntries(rows.map(({ name, content }) => [name, content])) };
}

/** `versions` null: whatever there is. Refuses with `stale_version`. */
export async function replaceRateTable<Name extends keyof RateTables>(
  query: Query,
  actor: Actor,
  name: Name,
  content: RateTables[Name],
  versions: readonly string[] | null,
): Promise<Versioned<RateTables[Name]>> {
  // There may be no row to lock yet.
  await query('LOCK TABLE rate_tables IN SHARE ROW EXCLUSIVE MODE');
  const { version } = await readRateTable(query, name);
  if (versions !== null && !versions.includes(version))
    throw new DoorbusterError('stale_version', 'The rates have changed since', { version });
  const after = { content, version: randomUUID() };
  await query(
    `INSERT INTO rate_tables (name, content, version) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET content = excluded.content, version = excluded.version`,
    [name, JSON.stringify(content), after.version],
  );
  await recordAction(query, { actor, action: `settings.${name}_rates`, target: `${name}-rates` });
  return after;
}

/** Sets those tables that nobody has set. Answers with their names. */
export async function setFirstRates(
  query: Query,
  tables: Partial<RateTables>,
): Promise<readonly (keyof RateTables)[]> {
  const set: (keyof RateTables)[] = [];
  for (const name of ['tax', 'shipping', 'exchange'] as const) {
    const content = tables[name];
    if (content === undefined) continue;
    const rows = await query(
      'INSERT INTO rate_tables (name, content, version) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING 1',
      [name, JSON.stringify(content), randomUUID()],
    );
    if (rows.length > 0) set.push(name);
  }
  return set;
}
