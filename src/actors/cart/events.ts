/**
 * What happened: the journal's records and the only input of `evolve`. Shapes are pinned by golden files; a change
 * of meaning is a new type, never a new reading of an old one. `atMs` is engine time.
 */
import type { Money } from '../../protocol/money.ts';
import type { CartContent, CartGoods, CartLine, ExchangeRates } from './commands.ts';

export type CartEvent =
  /** The cart has a currency from now on, and these rates into it; `isChosen`: by its buyer, not by its first line. */
  | { type: 'CartCurrencySet'; currency: string; rates: ExchangeRates; isChosen: boolean; atMs: number }
  /** `priceAtAdd` counts for a new line only. */
  | {
      type: 'CartItemAdded';
      goods: CartGoods;
      priceAtAdd: Money;
      quantity: number;
      additionId: string | null;
      atMs: number;
    }
  | { type: 'CartQuantitySet'; sku: string; quantity: number; atMs: number }
  | { type: 'CartItemRemoved'; sku: string; atMs: number }
  | { type: 'CartEmptied'; reason: 'buyer' | 'expired'; atMs: number }
  | { type: 'CartForgotten'; atMs: number }
  | { type: 'CartCouponAdded'; code: string; atMs: number }
  | { type: 'CartCouponRemoved'; code: string; atMs: number }
  | { type: 'CartHandedOver'; toAccountId: string; content: CartContent; atMs: number }
  /** The other cart has it. */
  | { type: 'CartHandoverTaken'; mergeId: string; atMs: number }
  /** The lines as they are afterwards. */
  | {
      type: 'CartMerged';
      mergeId: string;
      lines: readonly CartLine[];
      couponCodes: readonly string[];
      atMs: number;
    }
  | { type: 'CartQuoteSaved'; quoteId: string; body: unknown; expiresAtMs: number; atMs: number }
  | { type: 'CartQuoteUsed'; quoteId: string; orderId: string; atMs: number }
  | {
      type: 'CartItemsOrdered';
      orderId: string;
      lines: readonly { readonly sku: string; readonly quantity: number }[];
      atMs: number;
    };
