/**
 * Holds in rows: placed together, in one decision and one event (protocol/rows.ts). A row is judged by what judges a
 * hold that is placed alone (holds.ts), after the rows before it were applied.
 */
import type { Instant, Push, RowsDecision } from '../../protocol/decider.ts';
import { EventRows } from '../../protocol/event-rows.ts';
import { type RowAnswers, type Rows, readTime } from '../../protocol/rows.ts';
import { placeHold as declaration, type PlaceHold } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { placeRow } from './evolve.ts';
import { commonOfPlaced, expiringPush, isShort, refusalOf, refusalToPlace, repeated } from './holds.ts';
import { buyerAt, type HoldsPlaced, holdAt, placedIds, placedRowWords, quantityAt } from './placed-rows.ts';
import { freeOf, levelChange, type SkuState } from './state.ts';
import { holdView } from './view.ts';

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
  const accepted = new EventRows(rows.count, placedRowWords);
  let units = 0;
  for (let row = 0; row < rows.count; row++) {
    const { words } = rows;
    const from = row * layout.words;
    const known = state.holds.getUuid(words, from + holdAt);
    if (known !== undefined) {
      const { code, reply = null } = repeated(state, known, commandOf(rows, from), at);
      answers.other(row, code, reply);
      continue;
    }
    const quantity = words[from + quantityAt]! >>> 0;
    const refusal =
      refusalToPlace(allocation, quantity, readTime(words, from + admissionAt), at) ??
      refusalOf(allocation!, allocation!.buyers.unitsOfUuid(words, from + buyerAt), quantity, 0);
    if (refusal !== null) {
      answers.other(row, refusal.code, refusal.reply ?? null);
      continue;
    }
    answers.accept();
    placeRow(state, allocation!, words, from, at + allocation!.holdSeconds * 1000, at);
    accepted.add(words, from);
    units += quantity;
  }
  if (allocation === undefined || accepted.count === 0) return { code: 'created', event: null, common: null };
  const common = commonOfPlaced(state, allocation, at);
  const { count } = accepted;
  const event: HoldsPlaced = {
    ...{ type: 'HoldsPlaced', saleId, count, units, expiresAtMs: common.expiresAtMs, atMs: at },
    rows: accepted.bytes(),
  };
  const levels = levelChange(state, allocation, freeBefore, freeOf(allocation));
  const isWarned = isShort(allocation);
  return {
    code: 'created',
    event,
    common,
    pushes: isWarned ? [...levels, ...warnings(state, event, at)] : levels,
  };
}

function commandOf({ group, words }: Rows, from: number): PlaceHold {
  return { ...layout.read(words, from), type: 'PlaceHold', saleId: group.saleId } as unknown as PlaceHold;
}

function warnings(state: SkuState, event: HoldsPlaced, at: Instant): Push[] {
  const { words, from, step, count } = placedIds(event);
  return Array.from({ length: count }, (_, row) =>
    expiringPush(holdView(state, state.holds.getUuid(words, from + row * step)!, at)),
  );
}
