/**
 * Cursors of a search: where a page ended, for the same query, for ten minutes.
 *
 * A cursor is anybody's text: what it says is checked here (its query, its engine, its age) and by the engine (its
 * state). One of an engine that is away has ended, because no other engine can go on from it.
 */
import { mustCursor } from '../../persistence/cursor.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type CursorState, type EngineName, engineNames } from './engine.ts';

const livesMs = 10 * 60_000;
/** Longer ones are refused by the schema before they come here. */
const cursorCharsMax = 500;

export interface Cursor {
  readonly engine: EngineName;
  /** Of all that decides on the hits and their order. */
  readonly query: string;
  /** When the first page was asked for. */
  readonly beganAtMs: number;
  /** When this page was. */
  readonly atMs: number;
  readonly state: CursorState;
}

/** null: the state is longer than a cursor can be. */
export function encodeCursor({ engine, query, beganAtMs, atMs, state }: Cursor): string | null {
  const text = Buffer.from(
    JSON.stringify([engineNames.indexOf(engine), query, beganAtMs, atMs, ...state]),
  ).toString('base64url');
  return text.length <= cursorCharsMax ? text : null;
}

/** Refuses with `validation_failed`, or `cursor_expired`. */
export function decodeCursor(text: string, query: string, nowMs: number): Cursor {
  const cursor = read(text);
  if (cursor === null || cursor.query !== query) throw notOfThisList();
  const ageMs = nowMs - cursor.atMs;
  if (ageMs > livesMs || ageMs < -livesMs) throw cursorExpired();
  return cursor;
}

function read(text: string): Cursor | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(parts)) return null;
    const [engineIndex, query, beganAtMs, atMs, ...state] = parts as unknown[];
    const engine = typeof engineIndex === 'number' ? engineNames[engineIndex] : undefined;
    const isState = state.every((part) => typeof part === 'string' || Number.isSafeInteger(part));
    if (
      engine === undefined ||
      typeof query !== 'string' ||
      ![beganAtMs, atMs].every(Number.isSafeInteger) ||
      !isState
    )
      return null;
    return {
      engine,
      query,
      beganAtMs: beganAtMs as number,
      atMs: atMs as number,
      state: state as CursorState,
    };
  } catch {
    return null;
  }
}

export const notOfThisList = () =>
  new DoorbusterError('validation_failed', 'The cursor is not one of this search', {
    errors: [{ path: '/cursor', message: mustCursor }],
  });

export const cursorExpired = () =>
  new DoorbusterError('cursor_expired', 'The cursor has ended: begin with the first page again');
