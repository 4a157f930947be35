/**
 * Holds in rows: placed together, in one decision and one event (protocol/rows.ts). A row is judged by what judges a
 * hold that is placed alone (holds.ts), after the rows before it were applied.
 */
import type { Instant, RowsDecision } from '../../protocol/decider.ts';
import { type RowAnswers, type Rows, readTime } from '../../protocol/rows.ts';
import { placeHold as declaration, type HoldView, type PlaceHold } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { placed } from './evolve.ts';
import { commonOfPlaced, expiringPush, isShort, refusalToPlace, repeated } from './holds.ts';
import { type HoldsPlaced, PlacedRows, placedRowsOf, readPlacedRow } from './placed-rows.ts';
import { freeOf, levelChange, type SkuState } from './state.ts';

const { rows: layout } = declaration;
const admissionAt = layout.at('admissionExpiresAtMs');

/** Decides PlaceHold for the rows of a group, all in one sale. */
export function placeRows(
  state: SkuState,
  rows: Rows,
  at: Instant,
  answers: RowAnswers,
): RowsDecision<SkuEvent> {
  const saleId = rows.group.saleId!;
  const allocation = state.allocationBySale.get(saleId);
  const freeBefore = allocation === undefined ? 0 : freeOf(allocation);
  const accepted = new PlacedRows(rows.count);
  for (let row = 0; row < rows.count; row++) {
    const from = row * layout.words;
    const hold: PlaceHold = {
      ...{ type: 'PlaceHold', saleId, ...readPlacedRow(rows.words, from) },
      admissionExpiresAtMs: readTime(rows.words, from + admissionAt),
    };
    const known = state.holdById.get(hold.holdId);
    const other = known ? repeated(state, known, hold, at) : refusalToPlace(allocation, hold, at);
    if (other !== null) {
      answers.other(row, other.code, other.reply ?? null);
      continue;
    }
    answers.accept();
    placed(state, { ...hold, expiresAtMs: at + allocation!.holdSeconds * 1000, atMs: at });
    accepted.add(rows.words, from);
  }
  if (allocation === undefined || accepted.count === 0) return { event: null, common: null };
  const common = commonOfPlaced(state, allocation, at);
  const { count, units } = accepted;
  const event: HoldsPlaced = {
    ...{ type: 'HoldsPlaced', saleId, count, units, expiresAtMs: common.expiresAtMs, atMs: at },
    rows: accepted.bytes(),
  };
  const levels = levelChange(state, allocation, freeBefore, freeOf(allocation));
  const views = () =>
    placedRowsOf(event).map((row) => declaration.rows.view(common, { ...row, saleId }) as HoldView);
  return { event, common, pushes: isShort(allocation) ? [...levels, ...views().map(expiringPush)] : levels };
}
