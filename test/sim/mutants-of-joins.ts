/** What may be wrong with rows of a sale; see mutants.ts. */
import type { SaleState } from '../../src/actors/sale/state.ts';
import { TicketTable } from '../../src/actors/sale/ticket-table.ts';
import type { AnyDecider } from '../../src/protocol/decider.ts';

/** A buyer whom the same group has given a ticket is not known. */
export function forgetJoined(sale: AnyDecider): Partial<AnyDecider> {
  return {
    decideRows(state, rows, at, answers) {
      const { tickets } = state as SaleState;
      const { count } = tickets;
      tickets.newestOfUuid = (words, from) => {
        const newest = TicketTable.prototype.newestOfUuid.call(tickets, words, from);
        return newest <= count ? newest : 0;
      };
      const decision = sale.decideRows!(state, rows, at, answers);
      Reflect.deleteProperty(tickets, 'newestOfUuid');
      return decision;
    },
  };
}

/** Everybody of a group is told the number of who came next. */
export function nextNumber(sale: AnyDecider): Partial<AnyDecider> {
  return {
    decideRows(state, rows, at, answers) {
      const decision = sale.decideRows!(state, rows, at, answers);
      const common = decision.common as { first: number } | null;
      return common === null ? decision : { ...decision, common: { ...common, first: common.first + 1 } };
    },
  };
}

/** A report in a group counts whatever the sale has heard since. */
export function rehear(sale: AnyDecider): Partial<AnyDecider> {
  return {
    decideRows(state, rows, at, answers) {
      if (rows.type !== 'ReportStock') return sale.decideRows!(state, rows, at, answers);
      const items = [...(state as SaleState).items.values()];
      const heard = items.map(({ seq }) => seq);
      for (const item of items) item.seq = 0;
      const decision = sale.decideRows!(state, rows, at, answers);
      for (const [index, item] of items.entries()) item.seq ||= heard[index]!;
      return decision;
    },
  };
}
