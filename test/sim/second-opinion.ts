/** How a SKU decides about holds, worked out anew and naively from the list of its holds. */
import {
  type AttachHold,
  attachHold,
  type CommitHold,
  commitHold,
  type HoldState,
  type PlaceHold,
  placeHold,
} from '../../src/actors/sku/commands.ts';
import type { SkuState } from '../../src/actors/sku/state.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { RowLayout, Rows } from '../../src/protocol/rows.ts';

/** The outcomes of a group's rows. */
export function naiveRows(state: SkuState, rows: Rows, at: number): Code[] {
  return rows.type === 'PlaceHold' ? naiveHolds(state, rows, at) : naiveAssignments(state, rows, at);
}

interface Seen {
  readonly buyerId: string;
  state: HoldState;
  orderId: string | null;
  endsAtMs: number;
}

/** What orders do with holds, one after the other: each sees what those before it did. */
function naiveAssignments(state: SkuState, rows: Rows, at: number): Code[] {
  const holds = new Map<string, Seen>();
  for (const { holdId, buyerId, state: is, orderId, expiresAtMs: endsAtMs } of state.holds.values())
    holds.set(holdId, { buyerId, state: is, orderId, endsAtMs });
  if (rows.type === 'AttachHold')
    return fieldsOf(rows, attachHold.rows).map((fields) => naiveAttach(holds, fields as AttachHold, at));
  return fieldsOf(rows, commitHold.rows).map((fields) => {
    const { holdId, orderId } = fields as CommitHold;
    const hold = holds.get(holdId);
    // An order may always give up.
    return rows.type === 'CommitHold' ? naiveCommit(hold, orderId, at) : naiveRelease(hold, orderId);
  });
}

function naiveAttach(holds: Map<string, Seen>, command: AttachHold, at: number): Code {
  const hold = holds.get(command.holdId);
  if (!hold || hold.buyerId !== command.buyerId) return 'not_found';
  if (isGone(hold, at)) return 'hold_expired';
  if (hold.state !== 'held') return hold.orderId === command.orderId ? 'ok' : 'hold_in_use';
  if (command.untilMs <= at) return 'hold_expired';
  const endsAtMs = Math.max(hold.endsAtMs, command.untilMs);
  Object.assign(hold, { state: 'committing', orderId: command.orderId, endsAtMs });
  return 'ok';
}

function naiveCommit(hold: Seen | undefined, orderId: string, at: number): Code {
  if (!hold) return 'not_found';
  if (isGone(hold, at)) return 'hold_expired';
  if (hold.state === 'held') return 'not_found';
  if (hold.orderId !== orderId) return 'hold_in_use';
  hold.state = 'committed';
  return 'ok';
}

function naiveRelease(hold: Seen | undefined, orderId: string): Code {
  const isLive = hold?.state === 'committing' || hold?.state === 'committed';
  if (hold && isLive && hold.orderId === orderId) hold.state = 'voided';
  return 'ok';
}

function isGone({ state, endsAtMs }: Seen, at: number): boolean {
  return state === 'voided' || state === 'expired' || (state !== 'committed' && endsAtMs <= at);
}

function fieldsOf({ words, count }: Rows, layout: RowLayout): object[] {
  return Array.from({ length: count }, (_, row) => layout.read(words, row * layout.words));
}

interface Taken {
  readonly holdId: string;
  readonly saleId: string;
  readonly buyerId: string;
  readonly quantity: number;
}

/** The outcomes of rows, one after the other: each sees what those before it took. */
function naiveHolds(state: SkuState, rows: Rows, at: number): Code[] {
  const taken: Taken[] = [];
  const saleId = rows.group.saleId!;
  return Array.from({ length: rows.count }, (_, row) => {
    const fields = placeHold.rows.read(rows.words, row * placeHold.rows.words);
    const command = { ...fields, type: 'PlaceHold', saleId } as PlaceHold;
    const code = naiveHold(state, command, at, taken);
    if (code === 'created') taken.push(command);
    return code;
  });
}

/** A hold's outcome, worked out anew from the list of holds and of those that the same group has taken. */
export function naiveHold(
  state: SkuState,
  command: PlaceHold,
  at: number,
  before: readonly Taken[] = [],
): Code {
  const { holdId, saleId, buyerId, quantity } = command;
  const all: Taken[] = before.slice();
  let known = before.find((hold) => hold.holdId === holdId);
  for (const hold of state.holds.values()) {
    const { buyerId: by, quantity: units, allocation } = hold;
    const same = { holdId: hold.holdId, saleId: allocation.saleId, buyerId: by, quantity: units };
    if (hold.holdId === holdId) known = same;
    if (hold.state !== 'voided' && hold.state !== 'expired') all.push(same);
  }
  if (known) {
    const isSame = known.buyerId === buyerId && known.quantity === quantity && known.saleId === saleId;
    return isSame ? 'ok' : 'exists_with_different';
  }
  if (quantity < 1) return 'validation_failed';
  const allocation = state.allocationBySale.get(saleId);
  if (!allocation) return 'unknown_sku';
  if (!allocation.isOpen) return 'sale_ended';
  if (allocation.isPaused) return 'sale_paused';
  if (command.admissionExpiresAtMs <= at) return 'admission_expired';
  const units = (of: (hold: Taken) => boolean) =>
    all.filter((hold) => hold.saleId === saleId && of(hold)).reduce((sum, hold) => sum + hold.quantity, 0);
  if (units((hold) => hold.buyerId === buyerId) + quantity > allocation.purchaseLimit)
    return 'purchase_limit';
  const free = allocation.quantity - units(() => true);
  if (quantity <= free) return 'created';
  return free === 0 ? 'sold_out' : 'insufficient_stock';
}
