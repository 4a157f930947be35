/**
 * The sale actor: the waiting room of one drop. It decides which buyers are admitted and when; the sku actors decide
 * about the units.
 *
 * 1. Tickets are released in the order of their numbers, never another.
 * 2. At any time no more are admitted than `activeLimit`, nor than units that could still be sold (times
 *    `overAdmission`), nor faster than `releasePerSecond`.
 * 3. One live ticket per buyer; joining again, or repeating a join by its `requestId`, gives the same ticket.
 * 4. Stock is known from the sku actors' numbered reports; an old or repeated report changes nothing.
 * 5. When a sale ends no new hold is placed, and units that nobody holds or bought are free again.
 */
import { type Decider, dispatch, type Instant, type RuntimeCommand, refuse } from '../../protocol/decider.ts';
import { answered } from './answers.ts';
import type { SaleCommand, SaleCommands } from './commands.ts';
import type { SaleEvent } from './events.ts';
import { evolveSale } from './evolve.ts';
import { joinRows } from './issued-rows.ts';
import { saleMeasures } from './measures.ts';
import { pendingMessages } from './pending.ts';
import { reportRows } from './reported-rows.ts';
import {
  changeSale,
  closeSale,
  createSale,
  pauseSale,
  readSale,
  readSaleChanges,
  readSaleStatus,
  resumeSale,
} from './seller.ts';
import { restoreSale, saleVersion, snapshotSale } from './snapshot.ts';
import { initialSale, type SaleState } from './state.ts';
import { report } from './stock.ts';
import { deadline, tick } from './tick.ts';
import { join, leave, readTicket, readTickets } from './tickets.ts';

const handle = dispatch<SaleState, SaleCommands, SaleEvent>({
  CreateSale: createSale,
  ReadSale: readSale,
  ReadSaleStatus: readSaleStatus,
  ReadSaleChanges: readSaleChanges,
  ChangeSale: changeSale,
  PauseSale: pauseSale,
  ResumeSale: resumeSale,
  CloseSale: closeSale,
  JoinSale: join,
  ReadTicket: readTicket,
  ReadTickets: readTickets,
  LeaveSale: leave,
  ReportStock: report,
  Tick: tick,
  Answered: answered,
});

const rowsDecider: Readonly<
  Record<string, NonNullable<Decider<SaleState, SaleCommand, SaleEvent>['decideRows']>>
> = { JoinSale: joinRows, ReportStock: reportRows };

function decide(state: SaleState, command: SaleCommand | RuntimeCommand, at: Instant) {
  if (state.terms === null && command.type !== 'CreateSale') return refuse('not_found');
  return handle(state, command, at);
}

export const saleDecider: Decider<SaleState, SaleCommand, SaleEvent> = {
  kind: 'sale',
  version: saleVersion,
  initial: initialSale,
  decide,
  decideRows: (state, rows, at, answers) => rowsDecider[rows.type]!(state, rows, at, answers),
  evolve: evolveSale,
  pendingMessages,
  deadline,
  snapshot: snapshotSale,
  restore: restoreSale,
  gauges: saleMeasures,
};
