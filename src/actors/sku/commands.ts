/**
 * What a SKU can be asked, and what it answers. All times are engine milliseconds; the gateway turns them into
 * ISO 8601. A comment before a command lists its outcomes: the good ones, then its refusals in order of precedence.
 */
import { commandsTo, type Sent } from '../../protocol/command.ts';
import type { Money } from '../../protocol/money.ts';
import { time, u32, uuid } from '../../protocol/rows.ts';

const command = commandsTo('sku');

/** The rows of commands that an order gives about its hold and that are answered with a code. */
const holdOfOrder = { group: [], row: { holdId: uuid(), orderId: uuid('ord_') } } as const;
const nothing = () => null;

/** created | ok (same again) | exists_with_different | validation_failed. */
export const registerSku = command('RegisterSku')
  .takes<{
    productId: string;
    sellerId: string;
    title: string;
    price: Money;
    /** Initial units on hand, 0 or more. */
    stock: number;
  }>()
  .answers<StockView>();
export type RegisterSku = Sent<typeof registerSku>;

/** ok | not_found. Changes what the product page shows; open sales keep their own price. */
export const changeSku = command('ChangeSku')
  .takes<{
    title?: string;
    price?: Money;
  }>()
  .answers<StockView>();
export type ChangeSku = Sent<typeof changeSku>;

/** An account that acts for a seller, and the role that lets it. */
export interface Deputy {
  accountId: string;
  role: 'operator' | 'admin';
}

/**
 * created | ok (same id again) | not_found | forbidden | exists_with_different | validation_failed
 * | insufficient_stock {available} | busy.
 */
export const adjustStock = command('AdjustStock')
  .takes<{
    adjustmentId: string;
    /** Units added (or taken away when negative); never below what is held, sold or set aside for sales. */
    delta: number;
    reason: string;
    /** The owner, or null for an operator. */
    sellerId: string | null;
    /** Who does it in the owner's place. */
    by?: Deputy;
  }>()
  .answers<StockView>();
export type AdjustStock = Sent<typeof adjustStock>;

/** ok | not_found. */
export const readStock = command('ReadStock').takes<object>().answers<StockView>();
export type ReadStock = Sent<typeof readStock>;

/**
 * The catalogue has no product with this SKU any more: no new sale of it is made; stock, holds and sales that there
 * are go on. ok (also when done before) | not_found.
 */
export const retireSku = command('RetireSku').takes<object>().answers<StockView>();
export type RetireSku = Sent<typeof retireSku>;

/** The catalogue has the product again: new sales of it may be made. ok (also when it was never retired) | not_found. */
export const reinstateSku = command('ReinstateSku').takes<object>().answers<StockView>();
export type ReinstateSku = Sent<typeof reinstateSku>;

/**
 * Sets units aside for a sale. created | ok (same again) | exists_with_different | unknown_sku (also another seller's,
 * and a retired one) | validation_failed | insufficient_stock {available} | busy.
 */
export const openAllocation = command('OpenAllocation')
  .takes<{
    saleId: string;
    sellerId: string;
    quantity: number;
    price: Money;
    purchaseLimit: number;
    holdSeconds: number;
  }>()
  .answers<StockView>();
export type OpenAllocation = Sent<typeof openAllocation>;

/** Gives unsold, unheld units of a sale back to general stock; no hold of the sale is placed from now on. ok. */
export const closeAllocation = command('CloseAllocation')
  .takes<{
    saleId: string;
  }>()
  .answers<null>();
export type CloseAllocation = Sent<typeof closeAllocation>;

/** Whether the sale gives new holds. The greatest `revision` counts, an older one changes nothing. ok. */
export const pauseAllocation = command('PauseAllocation')
  .takes<{
    saleId: string;
    isPaused: boolean;
    /** 1, 2, 3 … per sale. */
    revision: number;
  }>()
  .answers<null>();
export type PauseAllocation = Sent<typeof pauseAllocation>;

/**
 * created | ok (same again) | exists_with_different | validation_failed | unknown_sku | sale_ended | sale_paused
 * | admission_expired | purchase_limit {limit, owned} | sold_out {available: 0} | insufficient_stock {available}.
 */
export const placeHold = command('PlaceHold')
  .takes<{
    holdId: string;
    saleId: string;
    buyerId: string;
    ticketNumber: number;
    quantity: number;
    admissionExpiresAtMs: number;
  }>()
  .inRows<PlacedInCommon, HoldView>({
    group: ['saleId'],
    row: {
      holdId: uuid(),
      buyerId: uuid('acc_'),
      ticketNumber: u32,
      quantity: u32,
      admissionExpiresAtMs: time,
    },
    view: (common, { holdId, saleId, buyerId, quantity }) => ({
      ...{ holdId, saleId, sku: common.sku, buyerId, quantity },
      ...{ unitPrice: common.unitPrice, state: 'held', expiresAtMs: common.expiresAtMs },
      ...{ title: common.title, sellerId: common.sellerId, productId: common.productId, orderId: null },
    }),
  });
export type PlaceHold = Sent<typeof placeHold>;

/** ok | not_found. A null `buyerId` reads any hold. */
export const readHold = command('ReadHold')
  .takes<{
    holdId: string;
    buyerId: string | null;
  }>()
  .answers<HoldView>();
export type ReadHold = Sent<typeof readHold>;

