/**
 * The sku actor: the only writer of one SKU's stock. Who may hold, commit, void or return a unit is decided here
 * and nowhere else.
 *
 * 1. Conservation: onHand = available + held + sold after every event (sku-state.ts).
 * 2. A sale draws from its own allocation only; general stock and other sales never lose a unit to it.
 * 3. A hold resolves exactly once, and one whose deadline has come is over (sku-hold.ts, sku-tick.ts).
 * 4. No buyer ever has more live and bought units of a sale than its purchase limit.
 * 5. A known hold id, adjustment id or sale id is answered from memory; other content is `exists_with_different`.
 */

import type { Decider, RuntimeCommand } from '../../protocol/decider.ts';
import { attachHold, commitHold, releaseHold, retakeHold } from './assignment.ts';
import type { SkuCommand } from './commands.ts';
import type { SkuEvent } from './events.ts';
import { evolveSku } from './evolve.ts';
import type { SkuDecision } from './holds.ts';
import { placeHold, readHold, refuse, voidHold } from './holds.ts';
import { restoreSku, skuVersion, snapshotSku } from './snapshot.ts';
import type { SkuState } from './state.ts';
import { initialSku } from './state.ts';
import { adjustStock, changeSku, closeAllocation, openAllocation, readStock, registerSku } from './stock.ts';
import { deadline, tick } from './tick.ts';

export type { SkuState } from './state.ts';

function decide(state: SkuState, command: SkuCommand | RuntimeCommand, at: number): SkuDecision {
  switch (command.type) {
    case 'PlaceHold':
      return placeHold(state, command, at);
    case 'AttachHold':
      return attachHold(state, command, at);
    case 'CommitHold':
      return commitHold(state, command, at);
    case 'Answered':
      return reportAnswered(state, command);
    case 'Tick':
      return tick(state, at);
    case 'ReadStock':
      return readStock(state, at);
    case 'ReadHold':
      return readHold(state, command, at);
    case 'VoidHold':
      return voidHold(state, command, at);
    case 'ReleaseHold':
      return releaseHold(state, command, at);
    case 'RetakeHold':
      return retakeHold(state, command, at);
    case 'RegisterSku':
      return registerSku(state, command, at);
    case 'ChangeSku':
      return changeSku(state, command, at);
    case 'AdjustStock':
      return adjustStock(state, command, at);
    case 'OpenAllocation':
      return openAllocation(state, command, at);
    case 'CloseAllocation':
      return closeAllocation(state, command.saleId, at);
  }
}

/** A sale that does not exist (any more) needs no report either. */
function reportAnswered(state: SkuState, answer: Extract<RuntimeCommand, { type: 'Answered' }>): SkuDecision {
  if (answer.code !== 'ok' && answer.code !== 'not_found') return refuse('ok');
  for (const { saleId, report } of state.allocationBySale.values()) {
    if (report !== null && report.id === answer.id)
      return { code: 'ok', events: [{ type: 'ReportAcknowledged', saleId, seq: report.command.seq }] };
  }
  return refuse('ok');
}

export const skuDecider: Decider<SkuState, SkuCommand, SkuEvent> = {
  kind: 'sku',
  version: skuVersion,
  initial: initialSku,
  decide,
  evolve: evolveSku,
  pendingMessages: (state) => state.pending,
  deadline,
  snapshot: snapshotSku,
  restore: restoreSku,
  // Forgotten ids are not listed: a name that leads here and finds no hold is answered `not_found`.
  names: (event) => (event.type === 'HoldPlaced' ? { add: event.holdId } : null),
  allNames: (state) => state.holdById.keys(),
};
