/** What an inspected actor says of itself: asked as anybody would ask it, without a running shard. */
import type { OrderView } from '../actors/order/commands.ts';
import type { HoldView, StockView } from '../actors/sku/commands.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { Actor } from '../runtime/partition.ts';
import type { HoldEntry, OrderEntry, StockEntry } from './audit-entries.ts';

/** At a time before every deadline, so that the answer is the state and nothing else. */
function ask<View>({ decider, state }: Actor, command: AnyCommand): View | null {
  const { code, reply } = decider.decide(state, command, 0);
  if (code !== 'ok') return null;
  return (typeof reply === 'function' ? reply(state) : reply) as View;
}

/** null: the SKU was never registered. */
export function stockEntry(actor: Actor): StockEntry | null {
  const stock = ask<StockView>(actor, { type: 'ReadStock' });
  if (!stock) return null;
  const { sku, onHand, held, sold, allotted } = stock;
  const holds: HoldEntry[] = [];
  for (const holdId of actor.decider.allNames?.(actor.state) ?? []) {
    const command = { type: 'ReadHold', holdId, buyerId: null };
    const { quantity, state, orderId } = ask<HoldView>(actor, command)!;
    holds.push({ holdId, sku, quantity, state, orderId });
  }
  return { sku, onHand, held, sold, allotted, holds };
}

/** null: the order was never placed. */
export function orderEntry(actor: Actor): OrderEntry | null {
  const view = ask<OrderView>(actor, { type: 'ReadOrder', buyerId: null } as AnyCommand);
  if (!view) return null;
  const { decider, state } = actor;
  const isSettled =
    decider.pendingMessages(state).length === 0 && decider.deadline(state, 0) === Number.POSITIVE_INFINITY;
  return { view, isSettled };
}
