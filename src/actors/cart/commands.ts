/**
 * What a cart can be asked. One cart an account: its key is the account's id. All times are engine milliseconds. A
 * comment before a command lists its outcomes: the good ones, then its refusals in order of precedence. `versions`: those
 * of the cart that the change may be based on (`stale_version` otherwise); null, or absent: any.
 */
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';

const command = commandsTo('cart');

interface Versioned {
  versions?: readonly string[] | null;
}

/** How much of the cart's currency one of another is worth: decimals, by the other's code; major units of both. */
export type ExchangeRates = Readonly<Record<string, string>>;

/** What is put into a cart, as the catalogue shows it now. */
export interface CartGoods {
  sku: string;
  productId: string;
  sellerId: string;
  title: string;
  imageUrl: string | null;
}

export interface CartLine extends CartGoods {
  quantity: number;
  /** Of one unit, in the cart's currency, when the line was first added. */
  priceAtAdd: Money;
  addedAtMs: number;
}

export interface CartView {
  accountId: string;
  /** null while the cart has none: nobody chose one, and it is empty. */
  currency: string | null;
  /** Of other currencies into the cart's, as they were when it got its currency. */
  rates: ExchangeRates;
  /** In the order of adding. */
  lines: readonly CartLine[];
  couponCodes: readonly string[];
  /** Counts up with every change; goes on when the cart is emptied. */
  version: number;
  /** 30 days after the last change; null while there is nothing to forget. */
  expiresAtMs: number | null;
}

/** ok; of a cart that is over, and of one that never was: an empty one. */
export const readCart = command('ReadCart').takes<object>().answers<CartView>();

/**
 * Adds units to a line, or a line. ok (also when this addition was made before) | stale_version | no_exchange_rate |
 * quantity_limit {limit} | cart_full {limit}.
 */
export const addToCart = command('AddToCart')
  .takes<
    Versioned & {
      /** Of a repeat that must add nothing: the last 20 are remembered. null: each request adds. */
      additionId: string | null;
      goods: CartGoods;
      /** Of one unit. The first is the price proper; the others are those of its price list. */
      prices: readonly Money[];
      quantity: number;
      /** Into the first price's currency: locked when this makes the cart. */
      rates: ExchangeRates;
    }
  >()
  .answers<CartView>();
export type AddToCart = Sent<typeof addToCart>;

/** ok | stale_version | not_found (no such line) | quantity_limit {limit}. */
export const setQuantity = command('SetQuantity')
  .takes<Versioned & { sku: string; quantity: number }>()
  .answers<CartView>();
export type SetQuantity = Sent<typeof setQuantity>;

/** ok (also when there is no such line) | stale_version. */
export const removeFromCart = command('RemoveFromCart')
  .takes<Versioned & { sku: string }>()
  .answers<CartView>();
export type RemoveFromCart = Sent<typeof removeFromCart>;

/** Lines, codes and the chosen currency go. ok | stale_version. */
export const emptyCart = command('EmptyCart').takes<Versioned>().answers<CartView>();
export type EmptyCart = Sent<typeof emptyCart>;

/** The account is erased: nothing of its cart is kept, quotes included. ok. */
export const forgetCart = command('ForgetCart').takes<object>().answers<null>();

/** `rates` are into `currency`. ok | stale_version | cart_not_empty. */
export const setCurrency = command('SetCurrency')
  .takes<Versioned & { currency: string; rates: ExchangeRates }>()
  .answers<CartView>();
export type SetCurrency = Sent<typeof setCurrency>;

/** The code is judged by whoever sends it. ok (also when it is there) | stale_version | coupon_not_applicable {reason}. */
export const addCoupon = command('AddCoupon').takes<Versioned & { code: string }>().answers<CartView>();
export type AddCoupon = Sent<typeof addCoupon>;

/** ok (also when it is not there) | stale_version. */
export const removeCoupon = command('RemoveCoupon').takes<Versioned & { code: string }>().answers<CartView>();
export type RemoveCoupon = Sent<typeof removeCoupon>;

/** What one cart gives to another. */
export interface CartContent {
  /** Names the giving: a repeat changes nothing. */
  mergeId: string;
  currency: string;
  rates: ExchangeRates;
  lines: readonly CartLine[];
  couponCodes: readonly string[];
}

/**
 * A guest's cart goes to the account that the guest signs in to: it is emptied, and sends its content by itself until
 * that cart has it. The answer is what is on its way, or null. ok.
 */
export const handOverCart = command('HandOverCart')
  .takes<{ toAccountId: string; mergeId: string }>()
  .answers<CartContent | null>();
export type HandOverCart = Sent<typeof handOverCart>;

/**
 * Takes in what another cart had: quantities of a SKU add up to 99, lines to 100; what is beyond is left out, and so is
 * what no rate leads to from the other cart's currency. ok (repeats too).
 */
export const mergeCart = command('MergeCart').takes<CartContent>().answers<CartView>();
export type MergeCart = Sent<typeof mergeCart>;

/** Keeps what a quote promises: 5 live ones, the oldest goes. ok (repeats too) | validation_failed (over 64 KiB). */
export const saveQuote = command('SaveQuote')
  .takes<{ quoteId: string; body: unknown; expiresAtMs: number }>()
  .answers<null>();
export type SaveQuote = Sent<typeof saveQuote>;

/**
 * Takes the quote for one order. ok (the same order again, too, however late) | not_found (unknown, or over) |
 * wrong_state {orderId} (it is another order's).
 */
export const useQuote = command('UseQuote')
  .takes<{ quoteId: string; orderId: string }>()
  .answers<{ body: unknown }>();
export type UseQuote = Sent<typeof useQuote>;

/** An order of the cart is confirmed: these units are not in the cart any more. ok (repeats too). */
export const cartOrdered = command('CartOrdered')
  .takes<{ orderId: string; lines: readonly { sku: string; quantity: number }[] }>()
  .answers<null>();
export type CartOrdered = Sent<typeof cartOrdered>;

export type CartCommands =
  | typeof readCart
  | typeof addToCart
  | typeof setQuantity
  | typeof removeFromCart
  | typeof emptyCart
  | typeof forgetCart
  | typeof setCurrency
  | typeof addCoupon
  | typeof removeCoupon
  | typeof handOverCart
  | typeof mergeCart
  | typeof saveQuote
  | typeof useQuote
  | typeof cartOrdered;
export type CartCommand = Sent<CartCommands>;
