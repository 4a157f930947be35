/** Drops as the API lists them. Fields that came later are missing where an earlier server answers. */
import type { Sale } from '../../market/sales/schemas.ts';
import { get } from '../api.ts';

interface Later {
  readonly title?: string;
  readonly imageUrl?: string | null;
  readonly left?: number | null;
  readonly onHold?: number | null;
}

export type Drop = Omit<Sale, 'items'> & { readonly items: readonly (Sale['items'][number] & Later)[] };

export interface DropPage {
  readonly items: readonly Drop[];
  readonly nextCursor: string | null;
}

export function readDrops(signal: AbortSignal, query = 'limit=100'): Promise<DropPage> {
  return get<DropPage>(`/v1/sales?${query}`, signal);
}

export function unitsOf({ items }: Drop): number {
  return items.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** null: not known. */
export function unitsLeftOf({ items }: Drop): number | null {
  return items.reduce<number | null>(
    (sum, { left }) => (sum === null || left == null ? null : sum + left),
    0,
  );
}

/** The lowest one. */
export function priceOf({ items }: Drop) {
  return items.reduce(
    (least, { price }) => (price.amount < least.amount ? price : least),
    items[0]?.price ?? { amount: 0, currency: 'USD' },
  );
}

export function imageOf({ items }: Drop): string | null {
  return items.find(({ imageUrl }) => imageUrl)?.imageUrl ?? null;
}

/** Each kind in the order in which it matters: what is open, what opens next, what is over. */
export function sorted(drops: readonly Drop[]) {
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
