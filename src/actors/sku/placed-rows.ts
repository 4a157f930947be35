/**
 * The rows of HoldsPlaced. A row is the beginning of one as it came (`placeHold.rows`): the hold's id, its buyer's,
 * ticket number and quantity, 40 bytes; what only the decision needed is left out.
 */
import { readUuid, uuidSpace } from '../../protocol/uuid-words.ts';
import { placeHold } from './commands.ts';
import type { SkuEvent } from './events.ts';

export type HoldsPlaced = Extract<SkuEvent, { type: 'HoldsPlaced' }>;

const { rows: layout } = placeHold;
const [holdAt, buyerAt] = [layout.at('holdId'), layout.at('buyerId')];
const [ticketAt, quantityAt] = [layout.at('ticketNumber'), layout.at('quantity')];
/** Words of a row in the event. */
const rowWords = layout.at('admissionExpiresAtMs');
const rowBytes = rowWords * 4;

export interface PlacedRow {
  readonly holdId: string;
  readonly buyerId: string;
  readonly ticketNumber: number;
  readonly quantity: number;
}

/** Gathers the rows that are accepted. */
export class PlacedRows {
  readonly #words: Int32Array;
  count = 0;
  units = 0;

  constructor(rowsMax: number) {
    this.#words = new Int32Array(rowsMax * rowWords);
  }

  add(words: Int32Array, from: number): void {
    this.#words.set(words.subarray(from, from + rowWords), this.count++ * rowWords);
    this.units += words[from + quantityAt]! >>> 0;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.count * rowBytes);
  }
}

export function readPlacedRow(words: Int32Array, from: number): PlacedRow {
  return {
    holdId: readUuid(words, from + holdAt, uuidSpace('')),
    buyerId: readUuid(words, from + buyerAt, uuidSpace('acc_')),
    ticketNumber: words[from + ticketAt]! >>> 0,
    quantity: words[from + quantityAt]! >>> 0,
  };
}

/** The holds of which the event is. Throws when they are not as many as it says. */
export function placedRowsOf({ rows, count }: HoldsPlaced): PlacedRow[] {
  if (rows.length !== count * rowBytes) throw new Error(`${rows.length} bytes of ${count} holds`);
  // Bytes of a frame may stand at any address: words need a copy of their own.
  const words = new Int32Array(count * rowWords);
  new Uint8Array(words.buffer).set(rows);
  return Array.from({ length: count }, (_, row) => readPlacedRow(words, row * rowWords));
}
