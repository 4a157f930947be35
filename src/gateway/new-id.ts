/** Mints ids. Actors mint none, because a replay would mint others: they receive their ids with the command. */
import { v7 } from 'uuid';
import { type IdKind, prefixes } from '../protocol/ids.ts';

/** Random bytes are drawn for many ids at once: one draw each would cost more than the rest of a small request. */
const idsPerDraw = 512;
const drawn = new Uint8Array(16 * idsPerDraw);
let used = drawn.length;

/** A new id, later in order than the ids of earlier milliseconds. */
export function newId<Id extends string = string>(kind: IdKind): Id {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  const random = drawn.subarray(used, used + 16);
  used += 16;
  return `${prefixes[kind]}_${v7({ random })}` as Id;
}
