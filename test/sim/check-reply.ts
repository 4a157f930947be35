/**
 * What may be said, checked at the moment the shard lets it out: an answer or a push may show only what is durable,
 * that is, what the oracle knows by then.
 */

import type { OrderView } from '../../src/actors/order/commands.ts';
import { joinSale, reportStock, type TicketView } from '../../src/actors/sale/commands.ts';
import { attachHold, commitHold, type HoldView, placeHold } from '../../src/actors/sku/commands.ts';
import type { Code } from '../../src/protocol/codes.ts';
import type { AnyCommand, RowCommand } from '../../src/protocol/command.ts';
import type { Push } from '../../src/protocol/decider.ts';
import { type GroupAnswer, isRows, type Rows } from '../../src/protocol/rows.ts';
import type { World } from './world.ts';

const rule = 'nothing leaves before it is durable';

export function checkReply(
  world: World,
  kind: string,
  key: string,
  command: AnyCommand,
  code: Code,
  body: unknown,
): void {
  if (code !== 'ok' && code !== 'created') return;
  const fail = (why: string) =>
    world.fail(rule, `${kind}/${key} ${JSON.stringify(command)} -> ${code} ${JSON.stringify(body)}: ${why}`);
  if (kind === 'sku') {
    const stock = world.model.sku(key);
    const { type, adjustmentId, saleId } = command as {
      type: string;
      adjustmentId?: string;
      saleId?: string;
    };
    if (stock.onHand < 0) fail('the sku is not registered');
    if (type === 'AdjustStock' && !stock.adjustments.has(adjustmentId!)) fail('no such adjustment');
    if (type === 'OpenAllocation' && !stock.allocations.has(saleId!)) fail('nothing is set aside');
    if (isRows(command)) checkRows(world, key, command, body as GroupAnswer, fail);
    else if (body !== null && typeof body === 'object' && 'holdId' in body)
      checkHold(world, key, body as HoldView, fail);
  } else if (kind === 'sale') {
    if (isRows(command)) {
      if (command.type === 'ReportStock') checkReports(world, key, command, body as GroupAnswer, fail);
      else checkJoins(world, command, body as GroupAnswer, fail);
      return;
    }
    if (!world.model.sale(key).isCreated) fail('the sale is not created');
    if (body !== null && typeof body === 'object' && 'ticketNumber' in body)
      checkTicket(world, body as TicketView, fail);
  } else if (kind === 'order' && body !== null) {
    checkOrder(world, body as OrderView, fail);
  }
}

const accepts: Readonly<Record<string, RowCommand>> = {
  PlaceHold: placeHold,
  AttachHold: attachHold,
  CommitHold: commitHold,
};

/** What the rows of a group that were accepted say has happened. */
function checkRows(
  world: World,
  sku: string,
  rows: Rows,
  [, , others]: GroupAnswer,
  fail: (why: string) => void,
) {
  const layout = accepts[rows.type]?.rows;
  const isOther = new Set(others.map(([row]) => row));
  for (let row = 0; layout && row < rows.count; row++) {
    if (isOther.has(row)) continue;
    const { holdId } = layout.read(rows.words, row * layout.words) as { holdId: string };
    const hold = world.model.sku(sku).holds.get(holdId);
    const isDurable =
      rows.type === 'PlaceHold' ? hold : rows.type === 'AttachHold' ? hold?.orderId : hold?.wasCommitted;
    if (!isDurable) fail(`row ${row} is not durable`);
  }
}

/** Reports that were taken in are durable, or newer ones of their SKUs. */
function checkReports(
  world: World,
  saleId: string,
  { words, beside, count }: Rows,
  [, , others]: GroupAnswer,
  fail: (why: string) => void,
) {
  const isRefused = new Set(others.flatMap(([row, code]) => (code === 'ok' ? [] : [row])));
  for (let row = 0; row < count; row++) {
    if (isRefused.has(row)) continue;
    const { sku, seq } = reportStock.rows.read(words, row * reportStock.rows.words, beside);
    const heard = world.model.sale(saleId).reports.get(sku as string)?.seq ?? 0;
    if (heard < (seq as number)) fail(`row ${row} is not durable`);
  }
}

/** What a gateway will tell each buyer of the group. */
function checkJoins(
  world: World,
  { words, count }: Rows,
  [, common, others]: GroupAnswer,
  fail: (why: string) => void,
) {
  const { rows: layout } = joinSale;
  const otherByRow = new Map(others.map(([row, code, body]) => [row, code === 'ok' ? body : null]));
  let nth = 0;
  for (let row = 0; row < count; row++) {
    const view = otherByRow.has(row)
      ? otherByRow.get(row)
      : layout.view(common, layout.read(words, row * layout.words), nth++);
    if (view !== null) checkTicket(world, view as TicketView, fail);
  }
}

function checkHold(world: World, sku: string, view: HoldView, fail: (why: string) => void): void {
  const hold = world.model.sku(sku).holds.get(view.holdId);
  if (!hold) {
    fail('the hold is not durable');
    return;
  }
  if (hold.buyerId !== view.buyerId || hold.quantity !== view.quantity || hold.saleId !== view.saleId)
    fail('it is another hold');
  if (view.state === 'committing' && hold.orderId === null) fail('no order has it');
  if (view.state === 'committed' && !hold.wasCommitted) fail('it is not committed');
  if (view.state === 'voided' && hold.state !== 'voided') fail(`it is ${hold.state}`);
}

function checkTicket(world: World, view: TicketView, fail: (why: string) => void): void {
  const sale = world.model.sale(view.saleId);
  const ticket = sale.tickets[view.ticketNumber - 1];
  if (!ticket) {
    fail('the ticket is not durable');
    return;
  }
  if (ticket.ticketId !== view.ticketId || ticket.buyerId !== view.buyerId) fail('it is another ticket');
  if (view.status === 'admitted' && view.ticketNumber > sale.nowServing) fail('its turn has not come');
  if (view.status === 'left' && ticket.status !== 'left' && ticket.status !== 'completed')
    fail(`it is ${ticket.status}`);
}

function checkOrder(world: World, view: OrderView, fail: (why: string) => void): void {
  const order = world.model.order(view.orderId);
  if (view.version > order.version) fail(`version ${order.version} is durable`);
  if (view.status === 'confirmed' && !order.isCaptured) fail('it is not confirmed');
}

export function checkPush(world: World, push: Push): void {
  const fail = (why: string) => world.fail(rule, `push ${JSON.stringify(push)}: ${why}`);
  const body = push.body as Record<string, unknown> | null;
  if (push.type === 'order.updated') checkOrder(world, push.body as OrderView, fail);
  else if (body !== null && typeof body === 'object' && 'ticketNumber' in body)
    checkTicket(world, push.body as TicketView, fail);
}