/** The buyer gives the hold back. ok (also when it has ended) | not_found | wrong_state (committed) | hold_in_use. */
export const voidHold = command('VoidHold')
  .takes<{
    holdId: string;
    buyerId: string;
  }>()
  .answers<HoldView>();
export type VoidHold = Sent<typeof voidHold>;

/**
 * An order takes a hold: it lives until `untilMs` at least and only this order can resolve it. ok | not_found
 * | hold_expired | hold_in_use. A hold that is free is refused as hold_expired, too, when `untilMs` has passed.
 */
export const attachHold = command('AttachHold')
  .takes<{
    holdId: string;
    buyerId: string;
    orderId: string;
    untilMs: number;
  }>()
  .inRows<AttachedInCommon, HoldView>({
    group: [],
    row: { holdId: uuid(), orderId: uuid('ord_'), untilMs: time, buyerId: uuid('acc_') },
    view: ({ sku, title, sellerId, productId, sales, columns }, { holdId, buyerId, orderId }, nth) => {
      const { saleId, unitPrice } = sales[columns[nth * 3]!]!;
      const [quantity, expiresAtMs] = [columns[nth * 3 + 1]!, columns[nth * 3 + 2]!];
      return {
        ...{ holdId, saleId, sku, buyerId, quantity, unitPrice, state: 'committing', expiresAtMs },
        ...{ title, sellerId, productId, orderId },
      };
    },
  });
export type AttachHold = Sent<typeof attachHold>;

/** ok (also when done before) | not_found | hold_expired | not_found (no order took it) | hold_in_use. */
export const commitHold = command('CommitHold')
  .takes<{
    holdId: string;
    orderId: string;
  }>()
  .inRows<null, null>({ ...holdOfOrder, view: nothing });
export type CommitHold = Sent<typeof commitHold>;

/** The order gives up: a hold assigned to it is voided, a committed one is returned to stock. ok (always safe to repeat). */
export const releaseHold = command('ReleaseHold')
  .takes<{
    holdId: string;
    orderId: string;
  }>()
  .inRows<null, null>({ ...holdOfOrder, view: nothing });
export type ReleaseHold = Sent<typeof releaseHold>;

/**
 * A paid order whose hold expired or was voided tries once more, under a new id. created | ok (same again)
 * | exists_with_different | not_found (no such ended hold of this order) | hold_expired (`untilMs` has passed)
 * | purchase_limit | sold_out | insufficient_stock.
 */
export const retakeHold = command('RetakeHold')
  .takes<{
    holdId: string;
    replaces: string;
    orderId: string;
    untilMs: number;
  }>()
  .answers<HoldView>();
export type RetakeHold = Sent<typeof retakeHold>;

/**
 * An order takes free stock for a cart's line: a hold of no sale, assigned to the order from the start; CommitHold, ReleaseHold and
 * RetakeHold are of it, too. created | ok (same again) | exists_with_different | validation_failed | unknown_sku (also a retired one)
 * | hold_expired (`untilMs` has passed) | only_in_sale {saleId} (all that is left is set aside for it) | sold_out {available: 0}
 * | insufficient_stock {available}.
 */
export const takeStock = command('TakeStock')
  .takes<{
    holdId: string;
    buyerId: string;
    orderId: string;
    quantity: number;
    untilMs: number;
  }>()
  .answers<HoldView>();
export type TakeStock = Sent<typeof takeStock>;

export interface StockView {
  sku: string;
  productId: string;
  sellerId: string;
  title: string;
  price: Money;
  /** onHand = available + allotted + held + sold, always. */
  onHand: number;
  held: number;
  sold: number;
  /** Set aside for sales, and neither held nor sold. */
  allotted: number;
  /** What a new sale or an adjustment may take. */
  available: number;
  asOfMs: number;
}

/** What all holds that one group of rows places have in common. */
export type PlacedInCommon = Pick<
  HoldView,
  'sku' | 'unitPrice' | 'expiresAtMs' | 'title' | 'sellerId' | 'productId'
>;

/** What the holds that one group assigns to orders have in common. */
export interface AttachedInCommon extends Pick<HoldView, 'sku' | 'title' | 'sellerId' | 'productId'> {
  readonly sales: { readonly saleId: string; readonly unitPrice: Money }[];
  /** Three numbers a hold: which of the sales, quantity, end. */
  readonly columns: number[];
}

/**
 * `committing`: an order took the hold and has not committed it yet. An order that is itself `committing` has its
 * authorisation and commits the holds of all its lines.
 */
export type HoldState = 'held' | 'committing' | 'committed' | 'voided' | 'expired';

export interface HoldView {
  holdId: string;
  /** null: an order took it from free stock, for a cart's line. */
  saleId: string | null;
  sku: string;
  buyerId: string;
  quantity: number;
  unitPrice: Money;
  state: HoldState;
  expiresAtMs: number;
  title: string;
  sellerId: string;
  productId: string;
  orderId: string | null;
}

export type SkuCommands =
  | typeof registerSku
  | typeof changeSku
  | typeof adjustStock
  | typeof readStock
  | typeof retireSku
  | typeof reinstateSku
  | typeof openAllocation
  | typeof closeAllocation
  | typeof pauseAllocation
  | typeof placeHold
  | typeof readHold
  | typeof voidHold
  | typeof attachHold
  | typeof commitHold
  | typeof releaseHold
  | typeof retakeHold
  | typeof takeStock;
export type SkuCommand = Sent<SkuCommands>;
