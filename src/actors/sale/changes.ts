/** Who did what to a sale: from the events that say who. Records of before say nothing, and are no entries. */
import type { Queueing, SaleChange } from './commands.ts';
import type { SaleEvent } from './events.ts';
import type { SaleState } from './state.ts';

/** The oldest are forgotten first; the journal has had them all. */
const changesMax = 100;

type SteeringEvent = Extract<SaleEvent, { type: 'SaleChanged' | 'SalePaused' | 'SaleResumed' | 'SaleEnded' }>;

const whatByType = {
  SaleChanged: 'rates',
  SalePaused: 'paused',
  SaleResumed: 'resumed',
  SaleEnded: 'closed',
} as const;

/** `state` is as it was before the event. */
export function noteChange({ changes, queueing }: SaleState, event: SteeringEvent): void {
  const { type, by, atMs } = event;
  if (by === undefined) return;
  const change: SaleChange = { what: whatByType[type], atMs, by };
  if (event.type === 'SalePaused') change.holds = event.holds ?? false;
  if (event.type === 'SaleChanged') {
    change.rates = changedRates(queueing, event.queueing);
    if (Object.keys(change.rates).length === 0) return;
  }
  changes.push(change);
  if (changes.length > changesMax) changes.shift();
}

function changedRates(before: Queueing, after: Queueing): NonNullable<SaleChange['rates']> {
  const { method: _, ...rates } = after;
  const changed: NonNullable<SaleChange['rates']> = {};
  for (const name of Object.keys(rates) as (keyof typeof rates)[]) {
    const [was, is] = [before[name] ?? null, after[name] ?? null];
    if (was !== is) changed[name] = [was, is];
  }
  return changed;
}
