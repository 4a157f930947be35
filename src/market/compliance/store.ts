/** The rules for listings, each a whole that administrators read and replace. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type Actor, recordAction } from '../audit/store.ts';

export type RulesName = 'forbidden-words' | 'price-bounds';

interface RuleSet<Item> {
  readonly items: Item[];
  readonly version: string;
}

/** Of rules that nobody has set. */
const firstVersion = '0';

const readText = 'SELECT items, version::text FROM compliance_rules WHERE name = $1';

export async function readRules<Item>(database: Database, name: RulesName): Promise<RuleSet<Item>> {
  const [row] = await database.query<RuleSet<Item>>(readText, [name]);
  return row ?? { items: [], version: firstVersion };
}

/** `versions` null: whatever there is. Refuses with `stale_version`. */
export function replaceRules<Item>(
  database: Database,
  actor: Actor,
  name: RulesName,
  items: readonly Item[],
  versions: readonly string[] | null,
): Promise<RuleSet<Item>> {
  return database.transaction(async (query) => {
    // There may be no row to lock yet.
    await query('LOCK TABLE compliance_rules IN SHARE ROW EXCLUSIVE MODE');
    const [before] = await query<RuleSet<Item>>(readText, [name]);
    const version = before?.version ?? firstVersion;
    if (versions !== null && !versions.includes(version))
      throw new DoorbusterError('stale_version', 'The rules have changed since', { version });
    const after = { items: [...items], version: randomUUID() };
    await query(
      `INSERT INTO compliance_rules (name, items, version) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET items = excluded.items, version = excluded.version`,
      [name, JSON.stringify(after.items), after.version],
    );
    const action = `settings.${name.replace('-', '_')}`;
    await recordAction(query, { actor, action, target: name, details: { items: items.length } });
    return after;
  });
}
