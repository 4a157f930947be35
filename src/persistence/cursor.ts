/**
 * Pages of a list. A cursor says where a page ended, as opaque text: the sort's name and the last row's key.
 */
import { DoorbusterError } from '../protocol/errors.ts';

export interface PageFilter {
  /** Where the page before ended; none for the first page. */
  readonly cursor?: string | null;
  readonly limit?: number;
}

export function encodeCursor(sort: string, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([sort, ...key])).toString('base64url');
}

/** Rows that a query with `LIMIT limit + 1` returned, as a page: the row more says that another page follows. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  sort: string,
  keyOf: (row: Row) => readonly (string | number)[],
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { rows: page, nextCursor: last === undefined ? null : encodeCursor(sort, keyOf(last)) };
}

/** No key of ours is a larger number: times in milliseconds, minor units. */
const numberMax = 1e13;

const isKeepable = (part: string | number) =>
  typeof part === 'string' ? !part.includes('\0') : Math.abs(part) <= numberMax;

/** The key, or null for the first page. Refuses a cursor that is damaged or of another sort order. */
export function decodeCursor(
  cursor: string | undefined | null,
  sort: string,
  types: readonly ('string' | 'number')[],
): (string | number)[] | null {
  if (cursor === undefined || cursor === null) return null;
  try {
    const [given, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const isKey =
      key.length === types.length &&
      key.every((part, i) => typeof part === types[i] && isKeepable(part as string | number));
    if (given === sort && isKey) return key as (string | number)[];
  } catch {
    // Falls through to the refusal: what was sent is no cursor of ours.
  }
  throw new DoorbusterError('validation_failed', 'The cursor is not one of this list', {
    errors: [{ path: '/cursor', message: 'must be the nextCursor of an earlier page with the same sort' }],
  });
}
