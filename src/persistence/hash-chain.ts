/**
 * Rows that cannot be changed unseen: each holds the hash of the one before it.
 *
 * `hash` is the lower-case hexadecimal SHA-256 of the row without `hash` in its canonical form (RFC 8785), so that
 * anybody who is shown the rows can check them with a few lines in any language. The first `previousHash` is null.
 */
import { createHash } from 'node:crypto';

/** RFC 8785: names sorted by their UTF-16 units, numbers and texts as ECMAScript writes them, no blanks. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

interface Link {
  readonly seq: number;
  readonly hash: string;
  readonly previousHash: string | null;
}

/** What is wrong with a chain's rows, all of them and oldest first; null: nothing. */
export function faultOf(rows: readonly Link[]): string | null {
  let previous: string | null = null;
  for (const [i, row] of rows.entries()) {
    const { hash, ...hashed } = row;
    if (row.seq !== i + 1) return `row ${i + 1} is missing`;
    if (row.previousHash !== previous) return `row ${row.seq} does not follow the row before it`;
    if (hashOf(hashed) !== hash) return `row ${row.seq} was changed`;
    previous = hash;
  }
  return null;
}
