/** The rows of HoldsPlaced: the hold's id, its buyer's, ticket number and quantity, 40 bytes. */

import type { UuidRows } from '../../protocol/decider.ts';
import { eventWords } from '../../protocol/event-rows.ts';
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

/** The ids of the holds. */
export function placedIds({ rows, count }: HoldsPlaced): UuidRows {
  return { words: eventWords(rows, count, placedRowWords), from: holdAt, step: placedRowWords, count };
}
