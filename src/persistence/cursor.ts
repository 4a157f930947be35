/**
 * Pages of a list. A cursor says where a page ended, as opaque text: the sort's name and the last row's key.
 *
 * A cursor comes back from a client, so it is anybody's text: each part must have the shape and the range that this
 * list's own keys have, or a number that the database cannot take would fail the query.
 */
import { DoorbusterError } from '../protocol/errors.ts';
import { type IdKind, isId } from '../protocol/ids.ts';

export interface PageFilter {
  /** Where the page before ended; none for the first page. */
  readonly cursor?: string | null;
  readonly limit?: number;
}

/** Whether something can be this part of a list's key. */
export type CursorPart = (part: unknown) => boolean;

export const idPart =
  (kind: IdKind): CursorPart =>
  (part) =>
    typeof part === 'string' && isId(kind, part);

/** A number with so many digits after the point, from 0 to `max`. */
export const numberPart =
  (max: number, digits = 0): CursorPart =>
  (part) =>
    typeof part === 'number' && part >= 0 && part <= max && Number(part.toFixed(digits)) === part;

/** The last millisecond of a year with four digits. */
const instantMax = 253_402_300_799_999;
/** Tables keep instants to the microsecond. */
export const instantPart: CursorPart = numberPart(instantMax, 3);

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

export const mustCursor = 'must be the nextCursor of an earlier page with the same sort';

/** The key, or null for the first page. Refuses a cursor that is damaged or of another list or order. */
export function decodeCursor(
  cursor: string | undefined | null,
  sort: string,
  parts: readonly CursorPart[],
): (string | number)[] | null {
  if (cursor === undefined || cursor === null) return null;
  try {
    const [given, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const isKey = key.length === parts.length && parts.every((isPart, i) => isPart(key[i]));
    if (given === sort && isKey) return key as (string | number)[];
  } catch {
    // Falls through to the refusal: what was sent is no cursor of ours.
  }
  throw new DoorbusterError('validation_failed', 'The cursor is not one of this list', {
    errors: [{ path: '/cursor', message: mustCursor }],
  });
}
