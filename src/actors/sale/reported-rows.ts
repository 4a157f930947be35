/**
 * Reports in rows: those of many SKUs are taken in together, in one decision and one event (protocol/rows.ts). A row is
 * judged by what judges a report that comes alone (stock.ts), after the rows before it were applied.
 */
import type { Instant, RowsDecision } from '../../protocol/decider.ts';
import type { RowAnswers, Rows } from '../../protocol/rows.ts';
import { type ReportStock, reportStock } from './commands.ts';
import type { SaleEvent, StockRow } from './events.ts';
import { takeRow } from './evolve.ts';
import type { SaleState } from './state.ts';
import { type Claim, claimsBefore, reportPushes, turnOf, verdictOn } from './stock.ts';
import { unitsInPlay } from './view.ts';

const { rows: layout } = reportStock;

/** Decides ReportStock for the rows of a group. */
export function reportRows(
  state: SaleState,
  { words, beside, count }: Rows,
  at: Instant,
  answers: RowAnswers,
): RowsDecision<SaleEvent> {
  const { phase } = state;
  const reports: StockRow[] = [];
  const claims: Claim[] = [];
  for (let row = 0; row < count; row++) {
    const report = layout.read(words, row * layout.words, beside) as unknown as Omit<ReportStock, 'type'>;
    const verdict = verdictOn(state, report);
    if (verdict !== 'apply') {
      answers.other(row, verdict, null);
      continue;
    }
    answers.accept();
    const { sku, seq, available, held, sold, tickets } = report;
    claims.push(...claimsBefore(state, tickets));
    const taken: StockRow = [sku, seq, available, held, sold, tickets];
    takeRow(state, taken, at);
    reports.push(taken);
  }
  if (reports.length === 0) return { code: 'ok', event: null, common: null };
  return {
    ...{ code: 'ok', common: null },
    event: { type: 'StocksReported', reports, atMs: at },
    more: turnOf(state, unitsInPlay(state), at),
    pushes: () => reportPushes(state, phase, claims, at),
  };
}
