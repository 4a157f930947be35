/**
 * The rows of HoldsPlaced. A row is the beginning of one as it came (`placeHold.rows`): the hold's id, its buyer's,
 * ticket number and quantity, 40 bytes; what only the decision needed is left out.
 */
import { readUuid, uuidSpace } from '../../protocol/uuid-words.ts';
import { placeHold } from './commands.ts';
import type { SkuEvent } from './events.ts';

export type HoldsPlaced = Extract<SkuEvent, { type: 'HoldsPlaced' }>;

const { rows: layout } = placeHold;
export const holdAt = layout.at('holdId');
export const buyerAt = layout.at('buyerId');
export const ticketAt = layout.at('ticketNumber');
export const quantityAt = layout.at('quantity');
/** Words of a row in the event. */
export const placedRowWords = layout.at('admissionExpiresAtMs');
const rowBytes = placedRowWords * 4;

/** Gathers the rows that are accepted. */
export class PlacedRows {
  readonly #words: Int32Array;
  count = 0;
  units = 0;

  constructor(rowsMax: number) {
    this.#words = new Int32Array(rowsMax * placedRowWords);
  }

  add(words: Int32Array, from: number): void {
    const to = this.count++ * placedRowWords;
    for (let n = 0; n < placedRowWords; n++) this.#words[to + n] = words[from + n]!;
    this.units += words[from + quantityAt]! >>> 0;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.count * rowBytes);
  }
}

/** The rows' words. Throws when they are not as many as the event says. */
export function placedWords(rows: Uint8Array, count: number): Int32Array {
  if (rows.length !== count * rowBytes) throw new Error(`${rows.length} bytes of ${count} holds`);
  // Bytes of a frame may stand at any address: words need a copy of their own.
  const words = new Int32Array(count * placedRowWords);
  new Uint8Array(words.buffer).set(rows);
  return words;
}

/** The ids of the holds. */
export function placedIds({ rows, count }: HoldsPlaced): string[] {
  const words = placedWords(rows, count);
  const space = uuidSpace('');
  return Array.from({ length: count }, (_, row) => readUuid(words, row * placedRowWords + holdAt, space));
}
