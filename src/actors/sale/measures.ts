/** What operators see of a drop: who waits, who is inside, and whether it sold more than it had. */
import type { Measure } from '../../protocol/decider.ts';
import type { SaleState } from './state.ts';
import { oversoldUnits } from './view.ts';

export function saleMeasures(state: SaleState): Measure[] {
  const oversold = {
    name: 'doorbuster_oversold_units',
    help: 'Units sold or held beyond stock: must stay 0',
    labels: {},
    value: oversoldUnits(state),
  };
  // A sale that has not begun, or is over, would only be one more label.
  if (state.terms === null || (state.phase === 'ended' && state.active.size === 0)) return [oversold];
  const labels = { sale: state.saleId };
  return [
    {
      name: 'doorbuster_queue_length',
      help: 'Waiting tickets',
      labels,
      value: state.tickets.waitingCount,
    },
    {
      name: 'doorbuster_admissions_active',
      help: 'Admitted tickets',
      labels,
      value: state.active.size,
    },
    oversold,
  ];
}
