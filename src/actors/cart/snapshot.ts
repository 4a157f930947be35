/** The cart's saved form, version 1: its state as it is, lines as a list, without the messages that follow from it. */
import type { CartLine } from './commands.ts';
import { type CartState, initialCart, pendingMessagesOf } from './state.ts';

export const cartVersion = 1;

type Saved = Omit<CartState, 'accountId' | 'lineBySku' | 'pending'> & { readonly lines: readonly CartLine[] };

export function snapshotCart({ accountId: _, lineBySku, pending: __, ...kept }: CartState): Saved {
  return structuredClone({ ...kept, lines: [...lineBySku.values()] });
}

export function restoreCart(accountId: string, snapshot: unknown, version: number): CartState {
  if (version !== cartVersion) throw new Error(`unknown version ${version} of a cart snapshot`);
  const { lines, ...kept } = structuredClone(snapshot as Saved);
  return {
    ...initialCart(accountId),
    ...kept,
    lineBySku: new Map(lines.map((line) => [line.sku, line])),
    pending: pendingMessagesOf(kept),
  };
}
