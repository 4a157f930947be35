/**
 * Hold assignment in rows: what orders do with holds of one SKU at one time is one decision and one event (protocol/rows.ts). A
 * row is judged by what judges a command that travels alone (assignment.ts), after the rows before it were applied.
 */
import type { Instant, Push, RowsDecision } from '../../protocol/decider.ts';
import { EventRows } from '../../protocol/event-rows.ts';
import { type RowAnswers, type Rows, readTime, writeTime } from '../../protocol/rows.ts';
import type { Allocation } from './allocation.ts';
import { attachedRowWords, buyerAt, holdAt, orderAt, resolvedRowWords, untilAt } from './assigned-rows.ts';
import { assignedEndMs, isToRelease, judgeAttach, judgeCommit } from './assignment.ts';
import { type AttachedInCommon, attachHold, commitHold, releaseHold } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { attachRow, commit, release } from './evolve.ts';
import { freeOf, levelChange, type SkuState } from './state.ts';
import { holdView } from './view.ts';

type Decided = RowsDecision<SkuEvent>;

/** Decides AttachHold. */
export function attachRows(
  state: SkuState,
  { words, count }: Rows,
  at: Instant,
  answers: RowAnswers,
): Decided {
  const accepted = new EventRows(count, attachedRowWords);
  const taken = new Taken(state);
  for (let row = 0; row < count; row++) {
    const from = row * attachHold.rows.words;
    const hold = state.holds.getUuid(words, from + holdAt);
    const isBuyers = hold?.isOfBuyer(words, from + buyerAt) ?? false;
    const isOrders = hold?.isOfOrder(words, from + orderAt) ?? false;
    const untilMs = readTime(words, from + untilAt);
    const verdict = judgeAttach(hold, isBuyers, isOrders, untilMs, at);
    if (verdict === 'repeat') answers.other(row, 'ok', holdView(state, hold!, at));
    else if (verdict !== 'apply') answers.other(row, verdict.code, null);
    else {
      answers.accept();
      const to = accepted.add(words, from);
      const endMs = assignedEndMs(hold!, untilMs);
      writeTime(endMs, accepted.words, to + untilAt);
      attachRow(state, hold!, accepted.words, to);
      taken.add(hold!.allocation, hold!.quantity, endMs);
    }
  }
  if (accepted.count === 0) return nothing;
  const event: SkuEvent = {
    ...{ type: 'HoldsAttached', count: accepted.count, atMs: at },
    rows: accepted.bytes(),
  };
  return { code: 'ok', event, common: taken.inCommon() };
}

/** What the answers of attached holds are made of. */
class Taken {
  readonly #state: SkuState;
  readonly #allocations: Allocation[] = [];
  readonly #columns: number[] = [];

  constructor(state: SkuState) {
    this.#state = state;
  }

  add(allocation: Allocation, quantity: number, endMs: number): void {
    let sale = this.#allocations.indexOf(allocation);
    if (sale < 0) sale = this.#allocations.push(allocation) - 1;
    this.#columns.push(sale, quantity, endMs);
  }

  inCommon(): AttachedInCommon {
    const { sku, title, registration } = this.#state;
    const { sellerId, productId } = registration!;
    const sales = this.#allocations.map(({ saleId, price }) => ({ saleId, unitPrice: price }));
    return { sku, title, sellerId, productId, sales, columns: this.#columns };
  }
}

/** Decides CommitHold. */
export function commitRows(
  state: SkuState,
  { words, count }: Rows,
  at: Instant,
  answers: RowAnswers,
): Decided {
  const accepted = new EventRows(count, resolvedRowWords);
  let units = 0;
  for (let row = 0; row < count; row++) {
    const from = row * commitHold.rows.words;
    const hold = state.holds.getUuid(words, from + holdAt);
    const verdict = judgeCommit(hold, hold?.isOfOrder(words, from + orderAt) ?? false, at);
    if (verdict === 'repeat') answers.other(row, 'ok', null);
    else if (verdict !== 'apply') answers.other(row, verdict.code, null);
    else {
      answers.accept();
      commit(state, hold!, at);
      accepted.add(words, from);
      units += hold!.quantity;
    }
  }
  if (accepted.count === 0) return nothing;
  const event: SkuEvent = {
    ...{ type: 'HoldsCommitted', count: accepted.count, units, atMs: at },
    rows: accepted.bytes(),
  };
  return { code: 'ok', event, common: null };
}

/** Decides ReleaseHold. */
export function releaseRows(
  state: SkuState,
  { words, count }: Rows,
  at: Instant,
  answers: RowAnswers,
): Decided {
  const accepted = new EventRows(count, resolvedRowWords);
  const units = { voided: 0, returned: 0, freed: 0 };
  const freeBefore = new Map<Allocation, number>();
  for (let row = 0; row < count; row++) {
    const from = row * releaseHold.rows.words;
    const hold = state.holds.getUuid(words, from + holdAt);
    if (!isToRelease(hold, hold?.isOfOrder(words, from + orderAt) ?? false)) {
      answers.other(row, 'ok', null);
      continue;
    }
    const { allocation, quantity } = hold;
    if (!freeBefore.has(allocation)) freeBefore.set(allocation, freeOf(allocation));
    units[hold.state === 'committed' ? 'returned' : 'voided'] += quantity;
    if (!allocation.isOpen) units.freed += quantity;
    answers.accept();
    release(state, hold, at);
    accepted.add(words, from);
  }
  if (accepted.count === 0) return nothing;
  const event: SkuEvent = {
    ...{ type: 'HoldsReleased', count: accepted.count, ...units, atMs: at },
    rows: accepted.bytes(),
  };
  const pushes: Push[] = [];
  for (const [allocation, before] of freeBefore)
    pushes.push(...levelChange(state, allocation, before, freeOf(allocation)));
  return { code: 'ok', event, common: null, pushes };
}

const nothing: Decided = { code: 'ok', event: null, common: null };
