/** Drops as the API lists them. */
import type { Sale } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';

export const dropsPath = '/v1/sales?limit=100';

export interface DropPage {
  readonly items: readonly Sale[];
  readonly nextCursor: string | null;
}

export function readDrops(signal: AbortSignal, path = dropsPath): Promise<DropPage> {
  return get<DropPage>(path, signal);
}

export function unitsOf({ items }: Sale): number {
  return items.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** null: not known. */
export function unitsLeftOf({ items }: Sale): number | null {
  return items.reduce<number | null>(
    (sum, { left }) => (sum === null || left == null ? null : sum + left),
    0,
  );
}

/** The lowest one. */
export function priceOf({ items }: Sale) {
  return items.reduce(
    (least, { price }) => (price.amount < least.amount ? price : least),
    items[0]?.price ?? { amount: 0, currency: 'USD' },
  );
}

export function imageOf({ items }: Sale): string | null {
  return items.find(({ imageUrl }) => imageUrl)?.imageUrl ?? null;
}

/** Each kind in the order in which it matters: what is open, what opens next, what is over. */
export function sorted(drops: readonly Sale[]) {
  const openOrder = ['active', 'paused', 'sold_out'];
  const open = drops.filter(({ phase }) => openOrder.includes(phase));
  const next = drops.filter(({ phase }) => phase === 'scheduled' || phase === 'prequeue');
  const over = drops.filter((drop) => !open.includes(drop) && !next.includes(drop));
  return {
    open: open.toSorted(
      (a, b) =>
        openOrder.indexOf(a.phase) - openOrder.indexOf(b.phase) || b.startsAt.localeCompare(a.startsAt),
    ),
    next: next.toSorted((a, b) => a.startsAt.localeCompare(b.startsAt)),
    over: over.toSorted((a, b) => b.endsAt.localeCompare(a.endsAt)),
  };
}
