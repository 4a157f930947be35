/**
 * The promises to a buyer, each checked from outside: from the crowd's own ledger, what a second reading says, the
 * public stock figures and the payment provider's ledger. Pure: evidence in, verdicts out. Here are the list and the
 * promises about units; those about places and about money have files of their own.
 */
import { confirmedOrders, type Evidence, units, unitsBySku, type Verdict } from './evidence.ts';
import { numbersUnchanged, oneTicketPerBuyer, placesHonoured } from './queue-promises.ts';
import {
  confirmedIsPaid,
  holdsAccountedFor,
  oneCaptureEach,
  oneUnitPerBuyer,
  ordersKept,
} from './till-promises.ts';

export function checkPromises(evidence: Evidence): Verdict[] {
  return [
    notOversold(evidence),
    soldIsConfirmed(evidence),
    ordersKept(evidence),
    confirmedIsPaid(evidence),
    oneCaptureEach(evidence),
    oneUnitPerBuyer(evidence),
    oneTicketPerBuyer(evidence),
    numbersUnchanged(evidence),
    placesHonoured(evidence),
    holdsAccountedFor(evidence),
    soldWhileTicketsRemain(evidence),
  ];
}

/** Units sold beyond those offered, by the shop's figures or by the buyers' orders, whichever is worse. */
export function oversoldUnits(evidence: Evidence): number {
  let oversold = evidence.oversoldReported;
  const confirmed = unitsBySku(confirmedOrders(evidence));
  let beyond = 0;
  for (const { sku, offered, sold, saleSold } of evidence.stock)
    beyond += Math.max(0, sold - offered, saleSold - offered, (confirmed.get(sku) ?? 0) - offered);
  oversold = Math.max(oversold, beyond);
  return oversold;
}

export function soldUnits(evidence: Evidence): number {
  return evidence.stock.reduce((sum, { sold }) => sum + sold, 0);
}

function notOversold(evidence: Evidence): Verdict {
  const oversold = oversoldUnits(evidence);
  const astray = evidence.stock.filter(
    ({ offered, onHand, held, sold, allotted, available }) =>
      onHand !== offered ||
      onHand !== available + allotted + held + sold ||
      Math.min(available, allotted, held, sold) < 0,
  ).length;
  const offered = evidence.stock.reduce((sum, stock) => sum + stock.offered, 0);
  return {
    name: 'no unit is sold twice, none is lost',
    isKept: oversold === 0 && astray === 0,
    detail: `${soldUnits(evidence)} of ${offered} units sold, ${oversold} oversold, ${astray} of ${evidence.stock.length} SKUs out of balance`,
  };
}

function soldIsConfirmed(evidence: Evidence): Verdict {
  const confirmed = confirmedOrders(evidence);
  const bySku = unitsBySku(confirmed);
  const off = evidence.stock.filter(
    ({ sku, sold, saleSold }) => sold !== saleSold || sold !== (bySku.get(sku) ?? 0),
  ).length;
  const saleSold = evidence.stock.reduce((sum, stock) => sum + stock.saleSold, 0);
  return {
    name: 'units sold = confirmed orders',
    isKept: off === 0,
    detail: `stock says ${soldUnits(evidence)}, the sale ${saleSold}, orders ${units(confirmed)}; ${off} SKUs differ`,
  };
}

function soldWhileTicketsRemain(evidence: Evidence): Verdict {
  const left = evidence.stock.reduce((sum, stock) => sum + stock.offered - stock.sold, 0);
  const waiting = evidence.tickets.filter(
    ({ reread }) => typeof reread === 'object' && reread.status === 'waiting',
  ).length;
  return {
    name: 'all units are sold while tickets remain',
    isKept: left <= 0 || waiting === 0,
    detail: `${Math.max(0, left)} units left, ${waiting} tickets still waiting`,
  };
}
